/**
 * Encrypted token pruning (CipherPrune, ICLR 2025, section 3) by a shuffle instead of swaps: the scores of all tokens
 * but [CLS] are compared with the two private thresholds at once, rows and bits are shuffled together by a permutation
 * that nobody knows, the bits are opened in that order, and rows are dropped in public. [CLS] stays row 0 and important.
 *
 * Opened: how many tokens are kept and how many of them are important; not which, because the order is random.
 */
import type { Backend, ShuffleMaterial } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { convert, repeatColumns } from '../../inference/functions/fixed-point.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';
import type { Elimination, Pruned } from '../method.js';
import { thresholdsUpTo } from './thresholds.js';

/** Public order of the kept rows after the shuffle: important ones first. */
function keptRows(keep: Uint8Array, important: Uint8Array): { rows: Uint32Array; important: number } {
  const indices = Array.from(keep, (_, i) => i).filter((i) => keep[i] === 1);
  const first = indices.filter((i) => important[i] === 1);
  const rest = indices.filter((i) => important[i] !== 1);
  return { rows: Uint32Array.from([...first, ...rest]), important: first.length };
}

/** Rows behind [CLS] → whether their scores lie below the two thresholds [tokens - 1, 2] */
export async function belowThresholds(
  mpc: Backend,
  { scores, largest, thresholds }: Elimination,
): Promise<SharedBits> {
  if (thresholds === null) throw new RangeError('prune: expected thresholds, got none');
  // Where their owner takes no part, they are shared as they are.
  const limits = mpc.outsourced ? thresholds : thresholdsUpTo(thresholds, largest);
  const rest = await convert(mpc, mpc.slice(scores, 0, 1, scores.shape[0]!), limits, largest);
  return mpc.isNegative(mpc.addPrivate(repeatColumns(mpc, rest, 2), limits));
}

/** The rule of elimination by learned thresholds. */
export const prune = protocol(
  'prune',
  async function prune(mpc: Backend, elimination: Elimination): Promise<Pruned> {
    const tokens = elimination.scores.shape[0]!;
    const [below, tensors, material] = await sideBySide<
      SharedBits,
      [readonly SharedTensor[], ShuffleMaterial | null]
    >(
      mpc,
      (lane) => belowThresholds(lane, elimination),
      elimination.tensors,
      async (lane) => (await lane.prepareShuffle?.(tokens - 1)) ?? null,
    );
    const shuffled = await mpc.shuffle(
      { tensors: tensors.map((x) => mpc.slice(x, 0, 1, tokens)), bits: [mpc.not(below)] },
      material,
    );

    const bits = shuffled.bits[0]!;
    const column = (i: number) => mpc.reshapeBits(mpc.sliceBits(bits, 1, i, i + 1), [tokens - 1]);
    const [keep, high] = await sideBySide<Uint8Array | null, [Uint8Array | null]>(
      mpc,
      (lane) => lane.revealBits(column(0), 'all', 'kept-token-count'),
      (lane) => lane.revealBits(column(1), 'all', 'important-token-count'),
    );
    const { rows, important } = keptRows(keep!, high!);
    return {
      rows: tensors.map((x, i) =>
        mpc.concat([mpc.slice(x, 0, 0, 1), mpc.gatherRows(shuffled.tensors[i]!, rows)], 0),
      ),
      kept: rows.length + 1,
      important: important + 1,
      padded: false,
    };
  },
);
