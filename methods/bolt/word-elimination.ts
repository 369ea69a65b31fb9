/**
 * Word elimination of BOLT (section 5.4): once, in the first layer, half of the tokens leave. The scores are sorted by a bitonic network,
 * the middle one is a threshold, its bit and the place of a token are one key, and a second sort by these moves the rows; the first
 * half stays, in order. What stays is public, so nothing is opened. Not improved. Scores are the attention that a token receives; the
 * authors' program takes the shift of exp as a measure of the same. [CLS] always stays, since the classifier reads it.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { bitonicSort } from '../../inference/functions/bitonic-sort.js';
import { convert, signedBits } from '../../inference/functions/fixed-point.js';
import { SCORE_FRACTION_BITS } from '../cipherprune/prune.js';
import type { Elimination, Pruned } from '../method.js';

/** scores [n] → is a token's score at most the middle one [n]? */
async function lowerHalf(mpc: Backend, scores: SharedTensor, kept: number): Promise<SharedBits> {
  const n = scores.shape[0]!;
  const { keys } = await bitonicSort(mpc, { keys: scores, rows: [] });
  const median = mpc.slice(keys, 0, n - kept - 1, n - kept);
  const above = mpc.subtract(scores, mpc.reshape(mpc.broadcastRows(median, n), [n]));
  // score - median - 1 unit is negative up to the median.
  return mpc.isNegative(mpc.addPublic(above, -(2 ** -SCORE_FRACTION_BITS)));
}

/** The rule of elimination. */
export const eliminateWords = protocol(
  'prune',
  async function eliminateWords(mpc: Backend, { scores, largest, tensors }: Elimination): Promise<Pruned> {
    const n = scores.shape[0]!;
    const kept = Math.ceil(n / 2);
    const format = {
      ringBits: signedBits(2 * largest, SCORE_FRACTION_BITS),
      fractionBits: SCORE_FRACTION_BITS,
    };
    const leaves = await lowerHalf(mpc, await convert(mpc, scores, format, largest), kept);
    const keyBits = signedBits(4 * n, 0);
    const late = mpc.scale(await mpc.toArithmetic(leaves, keyBits), n, 0);
    const keys = mpc.addPublic(
      late,
      Float64Array.from({ length: n }, (_, i) => i),
    );
    const first = mpc.constant(0, [1], keyBits, 0);
    const { rows } = await bitonicSort(mpc, {
      keys: mpc.concat([first, mpc.slice(keys, 0, 1, n)], 0),
      rows: tensors,
    });
    return { rows: rows.map((x) => mpc.slice(x, 0, 0, kept)), kept, important: kept, padded: true };
  },
);
