/**
 * Distillation layer by layer (MPCFormer, ICLR 2023, section 4, after TinyBERT): every layer's output, and the embedding, is drawn to that
 * of the fine-tuned model, so that a network finds its way with other functions than it was taught with.
 */
import * as tf from '@tensorflow/tfjs';
import { exactCurves } from '../../methods/curves.js';
import type { ModelConfig } from '../../model/config.js';
import type { Batch } from '../loop/batches.js';
import { type EncoderOptions, encode, NO_DROPOUT } from '../network/encoder.js';
import type { WeightTensors } from '../network/parameters.js';

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
    if (name !== 'embedding' && name !== 'outputNorm') return;
    const states = value as tf.Tensor2D;
    this.states.push(states);
    // The last layer gives [CLS] alone.
    const isWhole = states.shape[0] === this.#kept.shape[0];
    this.weights.push(isWhole ? this.#kept : tf.ones([states.shape[0]]));
  };
}

/** Those of a model with exact functions and all tokens. */
export function hiddenStatesOf(weights: WeightTensors, config: ModelConfig, batch: Batch): HiddenStates {
  const seen = new HiddenStates(batch);
  encode(weights.get(), config, batch, batch.ids, {
    curves: exactCurves,
    masks: null,
    dropout: NO_DROPOUT,
    lastLayer: 'cls',
    observe: seen.observe,
  });
  return seen;
}

/** Mean squared distance of rows that the student has, mean over the layers. */
export function layerLoss(student: HiddenStates, teacher: HiddenStates): tf.Scalar {
  const losses = student.states.map((states, layer) => {
    const weights = student.weights[layer]!;
    const rows = states.sub(teacher.states[layer]!).square().mean(1);
    return rows.mul(weights).sum().div(weights.sum()) as tf.Scalar;
  });
  return tf.addN(losses).mul(1 / losses.length) as tf.Scalar;
}
