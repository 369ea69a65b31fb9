/** `train`: dense, soft and hard phase by a run configuration. */
import { join } from 'node:path';
import type { Argv } from 'yargs';
import type { FileFormat, RunConfig } from '../../config/schema.js';
import { UsageError } from '../../util/errors.js';
import { onInterrupt } from '../../util/interrupt.js';
import { note } from '../../util/note.js';
import type { Command, GlobalOptions } from '../command.js';
import { fractions } from '../options.js';
import { ownDataOptions } from '../own-data-options.js';
import { print, printJson } from '../output.js';
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
  readonly set: readonly string[];
  readonly backend: 'auto' | 'native' | 'tensorflow' | 'cpu';
  readonly json: boolean;
}

/** Options that stand for configuration keys, as `--set` would write them. */
function overridesOf({ task, model, data, out, keep, mode, set, train }: TrainOptions): string[] {
  const quoted = (value: string): string => JSON.stringify(value);
  return [
    ...(task === undefined || train !== undefined ? [] : [`task=${quoted(task)}`]),
    ...(model === undefined ? [] : [`model.checkpoint=${quoted(model)}`]),
    ...(data === undefined ? [] : [`data.directory=${quoted(data)}`]),
    ...(out === undefined ? [] : [`output=${quoted(out)}`]),
    ...(keep === undefined ? [] : [`masks.keep=${JSON.stringify(keep)}`]),
    ...(mode === undefined ? [] : [`masks.mode=${quoted(mode)}`]),
    ...set,
  ];
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

/** The configuration that a file says, or the data themselves. */
async function configOf(options: TrainOptions): Promise<RunConfig> {
  const { train, config, task } = options;
  const overrides = overridesOf(options);
  if (train !== undefined) {
    const { ownRun } = await import('../../data/sources/own-run.js');
    if (config === undefined && options.model === undefined)
      throw new UsageError('train: expected --model, a pretrained encoder to begin with');
    const run = await ownRun({ ...options, train, name: task }, config ?? null, overrides);
    for (const line of run.notes) note(line);
    return run.config;
  }
  const given =
    OWN_OPTIONS.find((name) => options[name] !== undefined) ??
    (options.regression ? 'regression' : undefined);
  if (given !== undefined) throw new UsageError(`train: ${given}: expected --train, a file of one's own`);
  if (config === undefined) throw new UsageError('train: expected --train FILE or --config FILE');
  const { loadRunConfig } = await import('../../config/load.js');
  return loadRunConfig(config, overrides);
}

async function train(options: TrainOptions): Promise<void> {
  const { nameOfTask } = await import('../../config/schema.js');
  const config = await configOf(options);
  const { useBackend } = await import('../../training/backend/setup.js');
  const { prepareRun } = await import('../../training/loop/prepare.js');
  const { Trainer } = await import('../../training/loop/trainer.js');
  const { readCheckpoint } = await import('../../model/checkpoint/checkpoint.js');
  const { resolveCheckpoint } = await import('../../model/checkpoint/hub.js');
  const backend = await useBackend(options.backend);
  const prepared = await prepareRun(config, async (name) => readCheckpoint(await resolveCheckpoint(name)));
  for (const line of prepared.notes) note(line);
  const { layers, hiddenSize } = prepared.state.config;
  note(
    `${config.name}: ${nameOfTask(config.task)}, ${prepared.train.length} training and ${prepared.dev.length} dev examples; ${layers} layers of ${hiddenSize}; backend ${backend}; writing to ${config.output}`,
  );
  const display = trainingDisplay();
  const stop = { requested: false };
  const trainer = new Trainer(config, prepared, config.output, display, stop);
  const finished = trainer.run({ resume: options.resume });
  const forget = onInterrupt(async () => {
    stop.requested = true;
    await finished.catch((error: Error) => note(error.message));
  });
  try {
    const evaluation = await finished;
    const final = join(config.output, 'final');
    if (options.json) printJson({ checkpoint: final, ...evaluation });
    else {
      const metrics = Object.entries(evaluation.metrics).map(
        ([name, value]) => `${name} ${value?.toFixed(4)}`,
      );
      print(
        `${final}: ${metrics.join(', ')}; kept ${evaluation.keptRatio.map((k) => k.toFixed(2)).join(' ')}`,
      );
    }
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
      .option('set', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'key=value over the configuration, for example masks.lambda=0.2',
      })
      .option('backend', {
        choices: ['auto', 'native', 'tensorflow', 'cpu'] as const,
        default: 'auto' as const,
        describe: 'auto: tfjs-node where it is installed, else the native kernels',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'The result as JSON',
      }) as unknown as Argv<GlobalOptions & TrainOptions>,
  handler: train,
};
