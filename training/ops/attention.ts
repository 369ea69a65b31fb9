/**
 * Self-attention with soft masks. Per head and row j: e = r_j · expHigh(s - a) + (1 - r_j) · expLow(s - b) with a, b what softmax
 * subtracts in each degree (the row's largest logit, in most methods), r
 * the row's importance mask, p_i = w_i e_i / Σ w e with w the columns' pruning masks, so that a token of weight 0 is
 * absent and soft masks turn into hard ones without a jump. The scores are n·S: mean over heads of the column sums.
 */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import type { Curve, RowShift } from '../../methods/curves.js';
import {
  type Attributes,
  defineGradient,
  defineKernel,
  onNativeBackend,
  runKernel,
} from '../backend/kernel.js';
import type { NativeBackend } from '../backend/native-backend.js';
import { applyCurve } from './curve.js';
import { curveNumbers } from './curve-numbers.js';

export interface AttentionInputs {
  /** [queries, hidden]: the rows of all sequences, or the first of each. */
  readonly q: tf.Tensor2D;
  /** [rows, hidden]: sequences follow each other. */
  readonly k: tf.Tensor2D;
  readonly v: tf.Tensor2D;
  /** [rows]: 0 for padding, 1 for tokens that are there, between for soft masks. */
  readonly columnWeight: tf.Tensor1D;
  /** [queries] */
  readonly rowHigh: tf.Tensor1D;
}

export interface AttentionOptions {
  /** Rows of every sequence. */
  readonly lengths: Int32Array;
  /** q has the first row of every sequence alone. */
  readonly firstOnly: boolean;
  readonly heads: number;
  readonly dropout: number;
  readonly seed: number;
  readonly high: Curve;
  readonly low: Curve;
  /** What they are given. */
  readonly highShift: RowShift;
  readonly lowShift: RowShift;
  /** As CurveSet has it; 0 for attention received. */
  readonly mostHalvings: number;
}

export interface AttentionOutputs {
  /** [queries, hidden] */
  readonly context: tf.Tensor2D;
  /** [rows]: n·S of every token over the real rows; null with `firstOnly`. */
  readonly scores: tf.Tensor1D | null;
}

/** Columns below this weight do not take part in the maximum; the kernels have the same number. */
const MAXIMUM_FROM = 0.01;

export function attention(inputs: AttentionInputs, options: AttentionOptions): AttentionOutputs {
  if (!onNativeBackend()) return plainAttention(inputs, options);
  const [context, scores] = runKernel('EncoderAttention', { ...inputs }, { ...options });
  return { context: context as tf.Tensor2D, scores: options.firstOnly ? null : (scores as tf.Tensor1D) };
}

/** Plain operations want sequences of one length. */
function plainAttention(inputs: AttentionInputs, options: AttentionOptions): AttentionOutputs {
  const { lengths, firstOnly, heads, dropout, seed, high, low, highShift, lowShift } = options;
  const [batch, tokens] = [lengths.length, lengths[0]!];
  if (lengths.some((length) => length !== tokens))
    throw new Error('attention: sequences of different lengths need the native backend');
  const queries = firstOnly ? 1 : tokens;
  const hidden = inputs.q.shape[1];
  const size = hidden / heads;
  const split = (x: tf.Tensor2D, rows: number): tf.Tensor4D =>
    tf.transpose(x.reshape([batch, rows, heads, size]), [0, 2, 1, 3]);
  const logits = tf
    .matMul(split(inputs.q, queries), split(inputs.k, tokens), false, true)
    .div(Math.sqrt(size));
  const weight = inputs.columnWeight.reshape([batch, 1, 1, tokens]);
  const absent = tf.tensor(
    (weight.dataSync() as Float32Array).map((w) => (w < MAXIMUM_FROM ? -1e9 : 0)),
    weight.shape,
  );
  const shifted = {
    'as they are': () => logits,
    'less the maximum': () => tf.minimum(logits.sub(logits.add(absent).max(-1, true)), 0),
    'less the mean': () => logits.sub(logits.mul(weight).sum(-1, true).div(weight.sum(-1, true))),
  };
  const rowHigh = inputs.rowHigh.reshape([batch, 1, queries, 1]);
  const lowE = applyCurve(shifted[lowShift](), low);
  const e = high === low ? lowE : lowE.add(applyCurve(shifted[highShift](), high).sub(lowE).mul(rowHigh));
  const weighted = e.mul(weight);
  const p = weighted.div(weighted.sum(-1, true));
  const dropped = dropout > 0 ? tf.dropout(p, dropout, undefined, seed) : p;
  const context = tf.transpose(tf.matMul(dropped as tf.Tensor4D, split(inputs.v, tokens)), [0, 2, 1, 3]);
  const rows = context.reshape([batch * queries, hidden]) as tf.Tensor2D;
  if (firstOnly) return { context: rows, scores: null };
  const rowWeight = inputs.columnWeight.reshape([batch, 1, tokens, 1]);
  const measured = options.mostHalvings > 0 ? halvings(shifted[highShift](), options.mostHalvings) : p;
  const scores = measured
    .mul(rowWeight)
    .sum(2)
    .mean(1)
    .reshape([batch * tokens]) as tf.Tensor1D;
  return { context: rows, scores };
}

/** -min(⌊-x / ln 2⌋, most + 1): no slope. */
function halvings(shifted: tf.Tensor, most: number): tf.Tensor {
  const values = (shifted.dataSync() as Float32Array).map((x) => {
    const count = Math.floor(x * -Math.LOG2E);
    return count < most ? -count : -(most + 1);
  });
  return tf.tensor(values, shifted.shape);
}

const optionsOf = (attributes: Attributes): AttentionOptions => attributes as unknown as AttentionOptions;

/** As the kernels number them. */
const SHIFTS: Readonly<Record<RowShift, number>> = {
  'as they are': 0,
  'less the maximum': 1,
  'less the mean': 2,
};

/** The arguments that the forward and the backward kernel begin with. */
function commonArguments(
  backend: NativeBackend,
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attributes: Attributes,
) {
  const { lengths, firstOnly, heads, dropout, seed, high, low, highShift, lowShift, mostHalvings } =
    optionsOf(attributes);
  const hidden = inputs.q!.shape[1]!;
  const floats = (name: string): Float32Array => backend.floats(inputs[name]!);
  return {
    high: curveNumbers(high),
    low: curveNumbers(low),
    lengths,
    firstOnly,
    highShift: SHIFTS[highShift],
    lowShift: SHIFTS[lowShift],
    mostHalvings,
    heads,
    headSize: hidden / heads,
    q: floats('q'),
    k: floats('k'),
    v: floats('v'),
    columnWeight: floats('columnWeight'),
    rowHigh: floats('rowHigh'),
    dropout,
    seed,
  };
}

export function registerAttention(): void {
  defineKernel('EncoderAttention', (backend, inputs, attributes) => {
    const { lengths, firstOnly, heads } = optionsOf(attributes);
    const common = commonArguments(backend, inputs, attributes);
    const context = backend.make(inputs.q!.shape);
    const scores = backend.make(inputs.columnWeight!.shape);
    const pairs = lengths.reduce((sum, length) => sum + length * (firstOnly ? 1 : length), 0);
    const logits = backend.make([heads, pairs]);
    kernels.floatAttention({
      ...common,
      context: context.values,
      scores: firstOnly ? null : scores.values,
      logits: logits.values,
    });
    return [context.info, scores.info, logits.info];
  });
  defineKernel('EncoderAttentionGrad', (backend, inputs, attributes) => {
    const common = commonArguments(backend, inputs, attributes);
    const like = (name: string) => backend.make(inputs[name]!.shape);
    const [dq, dk, dv] = [like('q'), like('k'), like('v')];
    const [dColumnWeight, dRowHigh] = [like('columnWeight'), like('rowHigh')];
    const dScores = optionsOf(attributes).firstOnly ? null : backend.floats(inputs.dScores!);
    kernels.floatAttentionGrad({
      ...common,
      logits: backend.floats(inputs.logits!),
      dContext: backend.floats(inputs.dContext!),
      dScores,
      dq: dq.values,
      dk: dk.values,
      dv: dv.values,
      dColumnWeight: dColumnWeight.values,
      dRowHigh: dRowHigh.values,
    });
    return [dq, dk, dv, dColumnWeight, dRowHigh].map(({ info }) => info);
  });
  defineGradient({
    kernelName: 'EncoderAttention',
    inputsToSave: ['q', 'k', 'v', 'columnWeight', 'rowHigh'],
    outputsToSave: [false, false, true],
    gradient: ([dContext, dScores], [q, k, v, columnWeight, rowHigh, logits], attributes) => {
      const forward = {
        q: q!,
        k: k!,
        v: v!,
        columnWeight: columnWeight!,
        rowHigh: rowHigh!,
        logits: logits!,
      };
      const inputs = { ...forward, dContext: dContext!, dScores: dScores! };
      const [dq, dk, dv, dWeight, dHigh] = runKernel('EncoderAttentionGrad', inputs, attributes);
      return { q: dq!, k: dk!, v: dv!, columnWeight: dWeight!, rowHigh: dHigh! };
    },
  });
}
