/** A whole training run from its configuration: backend, data, model, phases. */
import { join } from 'node:path';
import { nameOfTask, type RunConfig } from '../../config/schema.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { resolveCheckpoint } from '../../model/checkpoint/hub.js';
import { UsageError } from '../../util/errors.js';
import { checkWritable } from '../../util/make-directory.js';
import { type BackendName, useBackend } from '../backend/setup.js';
import type { Evaluation } from '../evaluate/evaluation.js';
import { prepareRun } from './prepare.js';
import type { Listener } from './progress.js';
import { RunFolder } from './run-folder.js';
import { tensorBoard } from './tensorboard.js';
import { Trainer } from './trainer.js';

export interface RunTrainingOptions {
  readonly backend?: BackendName | 'auto';
  /** Go on from the last checkpoint of the folder. */
  readonly resume?: boolean;
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

/** Trains; throws TrainingError with the checkpoint that is still good, ConfigError, DatasetError or CheckpointError. */
export async function runTraining(
  config: RunConfig,
  options: RunTrainingOptions = {},
): Promise<TrainedModel> {
  const { resume = false, overwrite = false, signal } = options;
  const own = options.listener ?? {};
  signal?.throwIfAborted();
  if (resume && overwrite) throw new UsageError('train: expected --resume or --overwrite, got both');
  await checkWritable(config.output);
  if (!resume && !overwrite) new RunFolder(config.output).checkEmpty();
  const backend = await useBackend(options.backend ?? 'auto');
  const prepared = await prepareRun(config, async (name) => readCheckpoint(await resolveCheckpoint(name)));
  const board = options.tensorboard ? [tensorBoard(join(config.output, 'tensorboard'))] : [];
  const listener = together([own, ...board]);
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
    const evaluation = await trainer.run({ resume, overwrite });
    return { checkpoint: join(config.output, 'final'), evaluation };
  } finally {
    signal?.removeEventListener('abort', request);
  }
}
