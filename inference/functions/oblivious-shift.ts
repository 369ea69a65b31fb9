/** Shifting right by a number of places that nobody knows. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedBits, SharedTensor } from '../core/tensors.js';

/** The low `count` bits of a shared number [n], lowest first: doubled so often that they stand on top. */
export async function bitsOfNumber(mpc: Backend, x: SharedTensor, count: number): Promise<SharedBits[]> {
  const bits: SharedBits[] = [];
  for (let k = 1; k <= count; k++) bits.push(await mpc.isNegative(mpc.shiftLeft(x, x.ringBits - k)));
  return bits;
}

/**
 * x · 2^-l [n] for l = Σ bits[i] 2^i: x is first read at 2^i fewer places for every bit, then doubled 2^i times where the bit
 * is not set, so nothing is rounded: as many fraction bits more as l can be large. |x · 2^(2^bits - 1)| must fit the ring.
 *
 * Cost: one selection a bit, one after another.
 */
export const obliviousShift = protocol(
  'shift',
  async (mpc: Backend, x: SharedTensor, bits: readonly SharedBits[]): Promise<SharedTensor> => {
    let shifted = x;
    for (const [i, bit] of bits.entries()) {
      const places = 2 ** i;
      const rest = mpc.subtract(
        mpc.reinterpret(mpc.shiftLeft(shifted, places), shifted.fractionBits),
        shifted,
      );
      const doubled = mpc.add(shifted, await mpc.multiplex(mpc.not(bit), rest));
      shifted = mpc.reinterpret(doubled, shifted.fractionBits + places);
    }
    return shifted;
  },
);
