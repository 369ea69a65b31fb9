/** `train`: dense, soft and hard phase by a run configuration. */
import type { Argv } from 'yargs';
import type { FileFormat } from '../../config/schema.js';
import { warningsOf } from '../../data/metrics/scores.js';
import { train } from '../../index.js';
import { UsageError } from '../../util/errors.js';
import { onInterrupt } from '../../util/interrupt.js';
import { note } from '../../util/note.js';
import type { Command, GlobalOptions } from '../command.js';
import { fractions, optional, wholeNumber } from '../options.js';
import { print, printJson } from '../output.js';
import { evaluationJson, printScores } from '../print-evaluation.js';
import { ownDataOptions } from '../own-data-options.js';
import { trainingDisplay } from '../training-display.js';

interface TrainOptions {
  readonly config?: string | undefined;
  readonly train?: string | undefined;
  readonly dev?: string | undefined;
  readonly devShare?: number | undefined;
  readonly text?: string | undefined;
  readonly textPair?: string | undefined;
  readonly label?: string | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly format?: FileFormat | undefined;
  readonly maxBadRows?: number | undefined;
  readonly regression: boolean;
  readonly task?: string;
  readonly model?: string;
  readonly data?: string;
  readonly out?: string;
  readonly keep?: number | readonly number[];
  readonly mode?: 'none' | 'prune' | 'prune-reduce';
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly fromFineTuned?: string | undefined;
  readonly classWeights?: 'none' | 'balanced';
  readonly select?: 'best' | 'last';
  readonly patience?: number | undefined;
  readonly tensorboard: boolean;
  readonly set: readonly string[];
  readonly backend: 'auto' | 'native' | 'tensorflow' | 'cpu';
  readonly json: boolean;
}

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

async function run(options: TrainOptions): Promise<void> {
  checkOptions(options);
  const display = trainingDisplay();
  const interruption = new AbortController();
  const finished = train({ ...options, listener: display, signal: interruption.signal });
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

export const command: Command<TrainOptions> = {
  command: 'train',
  describe: 'Train a classifier with learned pruning thresholds',
  builder: (yargs) =>
    yargs
      .option('config', { type: 'string', describe: 'Run configuration (YAML); not needed with --train' })
      .options(ownDataOptions)
      .option('task', {
        type: 'string',
        describe: 'GLUE task; with --train the name of your own, by default that of the file',
      })
      .option('model', {
        type: 'string',
        describe: 'Pretrained checkpoint: a directory, or a name on the hub',
      })
      .option('data', { type: 'string', describe: "Folder with GLUE's TSV files" })
      .option('out', { type: 'string', describe: 'Folder of the run' })
      .option('keep', {
        type: 'string',
        describe:
          'Target share of token-layers that stay, 0 to 1: lambda is adapted to reach it; or 1,0.9,0.5…: of tokens that stay, one for every layer but the last (masks.keep)',
        requiresArg: true,
        coerce: fractions('keep'),
      })
      .option('mode', {
        choices: ['none', 'prune', 'prune-reduce'] as const,
        describe: 'Learn no thresholds, those that prune, or both kinds (masks.mode)',
      })
      .option('resume', { type: 'boolean', default: false, describe: 'Go on from the last checkpoint' })
      .option('from-fine-tuned', {
        type: 'string',
        describe:
          'Adapt this fine-tuned model to private inference by its own answers to the texts of --train; labels are not read',
      })
      .option('class-weights', {
        choices: ['none', 'balanced'] as const,
        describe: 'Rows of rare classes weigh more in the loss (classWeights)',
      })
      .option('select', {
        choices: ['best', 'last'] as const,
        describe: 'End a phase with its best model on the dev set, or with the last one (select)',
      })
      .option('patience', {
        type: 'string',
        describe: 'End a phase after N evaluations that were no better (patience)',
        coerce: optional(wholeNumber('patience', 1)),
      })
      .option('tensorboard', {
        type: 'boolean',
        default: false,
        describe: 'Write event files to OUT/tensorboard',
      })
      .option('overwrite', {
        type: 'boolean',
        default: false,
        describe: 'Replace the run in --out; a finished one is kept until the new one is finished',
      })
      .option('set', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'key=value over the configuration, for example masks.lambda=0.2',
      })
      .option('backend', {
        choices: ['auto', 'native', 'tensorflow', 'cpu'] as const,
        default: 'auto' as const,
        describe: 'auto is native: our kernels; tensorflow wants @tensorflow/tfjs-node to be installed',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'The result as JSON',
      }) as unknown as Argv<GlobalOptions & TrainOptions>,
  handler: run,
};
