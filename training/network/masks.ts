/**
 * Masks of tokens by their importance n·S. Soft: M = σ((n·S - threshold) / T), so that thresholds can be learned; hard: 0 or
 * 1 by comparison, as the secure engine does. A pruned token stays pruned; [CLS] is never pruned and always important.
 */
import * as tf from '@tensorflow/tfjs';

/** Rows of sequences, one after the other. */
export interface SequenceRows {
  /** Rows of every sequence; the first of them is [CLS]. */
  readonly lengths: Int32Array;
  /** The row of every sequence's [CLS]. */
  readonly first: Int32Array;
  /** 1 on [CLS], and 1 on all others. [rows] */
  readonly cls: { readonly on: tf.Tensor1D; readonly off: tf.Tensor1D };
}

export type MaskMode = 'none' | 'soft' | 'hard' | 'best';

/** What one layer does with scores. Thresholds are scalars; a null `reduce` keeps every token at the high degree. */
export interface LayerMasks {
  readonly mode: MaskMode;
  /** Instead of thresholds (schedule-masks.ts). */
  readonly choose?: (scores: tf.Tensor1D, before: TokenMasks, rows: SequenceRows) => TokenMasks;
  readonly prune: tf.Scalar | null;
  readonly reduce: tf.Scalar | null;
  /** Of the soft masks; of a hard one only `indecision` is computed with it. */
  readonly temperature: number;
}

export interface TokenMasks {
  /** [batch · tokens]: 0 for padding and pruned tokens, up to 1. */
  readonly kept: tf.Tensor1D;
  /** [batch · tokens]: what this layer alone keeps, whatever the layers before it left: M_θ of the mask loss. */
  readonly own: tf.Tensor1D;
  /** [batch · tokens]: weight of the high-degree polynomials. */
  readonly important: tf.Tensor1D;
}

/** 0 or 1 as a constant: a comparison has no gradient. */
function hardMask(scores: tf.Tensor1D, threshold: tf.Scalar): tf.Tensor1D {
  const least = threshold.dataSync()[0]!;
  return tf.tensor1d((scores.dataSync() as Float32Array).map((score) => (score >= least ? 1 : 0)));
}

/** σ((scores - threshold) / T) */
const softMask = (scores: tf.Tensor1D, threshold: tf.Scalar, temperature: number): tf.Tensor1D =>
  tf.sigmoid(tf.sub(scores, threshold).mul(1 / temperature)) as tf.Tensor1D;

/** The soft mask, or its limit for T → 0. */
function compare(scores: tf.Tensor1D, threshold: tf.Scalar, { mode, temperature }: LayerMasks): tf.Tensor1D {
  if (mode === 'hard') return hardMask(scores, threshold);
  return softMask(scores, threshold, temperature);
}

/** 1 on [CLS] whatever the mask says: mask · (1 - cls) + cls. */
const sparing = (mask: tf.Tensor1D, cls: tf.Tensor1D, notCls: tf.Tensor1D): tf.Tensor1D =>
  mask.mul(notCls).add(cls);

/**
 * Masks after a layer's attention. scores, before.kept [rows]; of rows the first of every sequence is [CLS].
 * The important ones are among the kept ones.
 */
export function tokenMasks(
  scores: tf.Tensor1D,
  before: TokenMasks,
  rows: SequenceRows,
  masks: LayerMasks,
): TokenMasks {
  if (masks.mode === 'none') return before;
  if (masks.choose) return masks.choose(scores, before, rows);
  const { cls } = rows;
  const all = tf.onesLike(scores) as tf.Tensor1D;
  const own = masks.prune ? sparing(compare(scores, masks.prune, masks), cls.on, cls.off) : all;
  const kept = masks.prune ? (own.mul(before.kept) as tf.Tensor1D) : before.kept;
  const important = masks.reduce ? sparing(compare(scores, masks.reduce, masks), cls.on, cls.off) : all;
  return { kept, own, important };
}

/**
 * Σ m (1 - m) over the tokens that reach a layer, m their soft masks (hard ones too are looked at as soft): 0 where all are decidedly
 * kept or pruned. What reaches the layer counts as given: no token is to be pruned earlier so as not to be undecided here.
 */
export function indecision(
  scores: tf.Tensor1D,
  before: TokenMasks,
  notCls: tf.Tensor1D,
  { prune, temperature }: LayerMasks,
): tf.Scalar {
  if (!prune) return tf.scalar(0);
  const mask = softMask(scores, prune, temperature);
  const reached = tf.tensor1d((before.kept.dataSync() as Float32Array).slice());
  return mask.mul(tf.sub(1, mask)).mul(reached).mul(notCls).sum() as tf.Scalar;
}
