/**
 * Pruning as CipherPrune published it (ICLR 2025, section 3.2): after the comparison the bit is bound to its token, the number of
 * tokens to drop is opened, and one dropped token after the other bubbles to the end: for each a pass of sequential swaps
 * of neighbours, every one a comparison (the bit is the top bit of a shared number) and two selections of whole rows. Not improved.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';
import { swapRowsTwice } from '../../inference/functions/swap-rows.js';
import { belowThresholds } from '../cipherprune/prune.js';
import type { Elimination, Pruned } from '../method.js';

/** Holds -1 for a token to drop and 0 for one to keep. */
const BOUND_BITS = 2;

/** Rows [n, ...] without row `at` and the one behind it, and these two instead. */
function withPair(mpc: Backend, x: SharedTensor, at: number, a: SharedTensor, b: SharedTensor): SharedTensor {
  const n = x.shape[0]!;
  const parts = [mpc.slice(x, 0, 0, at), a, b, mpc.slice(x, 0, at + 2, n)];
  return mpc.concat(
    parts.filter(({ shape }) => shape[0]! > 0),
    0,
  );
}

/** Tensors [n, ...], the first of which holds the bound bits → the same with one dropped row at the end of the first `n`. */
async function bubble(
  mpc: Backend,
  tensors: readonly SharedTensor[],
  n: number,
): Promise<readonly SharedTensor[]> {
  let rows = tensors;
  for (let at = 0; at + 1 < n; at++) {
    const pairs = rows.map((x) => [mpc.slice(x, 0, at, at + 1), mpc.slice(x, 0, at + 1, at + 2)] as const);
    const drop = await mpc.isNegative(pairs[0]![0]);
    const swapped = await swapRowsTwice(mpc, drop, pairs);
    rows = rows.map((x, i) => withPair(mpc, x, at, ...swapped[i]!));
  }
  return rows;
}

/** The rule of elimination; tokens stay in order. */
export const pruneBySwaps = protocol(
  'prune',
  async function prune(mpc: Backend, elimination: Elimination): Promise<Pruned> {
    const others = elimination.scores.shape[0]! - 1;
    const [below, tensors] = await sideBySide<SharedBits, [readonly SharedTensor[]]>(
      mpc,
      (lane) => belowThresholds(lane, elimination),
      elimination.tensors,
    );
    const keep = mpc.not(mpc.reshapeBits(mpc.sliceBits(below, 1, 0, 1), [others]));
    const numbers = await mpc.toArithmetic(keep, Math.ceil(Math.log2(others + 1)) + 2);
    const opened = await mpc.reveal(mpc.sum(numbers, 0), 'all', 'kept-token-count');
    const kept = Number(opened!.data[0]!);
    let rows: readonly SharedTensor[] = [
      mpc.narrow(mpc.addPublic(numbers, -1), BOUND_BITS),
      ...tensors.map((x) => mpc.slice(x, 0, 1, others + 1)),
    ];
    for (let last = others; last > kept; last--) rows = await bubble(mpc, rows, last);
    return {
      rows: tensors.map((x, i) =>
        mpc.concat([mpc.slice(x, 0, 0, 1), mpc.slice(rows[i + 1]!, 0, 0, kept)], 0),
      ),
      kept: kept + 1,
      important: kept + 1,
      padded: false,
    };
  },
);
