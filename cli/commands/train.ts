/** `train`: dense, soft and hard phase by a run configuration. */
import { warningsOf } from '../../data/metrics/scores.js';
import { planTraining, train } from '../../index.js';
import { duration } from '../../util/duration.js';
import { UsageError } from '../../util/errors.js';
import { onInterrupt } from '../../util/interrupt.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { fractions, optional, wholeNumber } from '../options.js';
import { backendOption } from '../model-options.js';
import { print, printJson, printTable } from '../output.js';
import { evaluationJson, printScores } from '../print-evaluation.js';
import { ownDataOptions } from '../own-data-options.js';
import { trainingDisplay } from '../training-display.js';

type TrainOptions = OptionsOf<typeof OPTIONS>;

const OWN_OPTIONS = [
  'dev',
  'devShare',
  'text',
  'textPair',
  'label',
  'labels',
  'format',
  'maxBadRows',
] as const;

function checkOptions(options: TrainOptions): void {
  const { train: own, config } = options;
  if (own === undefined && config === undefined)
    throw new UsageError('train: expected --train FILE or --config FILE');
  const given =
    OWN_OPTIONS.find((name) => options[name] !== undefined) ??
    (options.regression ? 'regression' : undefined);
  if (own === undefined && given !== undefined)
    throw new UsageError(`train: ${given}: expected --train, a file of one's own`);
}

/** `--dry-run` */
async function showPlan(options: TrainOptions): Promise<void> {
  const plan = await planTraining({ ...options, listener: { note } });
  if (options.json) return printJson(plan);
  printTable(
    ['phase', 'epochs', 'examples', 'steps', "teachers' answers", 'about'],
    plan.phases.map(({ phase, epochs, examples, steps, answers, seconds }) => [
      phase,
      epochs,
      examples,
      steps,
      answers === 0 ? '' : answers,
      duration(seconds),
    ]),
  );
  print(`about ${duration(plan.seconds)} on this machine, evaluations not counted; nothing was written`);
}

async function run(options: TrainOptions): Promise<void> {
  checkOptions(options);
  if (options.dryRun) return showPlan(options);
  const display = trainingDisplay();
  const interruption = new AbortController();
  const resume = options.resumeIfBegun ? 'if-begun' : options.resume;
  const finished = train({ ...options, resume, listener: display, signal: interruption.signal });
  const forget = onInterrupt(async () => {
    interruption.abort();
    await finished.catch((error: Error) => note(error.message));
  });
  try {
    const { checkpoint, evaluation } = await finished;
    if (options.json) return printJson({ checkpoint, ...evaluationJson(evaluation) });
    print(`${checkpoint}, on the development set:`);
    printScores(evaluation);
    print(`  tokens kept per layer: ${evaluation.keptRatio.map((share) => share.toFixed(2)).join(' ')}`);
    for (const warning of warningsOf(evaluation)) print(warning);
  } finally {
    forget();
    display.stop();
  }
}

const OPTIONS = {
  config: { type: 'string', describe: 'Run configuration (YAML); not needed with --train' },
  ...ownDataOptions,
  task: {
    type: 'string',
    describe: 'GLUE task; with --train the name of your own, by default that of the file',
  },
  model: {
    type: 'string',
    describe: 'Pretrained checkpoint: a directory, or a name on the hub',
  },
  data: { type: 'string', describe: "Folder with GLUE's TSV files" },
  out: { type: 'string', describe: 'Folder of the run' },
  keep: {
    type: 'string',
    describe:
      'Target share of token-layers that stay, 0 to 1: lambda is adapted to reach it; or 1,0.9,0.5…: of tokens that stay, one for every layer but the last (masks.keep)',
    requiresArg: true,
    coerce: fractions('keep'),
  },
  mode: {
    choices: ['none', 'prune', 'prune-reduce'] as const,
    describe: 'Learn no thresholds, those that prune, or both kinds (masks.mode)',
  },
  resume: { type: 'boolean', default: false, describe: 'Go on from the last checkpoint' },
  'resume-if-begun': {
    type: 'boolean',
    default: false,
    describe:
      'Go on if the folder has a checkpoint, begin otherwise: the same command can be given again and again',
  },
  'from-fine-tuned': {
    type: 'string',
    describe:
      'Adapt this fine-tuned model to private inference by its own answers to the texts of --train; labels are not read',
  },
  'class-weights': {
    choices: ['none', 'balanced'] as const,
    describe: 'Rows of rare classes weigh more in the loss (classWeights)',
  },
  select: {
    choices: ['best', 'last'] as const,
    describe: 'End a phase with its best model on the dev set, or with the last one (select)',
  },
  patience: {
    type: 'string',
    describe: 'End a phase after N evaluations that were no better (patience)',
    coerce: optional(wholeNumber('patience', 1)),
  },
  tensorboard: {
    type: 'boolean',
    default: false,
    describe: 'Write event files to OUT/tensorboard',
  },
  'dry-run': {
    type: 'boolean',
    default: false,
    describe: 'Say what would be done, and about how long it takes; write nothing',
  },
  overwrite: {
    type: 'boolean',
    default: false,
    describe: 'Replace the run in --out; a finished one is kept until the new one is finished',
  },
  set: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'key=value over the configuration, for example masks.lambda=0.2',
  },
  backend: backendOption,
  json: {
    type: 'boolean',
    default: false,
    describe: 'The result as JSON',
  },
} as const;

export const command = defineCommand({
  command: 'train',
  describe: 'Train a classifier with learned pruning thresholds',
  options: OPTIONS,
  handler: run,
});
