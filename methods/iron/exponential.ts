/**
 * exp(-x) of SiRNN (Rathee et al., IEEE S&P 2021, section 5.1): digits of x by exact divisions, a table for every digit by
 * 1-of-2^d OT, and a tree of products.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { encode } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { RingTensor, SharedTensor } from '../../inference/core/tensors.js';
import { widenNonNegative } from '../../inference/functions/fixed-point.js';
import { digitAt, digitsOf } from './digits.js';
import type { IronNumbers } from './numbers.js';
import { truncated } from './truncate.js';

/** exp(-unit · number) for every index of a digit of so many bits. */
function tableOf(bits: number, offset: number, unit: number, entryBits: number): RingTensor {
  const entries = Float64Array.from({ length: 2 ** bits }, (_, index) => {
    return Math.exp(-unit * digitAt(index, bits, offset));
  });
  return encode(entries, [entries.length], { ringBits: entryBits, fractionBits: entryBits - 2 });
}

/** Products of neighbours; one that is left over goes on. Numbers from 0 to 1 in rings of two bits more than their fraction. */
async function productOf(mpc: Backend, factors: readonly SharedTensor[]): Promise<SharedTensor> {
  const [first] = factors as [SharedTensor];
  if (factors.length === 1) return first;
  const half = factors.length >> 1;
  const of = (begin: number) => mpc.concat(factors.slice(begin, begin + half), 0);
  const wide = await widenNonNegative(mpc, of(0), first.ringBits + first.fractionBits);
  const products = await truncated(mpc, await mpc.multiply(wide, of(half), 'non-negative'), first);
  const n = first.shape[0]!;
  const parts = Array.from({ length: half }, (_, i) => mpc.slice(products, 0, i * n, (i + 1) * n));
  return productOf(mpc, [...parts, ...factors.slice(2 * half)]);
}

/** x [n] of at least 0 → exp(-x) [n] in a ring of `entryBits` with two of them above the point */
export function exponentialOf({ digitBits, entryBits }: IronNumbers) {
  // Batches go by the table: the same object every time.
  const tables = new Map<string, RingTensor>();
  const known = (bits: number, offset: number, unit: number): RingTensor => {
    const key = `${bits} ${offset} ${unit}`;
    const table = tables.get(key) ?? tableOf(bits, offset, unit, entryBits);
    tables.set(key, table);
    return table;
  };
  return protocol('exp', async function exp(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
    const digits = await digitsOf(mpc, x, digitBits);
    const factors: SharedTensor[] = [];
    for (const [i, { index, offset }] of digits.entries()) {
      const unit = 2 ** (digitBits * i - x.fractionBits);
      factors.push(await mpc.lookUp(index, known(index.ringBits, offset, unit)));
    }
    return productOf(mpc, factors);
  });
}
