/**
 * Distillation layer by layer (MPCFormer, ICLR 2023, section 3.2, after TinyBERT): the embedding, every layer's output and what its
 * attention gives are drawn to those of the model that was fine-tuned, so that a network finds its way with other functions than it was
 * taught with.
 */
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../../config/schema.js';
import { exactCurves } from '../../methods/curves.js';
import type { Batch } from '../loop/batches.js';
import { type EncoderOptions, encode, NO_DROPOUT } from '../network/encoder.js';
import { finalMasks } from '../network/forward-options.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';
import type { WeightTensors } from '../network/parameters.js';

/** A model whose layers are followed, with all tokens, or with those that it keeps where it prunes. */
export interface Followed {
  readonly state: ModelState;
  /** With exact functions in place of its method's. */
  readonly exact: boolean;
}

const FOLLOWED: ReadonlySet<string> = new Set(['embedding', 'context', 'outputNorm']);

/** The hidden states of one forward pass, and how much each of their rows counts. */
export class HiddenStates {
  readonly states: tf.Tensor2D[] = [];
  readonly weights: tf.Tensor1D[] = [];
  #kept: tf.Tensor1D;

  constructor(batch: Batch) {
    this.#kept = tf.tensor1d(batch.real, 'float32');
  }

  readonly observe: NonNullable<EncoderOptions['observe']> = (_, name, value) => {
    if (name === 'kept') this.#kept = value as tf.Tensor1D;
    if (!FOLLOWED.has(name)) return;
    const states = value as tf.Tensor2D;
    this.states.push(states);
    // The last layer gives [CLS] alone.
    const isWhole = states.shape[0] === this.#kept.shape[0];
    this.weights.push(isWhole ? this.#kept : tf.ones([states.shape[0]]));
  };
}

/** Those of a followed model. */
export function hiddenStatesOf(
  weights: WeightTensors,
  { state, exact }: Followed,
  batch: Batch,
  precision: Precision = 'float32',
): HiddenStates {
  const seen = new HiddenStates(batch);
  encode(weights.get(), state.config, batch, batch.ids, {
    curves: exact ? exactCurves : curvesOfState(state),
    masks: exact || state.spread === null ? null : finalMasks(state, batch),
    dropout: NO_DROPOUT,
    lastLayer: 'cls',
    precision,
    observe: seen.observe,
  });
  return seen;
}

/** Mean squared distance of rows that both have, mean over what is followed. */
export function layerLoss(student: HiddenStates, teacher: HiddenStates): tf.Scalar {
  const losses = student.states.map((states, at) => {
    const weights = student.weights[at]!.mul<tf.Tensor1D>(teacher.weights[at]!);
    const rows = states.sub(teacher.states[at]!).square().mean(1);
    return rows.mul(weights).sum().div(weights.sum()) as tf.Scalar;
  });
  return tf.addN(losses).mul(1 / losses.length) as tf.Scalar;
}
