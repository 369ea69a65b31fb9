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
import { gatherRows } from '../ops/rows.js';

/** A model whose layers are followed, with all tokens, or with those that it keeps where it prunes. */
export interface Followed {
  readonly state: ModelState;
  /** With exact functions in place of its method's. */
  readonly exact: boolean;
}

const FOLLOWED: ReadonlySet<string> = new Set(['embedding', 'context', 'outputNorm']);

/** What is followed at one point: states [rows, features], the place of every row in [batch · tokens], and how much it counts. */
interface States {
  readonly states: tf.Tensor2D;
  readonly places: Int32Array;
  readonly weights: tf.Tensor1D;
}

type Compared = Omit<States, 'places'>;

/** The hidden states of one forward pass, which may leave rows out that are padding or pruned (`EncoderOptions.compact`). */
export class HiddenStates {
  readonly all: States[] = [];
  readonly #batch: Batch;
  /** Of the rows that are there, and how much of each is kept. */
  #places: Int32Array;
  #kept: tf.Tensor1D;

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#places = Int32Array.from(batch.real.keys());
    this.#kept = tf.tensor1d(batch.real, 'float32');
  }

  readonly observe: NonNullable<EncoderOptions['observe']> = (_, name, value) => {
    if (name === 'kept') this.#kept = value as tf.Tensor1D;
    if (FOLLOWED.has(name)) this.all.push(this.#placed(value as tf.Tensor2D));
  };

  #placed(states: tf.Tensor2D): States {
    const rows = states.shape[0];
    if (rows !== this.#places.length) {
      const kept = this.#kept.dataSync();
      const left = this.#places.filter((_, row) => kept[row] !== 0);
      // The last layer gives [CLS] alone.
      if (rows !== left.length) return this.#firstOnly(states);
      this.#places = left;
      this.#kept = tf.ones([rows]);
    }
    return { states, places: this.#places, weights: this.#kept };
  }

  #firstOnly(states: tf.Tensor2D): States {
    const { size, tokens } = this.#batch;
    const places = Int32Array.from({ length: size }, (_, text) => text * tokens);
    return { states, places, weights: tf.ones([size]) };
  }
}

/** Those of a followed model. */
export function hiddenStatesOf(
  weights: WeightTensors,
  { state, exact }: Followed,
  batch: Batch,
  precision: Precision = 'float32',
): HiddenStates {
  const seen = new HiddenStates(batch);
  const masks = exact || state.spread === null ? null : finalMasks(state, batch);
  encode(weights.get(), state.config, batch, batch.ids, {
    curves: exact ? exactCurves : curvesOfState(state),
    masks,
    compact: masks !== null,
    dropout: NO_DROPOUT,
    lastLayer: 'cls',
    precision,
    observe: seen.observe,
  });
  return seen;
}

/** The rows of given numbers. */
const rowsOf = ({ states, weights }: Compared, numbers: Int32Array): Compared => ({
  states: gatherRows(states, numbers),
  weights: gatherRows(weights.expandDims<tf.Tensor2D>(1), numbers).squeeze<tf.Tensor1D>([1]),
});

/** Of both the rows whose places both have. */
function shared(student: States, teacher: States): readonly [Compared, Compared] {
  const rowOf = new Map(Array.from(teacher.places, (place, row) => [place, row]));
  const numbers = Int32Array.from(student.places.keys()).filter((row) => rowOf.has(student.places[row]!));
  if (numbers.length === student.places.length && numbers.length === teacher.places.length)
    return [student, teacher];
  const others = numbers.map((row) => rowOf.get(student.places[row]!)!);
  return [rowsOf(student, numbers), rowsOf(teacher, others)];
}

/** Mean squared distance of rows that both have, mean over what is followed. */
export function layerLoss(student: HiddenStates, teacher: HiddenStates): tf.Scalar {
  const losses = student.all.map((states, at) => {
    const [mine, theirs] = shared(states, teacher.all[at]!);
    const weights = mine.weights.mul<tf.Tensor1D>(theirs.weights);
    const rows = mine.states.sub(theirs.states).square().mean(1);
    return rows.mul(weights).sum().div(weights.sum()) as tf.Scalar;
  });
  return tf.addN(losses).mul(1 / losses.length) as tf.Scalar;
}
