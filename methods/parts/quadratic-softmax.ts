/**
 * 2Quad (MPCFormer, ICLR 2023, section 3): (s + c)² / Σ (s + c)² in place of softmax. No maximum, no exp, no clip; columns that do
 * not count are taken out after the square. Logits far below -c would count again: training keeps them away.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import {
  convert,
  shrink,
  signedBits,
  wideningBits,
  widenNonNegative,
} from '../../inference/functions/fixed-point.js';
import { reciprocal } from '../../inference/functions/inverse-power.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import type { Piecewise } from '../curves.js';

/** Of squares, and of the logits that are squared. */
const FRACTION_BITS = 8;
/** A row's sum counts at least this much: one whose columns are all near -c has no large probability. */
const SMALLEST_SUM = 0.25;
/** Significant bits of 1/sum at its smallest. */
const INVERSE_BITS = 6;
/** Of the largest ring. */
const WIDE_BITS = 64;

/** The numerator, as training evaluates it. */
export const quadraticCurve = (shift: number): Piecewise => ({
  kind: 'polynomial',
  squarings: 1,
  bounds: [],
  segments: [[shift, 1]],
});

/** max(x, low) [n] */
async function atLeast(mpc: Backend, x: SharedTensor, low: number): Promise<SharedTensor> {
  const missing = mpc.addPublic(mpc.negate(x), low);
  const isLess = await mpc.isNegative(mpc.addPublic(x, -low));
  return mpc.add(x, await mpc.multiplex(isLess, missing));
}

/** x [rows, n], visible [rows, n] or null where all columns count → probabilities [rows, n] */
export const quadraticSoftmaxOf = (shift: number) =>
  protocol(
    'softmax',
    async function softmax(
      mpc: Backend,
      x: SharedTensor,
      plan: SoftmaxPlan,
      visible: SharedBits | null,
    ): Promise<SharedTensor> {
      const [rows, n] = x.shape as [number, number];
      const range = plan.largest + shift;
      const format = { ringBits: wideningBits(range, FRACTION_BITS), fractionBits: FRACTION_BITS };
      const moved = mpc.addPublic(await convert(mpc, x, format, plan.largest), shift);
      const largest = range ** 2;
      const squareBits = signedBits(largest, FRACTION_BITS) + 1 + FRACTION_BITS;
      const wide = Math.min(2 * moved.ringBits - 1, squareBits);
      const square = mpc.truncateReduce(await mpc.square(moved, wide), FRACTION_BITS);
      const counted = visible === null ? square : await mpc.multiplex(visible, square);

      const sumRange = n * largest;
      const inverseFractionBits = INVERSE_BITS + Math.ceil(Math.log2(sumRange));
      const ringBits = FRACTION_BITS + inverseFractionBits + 2;
      if (ringBits > WIDE_BITS)
        throw new RangeError(
          `softmax: expected ${n} logits whose squares add up in ${WIDE_BITS} bits, got logits up to ${plan.largest} and ${ringBits} bits; a training that settled keeps them far smaller`,
        );
      // A square of a number near 0 may be a unit below it.
      const unit = 2 ** -FRACTION_BITS;
      const powers = await widenNonNegative(mpc, mpc.addPublic(counted, unit), ringBits);
      const inverse = await reciprocal(mpc, await atLeast(mpc, mpc.sum(powers, 1), SMALLEST_SUM), {
        low: SMALLEST_SUM,
        high: sumRange + n * unit,
        out: {
          ringBits: inverseFractionBits + 2 - Math.log2(SMALLEST_SUM),
          fractionBits: inverseFractionBits,
        },
      });
      const product = await mpc.multiply(mpc.reshape(powers, [rows, n]), inverse, 'non-negative');
      const small = { ringBits: plan.out.fractionBits + 2, fractionBits: plan.out.fractionBits };
      return widenNonNegative(mpc, shrink(mpc, product, small), plan.out.ringBits);
    },
  );
