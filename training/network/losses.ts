/** L = L_task + λ (L_prune + α L_approx); see training/network/masks.ts for the masks. */
import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../loop/batches.js';
import type { TokenMasks } from './masks.js';

/** Mean cross entropy of the rows that have a label. logits [batch, labels], labels [batch], NaN for none; weights [labels] */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: Float32Array,
  weights: Float32Array | null = null,
): tf.Scalar {
  // A class that does not exist has a row of zeros.
  const classes = Int32Array.from(labels, (label) => (Number.isNaN(label) ? -1 : label));
  const oneHot = tf.oneHot(tf.tensor1d(classes, 'int32'), logits.shape[1]);
  return tf
    .logSoftmax(logits)
    .mul(weights ? oneHot.mul(tf.tensor1d(weights)) : oneHot)
    .sum()
    .mul(-1 / Math.max(1, labelled(labels))) as tf.Scalar;
}

/** Mean squared error of the rows that have a label, in units of `spread`². values [batch, 1], labels [batch], NaN for none */
export function squaredError(values: tf.Tensor2D, labels: Float32Array, spread: number): tf.Scalar {
  const isKnown = Float32Array.from(labels, (label) => (Number.isNaN(label) ? 0 : 1));
  const wanted = Float32Array.from(labels, (label) => (Number.isNaN(label) ? 0 : label));
  const count = Math.max(1, labelled(labels));
  return values
    .reshape([-1])
    .sub(tf.tensor1d(wanted))
    .square()
    .mul(tf.tensor1d(isKnown))
    .sum()
    .mul(1 / (count * spread ** 2)) as tf.Scalar;
}

/** Rows that have a label. */
export const labelled = (labels: Float32Array): number =>
  labels.filter((label) => !Number.isNaN(label)).length;

/** Mean of T² · KL(teacher ‖ student) at temperature T (Hinton, Vinyals and Dean, 2015), up to the teacher's entropy. */
export function distillationLoss(logits: tf.Tensor2D, teacher: Float32Array, temperature: number): tf.Scalar {
  const target = tf.softmax(tf.tensor2d(teacher, logits.shape).mul(1 / temperature));
  const student = tf.logSoftmax(logits.mul(1 / temperature));
  return student
    .mul(target)
    .sum()
    .mul(-(temperature ** 2) / logits.shape[0]) as tf.Scalar;
}

/** Per real token 1 / (batch · length), or the paper's 1 / batch. [batch · tokens] */
function normWeights(batch: Batch, norm: 'mean' | 'sum'): Float32Array {
  return batch.real.map((real, i) => {
    const length = batch.lengths[Math.floor(i / batch.tokens)]!;
    return real / (norm === 'mean' ? batch.size * length : batch.size);
  });
}

/** γ (1/L) Σ_l of the layers' indecision, in parts of the batch's real tokens. */
export function polarizationLoss(indecision: readonly tf.Scalar[], batch: Batch, gamma: number): tf.Scalar {
  const tokens = batch.lengths.reduce((sum, length) => sum + length, 0);
  return tf.addN([...indecision]).mul(gamma / (tokens * indecision.length)) as tf.Scalar;
}

/** Mean over the layers of what their activations' inputs go beyond the limit. */
export const excessLoss = (excess: readonly tf.Scalar[], weight: number): tf.Scalar =>
  tf.addN([...excess]).mul(weight / excess.length) as tf.Scalar;

/** (1/L) Σ_l ‖mask_l‖₁ over the layers that have masks, averaged over the batch. */
function maskLoss(masks: readonly tf.Tensor1D[], weights: tf.Tensor1D): tf.Scalar {
  const norms = masks.map((mask) => mask.mul(weights).sum() as tf.Scalar);
  return tf.addN(norms).mul(1 / masks.length) as tf.Scalar;
}

export interface MaskLossOptions {
  readonly lambda: number;
  readonly alpha: number;
  readonly norm: 'mean' | 'sum';
}

/**
 * λ (L_prune + α L_approx) of the layers that prune (all but the last). Each layer answers for its own mask: a loss of the product of
 * all masks so far pulls hardest at the first layers, where tokens are worth most.
 */
export function prunePenalty(
  layers: readonly TokenMasks[],
  batch: Batch,
  options: MaskLossOptions,
): tf.Scalar {
  const weights = tf.tensor1d(normWeights(batch, options.norm));
  const pruning = layers.slice(0, -1);
  const prune = maskLoss(pruning.map(({ own }) => own), weights); // biome-ignore format: one idea a line
  if (options.alpha === 0) return prune.mul(options.lambda);
  const reduce = maskLoss(pruning.map(({ important }) => important), weights); // biome-ignore format: one idea a line
  return prune.add(reduce.mul(options.alpha)).mul(options.lambda);
}
