/**
 * Word elimination of BOLT (section 5.4), as the authors' program has it: once, in the first layer, half of the tokens leave. The score of
 * a token is how often exp is halved for it, over all heads and rows (softmax.ts): small where it is attended to. Scores are sorted by
 * a bitonic network, the middle one is a threshold, its bit and the place of a token are one key, and a second sort by these
 * moves the rows; the first half stays, in order. What stays is public, so nothing is opened. Not improved: of equal scores in the
 * middle it is the last words of all who are not above that leave. [CLS] always stays, since the classifier reads it.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { bitonicSort } from '../../inference/functions/bitonic-sort.js';
import { signedBits } from '../../inference/functions/fixed-point.js';
import type { Elimination, Pruned } from '../method.js';

/** Half of the rows stay, padding among them. */
const keptOf = (padded: number): number => Math.ceil(padded / 2);

/** scores [n] → is a token's score below that of the `kept`-th best [n]? */
async function belowBest(mpc: Backend, scores: SharedTensor, kept: number): Promise<SharedBits> {
  const n = scores.shape[0]!;
  const { keys } = await bitonicSort(mpc, { keys: scores, rows: [] });
  const middle = mpc.slice(keys, 0, n - kept, n - kept + 1);
  return mpc.isNegative(mpc.subtract(scores, mpc.reshape(mpc.broadcastRows(middle, n), [n])));
}

/** The same of plain scores of real tokens, for training; padding is never attended to. */
export function wordsThatStay(scores: readonly number[], padded: number): boolean[] {
  const kept = keptOf(padded);
  if (kept < 2) return scores.map((_, token) => token === 0);
  const [middle = Number.NEGATIVE_INFINITY] = scores
    .slice(1)
    .sort((a, b) => b - a)
    .slice(kept - 2, kept - 1);
  let stayed = 0;
  return scores.map((score, token) => (token === 0 || score >= middle) && stayed++ < kept);
}

/** The rule of elimination. */
export const eliminateWords = protocol(
  'prune',
  async function eliminateWords(mpc: Backend, { scores, tensors }: Elimination): Promise<Pruned> {
    const n = scores.shape[0]!;
    const kept = keptOf(n);
    const given = await tensors(mpc);
    if (kept < 2)
      return { rows: given.map((x) => mpc.slice(x, 0, 0, 1)), kept: 1, important: 1, padded: false };
    const leaves = await belowBest(mpc, mpc.slice(scores, 0, 1, n), kept - 1);
    const keyBits = signedBits(4 * n, 0);
    const late = mpc.scale(await mpc.toArithmetic(leaves, keyBits), n, 0);
    const keys = mpc.addPublic(
      late,
      Float64Array.from({ length: n - 1 }, (_, i) => i + 1),
    );
    const first = mpc.constant(0, [1], keyBits, 0);
    const { rows } = await bitonicSort(mpc, {
      keys: mpc.concat([first, keys], 0),
      rows: given,
    });
    return { rows: rows.map((x) => mpc.slice(x, 0, 0, kept)), kept, important: kept, padded: true };
  },
);
