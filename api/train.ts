/** Training: from a configuration, or from a file of one's own. */
import type { RunConfig, RunConfigInput } from '../config/schema.js';
import type { OwnData } from '../data/sources/own-run.js';
import type { TrainingPlan } from '../training/loop/training-plan.js';
import type { RunTrainingOptions, TrainedModel } from '../training/loop/run-training.js';
import { UsageError } from '../util/errors.js';
import { onUse } from './on-use.js';

export interface TrainOptions extends Omit<OwnData, 'name' | 'train'>, RunTrainingOptions {
  /** A file of one's own to learn from: CSV, TSV, JSON lines, JSON or parquet. */
  readonly train?: string | undefined;
  /** A file (YAML), or what such a file says: without name and task beside `train`, where it is not needed at all. */
  readonly config?: string | RunConfigInput | Omit<RunConfigInput, 'name' | 'task'> | undefined;
  /** A GLUE task; with `train` the name of one's own, by default the file's. */
  readonly task?: string | undefined;
  /** Pretrained encoder to begin with: a folder, or a name on the hub. */
  readonly model?: string | undefined;
  /** Adapt this fine-tuned model to private inference by its own answers to the texts of `train`, whose labels are not read. */
  readonly fromFineTuned?: string | undefined;
  /** Weigh classes in the loss by how rare they are (`classWeights`). */
  readonly classWeights?: 'none' | 'balanced' | undefined;
  /** Folder with GLUE's files. */
  readonly data?: string | undefined;
  /** Folder of the run. */
  readonly out?: string | undefined;
  /** Share of token-layers that stay, or of tokens, one for every layer but the last (`masks.keep`). */
  readonly keep?: number | readonly number[] | undefined;
  /** Learn no thresholds, those that prune, or both kinds (`masks.mode`). */
  readonly mode?: 'none' | 'prune' | 'prune-reduce' | undefined;
  /** Which model a phase ends with: the best one on the dev set, or the last. */
  readonly select?: 'best' | 'last' | undefined;
  /** End a phase after so many evaluations that were no better than the best before. */
  readonly patience?: number | undefined;
  /** `key=value` over all of it. */
  readonly set?: readonly string[] | undefined;
}

const override = (key: string, value: unknown): string[] =>
  value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];

/** Options that stand for keys of the configuration. */
const overridesOf = ({
  task,
  train: own,
  model,
  data,
  out,
  keep,
  mode,
  select,
  patience,
  classWeights,
  set = [],
}: TrainOptions): string[] => [
  ...override('task', own === undefined ? task : undefined),
  ...override('model.checkpoint', model),
  ...override('data.directory', data),
  ...override('output', out),
  ...override('masks.keep', keep),
  ...override('masks.mode', mode),
  ...override('select', select),
  ...override('patience', patience),
  ...override('classWeights', classWeights),
  ...set,
];

async function configOfOwn(options: TrainOptions, own: string): Promise<RunConfig> {
  const { config, model, task: name, listener } = options;
  if (config === undefined && model === undefined)
    throw new UsageError('train: expected --model, a pretrained encoder to begin with');
  const { ownRun } = await onUse(() => import('../data/sources/own-run.js'));
  const run = await ownRun({ ...options, train: own, name }, config ?? null, overridesOf(options));
  for (const line of run.notes) listener?.note?.(line);
  return run.config;
}

async function configOfFineTuned(options: TrainOptions, model: string): Promise<RunConfig> {
  const { train: own, keep, mode, task: name, listener } = options;
  if (own === undefined)
    throw new UsageError('train: expected --train, a file of texts, beside --from-fine-tuned');
  if (options.config !== undefined || options.model !== undefined)
    throw new UsageError('train: expected neither --config nor --model beside --from-fine-tuned');
  const { fineTunedRun } = await onUse(() => import('../data/sources/fine-tuned-run.js'));
  const prunes = mode === undefined ? keep !== undefined : mode !== 'none';
  const run = await fineTunedRun({ ...options, model, train: own, name, prunes }, overridesOf(options));
  for (const line of run.notes) listener?.note?.(line);
  return run.config;
}

/** The configuration that a file or a literal says, or the data themselves. */
async function configOf(options: TrainOptions): Promise<RunConfig> {
  if (options.fromFineTuned !== undefined) return configOfFineTuned(options, options.fromFineTuned);
  if (options.train !== undefined) return configOfOwn(options, options.train);
  const { config } = options;
  if (config === undefined) throw new UsageError('train: expected --train FILE or --config FILE');
  const { loadRunConfig, runConfigFrom } = await onUse(() => import('../config/load.js'));
  const overrides = overridesOf(options);
  return typeof config === 'string'
    ? loadRunConfig(config, overrides)
    : runConfigFrom(config, 'config', overrides);
}

/** What `train` would do with these options, and about how long; writes nothing. Throws as it does. */
export async function planTraining(options: TrainOptions): Promise<TrainingPlan> {
  const config = await configOf(options);
  const { planTraining: plan } = await onUse(() => import('../training/loop/run-training.js'));
  return plan(config, options);
}

/**
 * Trains a classifier with learned pruning thresholds; resolves to where it is and what it is worth. One run at a time.
 * @throws UsageError, ConfigError, DatasetError, CheckpointError, TrainingError (also after an abort, when a checkpoint is kept);
 * MissingPackageError without TensorFlow.js
 */
export async function train(options: TrainOptions): Promise<TrainedModel> {
  const config = await configOf(options);
  const { runTraining } = await onUse(() => import('../training/loop/run-training.js'));
  return runTraining(config, options);
}
