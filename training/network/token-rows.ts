/**
 * Which token every row of the encoder's tensors is. At first a batch is [batch · tokens] with padding; where masks are
 * hard, rows that are padding or pruned can be left out: then sequences of different lengths follow each other.
 */
import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../loop/batches.js';
import type { SequenceRows, TokenMasks } from './masks.js';

export interface TokenRows extends SequenceRows {
  /** The place of every row in [batch · tokens]; null as long as all rows are there. */
  readonly places: Int32Array | null;
}

function tokenRows(lengths: Int32Array, places: Int32Array | null): TokenRows {
  const first = new Int32Array(lengths.length);
  for (let b = 1; b < first.length; b++) first[b] = first[b - 1]! + lengths[b - 1]!;
  const on = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
  for (const row of first) on[row] = 1;
  return { lengths, first, cls: { on: tf.tensor1d(on), off: tf.tensor1d(on.map((x) => 1 - x)) }, places };
}

/** All rows of a batch, padding included. */
export const allRows = ({ size, tokens }: Batch): TokenRows =>
  tokenRows(new Int32Array(size).fill(tokens), null);

/** The rows of which `kept` [rows] is not 0, and their numbers; null if that is all of them. [CLS] must be among them. */
export function keptRows(
  rows: TokenRows,
  kept: Float32Array,
): { rows: TokenRows; numbers: Int32Array } | null {
  const numbers = Int32Array.from(kept.keys()).filter((row) => kept[row]! !== 0);
  if (numbers.length === kept.length) return null;
  const lengths = rows.lengths.map((length, b) => {
    const from = rows.first[b]!;
    return kept.subarray(from, from + length).reduce((count, x) => count + (x === 0 ? 0 : 1), 0);
  });
  const places = rows.places ? numbers.map((row) => rows.places![row]!) : numbers;
  return { rows: tokenRows(lengths, places), numbers };
}

/** Masks of rows as masks of [batch · tokens], 0 for rows that are gone. */
export function masksByPlace(masks: TokenMasks, { places }: TokenRows, size: number): TokenMasks {
  if (!places) return masks;
  const spread = (mask: tf.Tensor1D): tf.Tensor1D => {
    const values = mask.dataSync();
    const all = new Float32Array(size);
    places.forEach((place, row) => {
      all[place] = values[row]!;
    });
    return tf.tensor1d(all);
  };
  return { kept: spread(masks.kept), own: spread(masks.own), important: spread(masks.important) };
}
