/** Digits of a shared number, by exact divisions: what SiRNN's tables are read at (Rathee et al., IEEE S&P 2021, section 3.2.2). */
import type { Backend } from '../../inference/backends/backend.js';
import type { SharedTensor } from '../../inference/core/tensors.js';

/** A digit as an index of a table: the digit less `offset`, so that it fits a ring of its bits. */
export interface Digit {
  readonly index: SharedTensor;
  readonly offset: number;
}

/** The digit that an index stands for. */
export const digitAt = (index: number, bits: number, offset: number): number => (index + offset) % 2 ** bits;

/** x [n], at least 0 and below half of its ring → its digits, lowest first; the last may have fewer bits */
export async function digitsOf(mpc: Backend, x: SharedTensor, digitBits: number): Promise<Digit[]> {
  const digits: Digit[] = [];
  const half = 2 ** (digitBits - 1);
  // Read so that a digit is the fraction.
  let rest = mpc.reinterpret(x, digitBits);
  while (rest.ringBits > digitBits + 1) {
    // Half less, to nearest, is what lies below.
    const above = await mpc.round(mpc.addPublic(rest, -0.5), digitBits);
    const digit = mpc.subtract(rest, mpc.expand(above, digitBits));
    digits.push({ index: mpc.narrow(mpc.addPublic(digit, -0.5), digitBits), offset: half });
    rest = mpc.reinterpret(above, digitBits);
  }
  return [...digits, { index: rest, offset: 0 }];
}
