/** A model over examples without training, batch by batch: signals and other work have their turn between two of them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import {
  type Batch,
  type BatchLimits,
  type EncodedExample,
  evaluationBatches,
  makeBatch,
} from '../loop/batches.js';
import { type EncoderOptions, type EncoderOutput, encode, NO_DROPOUT } from '../network/encoder.js';
import { type ModelState, weightTensors } from '../network/model-state.js';

/** Told after every batch how many examples are done; what it throws ends the work. */
export type AfterBatch = (done: number) => Promise<void>;

/** For what is computed of so many examples. */
export type Watch = (what: string, examples: number) => AfterBatch;

/** Of what computation how many examples are done. */
export type Tell = (what: string, done: number, examples: number) => void;

/** `check` throws where the work is to end. */
export const watchedBy =
  (tell?: Tell, check?: () => void | Promise<void>): Watch =>
  (what, examples) =>
  async (done) => {
    tell?.(what, done, examples);
    await nextTurn();
    await check?.();
  };

export const unwatched = watchedBy();

/** Small enough that a signal is noticed within a second or two; larger ones take as long for each token. */
const LIMITS: BatchLimits = { tokens: 2048, examples: 64 };

export interface BatchRun {
  readonly options: (batch: Batch) => Omit<EncoderOptions, 'dropout' | 'lastLayer'>;
  /** Tensors last no longer than this. */
  readonly see?: (output: EncoderOutput, batch: Batch, group: readonly EncodedExample[]) => void;
}

export async function runBatches(
  state: ModelState,
  examples: readonly EncodedExample[],
  { options, see }: BatchRun,
  afterBatch: AfterBatch = unwatched('', examples.length),
): Promise<void> {
  const weights = weightTensors(state);
  let done = 0;
  try {
    for (const group of evaluationBatches(examples, LIMITS)) {
      const batch = makeBatch(group);
      tf.tidy(() => {
        const all: EncoderOptions = { ...options(batch), dropout: NO_DROPOUT, lastLayer: 'cls' };
        const output = encode(weights.get(), state.config, batch, batch.ids, all);
        see?.(output, batch, group);
      });
      done += group.length;
      await afterBatch(done);
    }
  } finally {
    weights.dispose();
  }
}
