/** A whole training run from its configuration: backend, data, model, phases. */
import { join } from 'node:path';
import { nameOfTask, type RunConfig } from '../../config/schema.js';
import { type Checkpoint, readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { resolveCheckpoint } from '../../model/checkpoint/hub.js';
import { aloneIn } from '../../util/alone-in.js';
import { UsageError } from '../../util/errors.js';
import { checkWritable } from '../../util/make-directory.js';
import { type BackendName, useBackend } from '../backend/setup.js';
import { TrainingError } from '../errors.js';
import type { Evaluation } from '../evaluate/evaluation.js';
import { type Watch, watchedBy } from '../evaluate/run-batches.js';
import { planOf } from './plan.js';
import { withUsablePrecision } from './precision.js';
import { prepareRun } from './prepare.js';
import type { Listener } from './progress.js';
import { RunFolder } from './run-folder.js';
import { tensorBoard } from './tensorboard.js';
import { Trainer } from './trainer.js';
import type { TrainingPlan } from './training-plan.js';

export interface RunTrainingOptions {
  readonly backend?: BackendName | 'auto';
  /** Go on from the last checkpoint of the folder; 'if-begun': if there is one, so that the same call can be made again and again. */
  readonly resume?: boolean | 'if-begun';
  /** Replace a run that is in the folder; its result is kept until the new one is there. */
  readonly overwrite?: boolean;
  /** Write the run's numbers to `tensorboard/` in its folder, for TensorBoard. */
  readonly tensorboard?: boolean;
  /** After an abort the run keeps a checkpoint after the current step, then throws TrainingError. */
  readonly signal?: AbortSignal | undefined;
  /** Told what happens; every method is optional. */
  readonly listener?: Partial<Listener> | undefined;
}

export interface TrainedModel {
  /** Folder of the trained checkpoint. */
  readonly checkpoint: string;
  /** Of the development set. */
  readonly evaluation: Evaluation;
}

/** One listener from several for some things each; methods keep their object. */
const together = (listeners: readonly Partial<Listener>[]): Listener => ({
  note(line) {
    for (const listener of listeners) listener.note?.(line);
  },
  work(...values) {
    for (const listener of listeners) listener.work?.(...values);
  },
  phase(...values) {
    for (const listener of listeners) listener.phase?.(...values);
  },
  examples(count) {
    for (const listener of listeners) listener.examples?.(count);
  },
  step(report) {
    for (const listener of listeners) listener.step?.(report);
  },
  evaluation(report) {
    for (const listener of listeners) listener.evaluation?.(report);
  },
});

const resumes = async (output: string, { resume = false }: RunTrainingOptions): Promise<boolean> =>
  resume === 'if-begun' ? new RunFolder(output).isBegun() : resume;

/** Looks whether the folder of a run can be written to, and whether it may. */
async function checkFolder({ output }: RunConfig, options: RunTrainingOptions): Promise<void> {
  const { overwrite } = options;
  const resume = await resumes(output, options);
  if (resume && overwrite) throw new UsageError('train: expected --resume or --overwrite, got both');
  await checkWritable(output);
  const folder = new RunFolder(output);
  if (overwrite) folder.checkOwn();
  else if (!resume) folder.checkEmpty();
}

/** Of what is computed before there is a run that could keep a checkpoint. */
const watchBeforeRun = (listener: Partial<Listener>, signal?: AbortSignal): Watch =>
  watchedBy(
    (...work) => listener.work?.(...work),
    () => {
      if (signal?.aborted) throw new TrainingError('stopped before the first step; nothing was written');
    },
  );

const readModel = async (name: string): Promise<Checkpoint> => readCheckpoint(await resolveCheckpoint(name));

/** What `runTraining` would do, and about how long; writes nothing. Throws as it does, before its first step. */
export async function planTraining(
  config: RunConfig,
  options: RunTrainingOptions = {},
): Promise<TrainingPlan> {
  await checkFolder(config, options);
  await useBackend(options.backend ?? 'auto');
  const { listener = {}, signal } = options;
  const prepared = await prepareRun(config, readModel, watchBeforeRun(listener, signal));
  for (const line of prepared.notes) listener.note?.(line);
  return planOf(withUsablePrecision(config), prepared);
}

/** Trains; throws TrainingError with the checkpoint that is still good, ConfigError, DatasetError or CheckpointError. */
export async function runTraining(
  config: RunConfig,
  options: RunTrainingOptions = {},
): Promise<TrainedModel> {
  const { overwrite = false, signal } = options;
  const resume = await resumes(config.output, options);
  const own = options.listener ?? {};
  signal?.throwIfAborted();
  await checkFolder(config, options);
  const backend = await useBackend(options.backend ?? 'auto');
  const board = options.tensorboard ? [tensorBoard(join(config.output, 'tensorboard'))] : [];
  const listener = together([own, ...board]);
  const prepared = await prepareRun(config, readModel, watchBeforeRun(listener, signal));
  for (const line of prepared.notes) listener.note(line);
  const { train, dev, state } = prepared;
  const { layers, hiddenSize } = state.config;
  listener.note(
    `${config.name}: ${nameOfTask(config.task)}, ${train.length} training and ${dev.length} dev examples; ${layers} layers of ${hiddenSize}; backend ${backend}; writing to ${config.output}`,
  );
  const stop = { requested: signal?.aborted ?? false };
  const request = (): void => {
    stop.requested = true;
  };
  signal?.addEventListener('abort', request, { once: true });
  try {
    const trainer = new Trainer(config, prepared, config.output, listener, stop);
    const evaluation = await aloneIn(config.output, () => trainer.run({ resume, overwrite }));
    return { checkpoint: join(config.output, 'final'), evaluation };
  } finally {
    signal?.removeEventListener('abort', request);
  }
}
