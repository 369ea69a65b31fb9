/** Exchanging rows where a shared bit says so: what sorting networks and published pruning are made of. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedBits, SharedTensor } from '../core/tensors.js';

/** Two tensors of one shape and format. */
export type Pair = readonly [a: SharedTensor, b: SharedTensor];

/**
 * swap [n], pairs of [n, ...] → (b, a) in rows whose bit is set, (a, b) in others. Both differ from what they were by the same
 * amount, so one selection of a row moves two.
 */
export const swapRows = protocol(
  'swap',
  async (mpc: Backend, swap: SharedBits, pairs: readonly Pair[]): Promise<Pair[]> => {
    const swapped: Pair[] = [];
    for (const [a, b] of pairs) {
      const moved = await mpc.multiplex(swap, mpc.subtract(a, b));
      swapped.push([mpc.subtract(a, moved), mpc.add(b, moved)]);
    }
    return swapped;
  },
);

/** The same by two selections, one for each result, as CipherPrune (ICLR 2025) published it. */
export const swapRowsTwice = protocol(
  'swap',
  async (mpc: Backend, swap: SharedBits, pairs: readonly Pair[]): Promise<Pair[]> => {
    const swapped: Pair[] = [];
    for (const [a, b] of pairs) {
      const first = mpc.add(a, await mpc.multiplex(swap, mpc.subtract(b, a)));
      const second = mpc.add(b, await mpc.multiplex(swap, mpc.subtract(a, b)));
      swapped.push([first, second]);
    }
    return swapped;
  },
);
