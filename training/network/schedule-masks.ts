/**
 * Hard masks by rank, as a model with a schedule keeps tokens privately: a public number of the best in every layer, by the padded
 * length of the sequence. Padding of the batch never counts: a shorter sequence keeps all that it has.
 */
import * as tf from '@tensorflow/tfjs';
import type { LayerSchedule, Schedule } from '../../model/artifact/schedule.js';
import { bucketOf } from '../../model/padded-length.js';
import type { Batch } from '../loop/batches.js';
import type { LayerMasks, SequenceRows, TokenMasks } from './masks.js';

/** Real tokens of every sequence. */
function lengthsOf({ real, size, tokens }: Batch): number[] {
  return Array.from({ length: size }, (_, b) =>
    real.subarray(b * tokens, (b + 1) * tokens).reduce((sum, isReal) => sum + isReal, 0),
  );
}

/** Masks of every pruning layer for a batch. */
export function bestMasks(schedule: Schedule, batch: Batch): LayerMasks[] {
  const counts = lengthsOf(batch).map((length) => {
    const found = schedule.find(({ tokens }) => tokens === bucketOf(length));
    if (!found) throw new RangeError(`schedule: expected a padded length for ${length} tokens, found none`);
    return found.layers;
  });
  return (schedule[0]?.layers ?? []).map((_, layer) => ({
    mode: 'best',
    choose: (scores, before, rows) =>
      keepBest(
        scores,
        before,
        rows,
        counts.map((layers) => layers[layer]!),
      ),
    prune: null,
    reduce: null,
    temperature: 0,
  }));
}

/**
 * scores, before.kept [rows] → 0 or 1: of every sequence [CLS], and as many of the best of its rows as its counts say. Of equal scores
 * the first row wins, as in private.
 */
function keepBest(
  scores: tf.Tensor1D,
  before: TokenMasks,
  { first, lengths }: SequenceRows,
  counts: readonly LayerSchedule[],
): TokenMasks {
  const [values, present] = [scores, before.kept].map((tensor) => tensor.dataSync() as Float32Array) as [
    Float32Array,
    Float32Array,
  ];
  const [kept, important] = [new Float32Array(values.length), new Float32Array(values.length)];
  first.forEach((cls, b) => {
    const rows = Array.from({ length: lengths[b]! - 1 }, (_, i) => cls + 1 + i)
      .filter((row) => present[row]! > 0)
      .sort((a, c) => values[c]! - values[a]! || a - c);
    kept[cls] = 1;
    important[cls] = 1;
    for (const row of rows.slice(0, counts[b]!.kept - 1)) kept[row] = 1;
    for (const row of rows.slice(0, counts[b]!.important - 1)) important[row] = 1;
  });
  const own = tf.tensor1d(kept);
  return { kept: own, own, important: tf.tensor1d(important) };
}
