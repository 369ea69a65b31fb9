/** Softmax with SiRNN's exp, and a division for every element as IRON has it. */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import {
  convert,
  repeatColumns,
  signedBits,
  widenNonNegative,
} from '../../inference/functions/fixed-point.js';
import { maximum } from '../../inference/functions/maximum.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import { exponentialOf } from './exponential.js';
import { exponents, normalised } from './normalise.js';
import type { IronNumbers } from './numbers.js';
import { inverseOf } from './reciprocal.js';
import { truncated } from './truncate.js';

/** x [rows, n] → probabilities [rows, n] */
export function softmaxOf(numbers: IronNumbers) {
  const { ringBits, fractionBits, entryBits, digitBits } = numbers;
  const [exponential, inverse] = [exponentialOf(numbers), inverseOf(numbers)];
  const entry = { ringBits: entryBits, fractionBits: entryBits - 2 };

  /** powers [n], 0 to 1, and sums [n], from 1 to `most` → quotients [n], product by product */
  async function divided(mpc: Backend, powers: SharedTensor, sums: SharedTensor, most: number) {
    const range = { low: 1, high: most };
    const normalisation = { base: 2, range, fractionBits: entry.fractionBits, digitBits };
    const { mantissa, scale } = await normalised(mpc, sums, normalisation);
    const wide = await widenNonNegative(mpc, powers, entryBits + entry.fractionBits);
    const small = await truncated(
      mpc,
      await mpc.multiply(wide, await inverse(mpc, mantissa), 'non-negative'),
      entry,
    );
    const { last } = exponents(2, range);
    const shift = await scale(-1, { ringBits: signedBits(1, last) + 1, fractionBits: last });
    return mpc.multiply(await widenNonNegative(mpc, small, entryBits + last + 2), shift, 'non-negative');
  }

  return protocol(
    'softmax',
    async function softmax(
      mpc: Backend,
      x: SharedTensor,
      { spread, out }: SoftmaxPlan,
    ): Promise<SharedTensor> {
      const [rows, n] = x.shape as [number, number];
      const logits = await convert(mpc, x, { ringBits, fractionBits }, spread);
      const largest = await maximum(mpc, logits);
      const below = mpc.subtract(repeatColumns(mpc, largest, n), logits);
      const powers = await exponential(mpc, mpc.reshape(below, [rows * n]));
      const room = entryBits + Math.ceil(Math.log2(n)) + 1;
      const sums = mpc.sum(mpc.reshape(await widenNonNegative(mpc, powers, room), [rows, n]), 1);
      const each = mpc.reshape(repeatColumns(mpc, sums, n), [rows * n]);
      const quotients = await divided(mpc, powers, each, n);
      const small = { ringBits: out.fractionBits + 2, fractionBits: out.fractionBits };
      const rounded = await truncated(mpc, quotients, small);
      return mpc.reshape(await widenNonNegative(mpc, rounded, out.ringBits), [rows, n]);
    },
  );
}
