/**
 * softmax over rows: subtract the maximum, exp, divide by the sum. The maximum is found with a few fraction bits only,
 * since any shift close to it gives the same result.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import {
  repeatColumns,
  shrink,
  signedBits,
  widenNonNegative,
} from '../../inference/functions/fixed-point.js';
import { reciprocal } from '../../inference/functions/inverse-power.js';
import { scoped } from '../../inference/functions/scoped.js';
import { maximum } from '../../inference/functions/maximum.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import { EXP_FRACTION_BITS, EXP_INPUT_FRACTION_BITS, type Exponential } from './exponential.js';

/** The maximum is off by at most a unit of 1/2: exp of what is left stays below 2. */
const MAXIMUM_FRACTION_BITS = 1;

/** Of 1/sum: see SoftmaxPlan. */
const COARSE = { significantBits: 5 };
const PRECISE = { significantBits: 12, intervalsPerOctave: 16 };

/** x [rows, n] → x - max of the row, off by the maximum's unit (by none with all fraction bits), with EXP_INPUT_FRACTION_BITS */
async function subtractMaximum(
  mpc: Backend,
  x: SharedTensor,
  spread: number,
  fractionBits: number,
): Promise<SharedTensor> {
  const columns = x.shape[1]!;
  const coarse = {
    ringBits: signedBits(spread, fractionBits),
    fractionBits,
  };
  const fine = {
    ringBits: signedBits(spread, EXP_INPUT_FRACTION_BITS),
    fractionBits: EXP_INPUT_FRACTION_BITS,
  };
  const largest = await maximum(mpc, shrink(mpc, x, coarse));
  const shift = mpc.expand(largest, EXP_INPUT_FRACTION_BITS - fractionBits);
  return mpc.subtract(shrink(mpc, x, fine), repeatColumns(mpc, shift, columns));
}

/** exp, and what its maker wants to have of it besides. */
type ExponentialWith<Extra> = (
  ...args: Parameters<Exponential>
) => Promise<{ readonly power: SharedTensor; readonly extra: Extra }>;

/** x [rows, n], the first `high` rows in high degree → probabilities [rows, n], and what `exponential` gave besides */
export const softmaxWith = <Extra>(exponential: ExponentialWith<Extra>, maximumFractionBits: number) =>
  protocol(
    'softmax',
    async function softmax(
      mpc: Backend,
      x: SharedTensor,
      high: number,
      plan: SoftmaxPlan,
    ): Promise<{ readonly probabilities: SharedTensor; readonly extra: Extra }> {
      const [rows, n] = x.shape as [number, number];
      const { power: flat, extra } = await scoped(mpc, async () => {
        const shifted = await scoped(mpc, () => subtractMaximum(mpc, x, plan.spread, maximumFractionBits));
        return exponential(mpc, mpc.reshape(shifted, [rows * n]), high * n, plan.spread);
      });

      // And by what truncation to the argument's own bits is off.
      const maximumError = 2 ** -maximumFractionBits + 2 ** (1 - EXP_INPUT_FRACTION_BITS);
      // 1/sum is at least 1/n: so many significant bits there, rounded without bias. A product stays below 2.
      const { significantBits, ...intervals } = plan.precise ? PRECISE : COARSE;
      const inverseFractionBits = significantBits + Math.ceil(Math.log2(n));
      const ringBits = EXP_FRACTION_BITS + inverseFractionBits + 2;
      const powers = mpc.reshape(await widenNonNegative(mpc, flat, ringBits), [rows, n]);
      const inverse = await reciprocal(mpc, mpc.sum(powers, 1), {
        low: Math.exp(-maximumError) - 2 ** -5,
        high: n * Math.exp(maximumError) + 2 ** -5,
        ...intervals,
        out: { ringBits, fractionBits: inverseFractionBits },
      });
      const small = { ringBits: plan.out.fractionBits + 2, fractionBits: plan.out.fractionBits };
      const product = await mpc.multiply(powers, inverse, 'non-negative', inverseFractionBits + 2, small);
      const probabilities = await widenNonNegative(mpc, shrink(mpc, product, small), plan.out.ringBits);
      return { probabilities, extra };
    },
  );

/** x [rows, n], the first `high` rows in high degree → probabilities [rows, n] */
export function softmaxOf(exponential: Exponential, maximumFractionBits = MAXIMUM_FRACTION_BITS) {
  const softmax = softmaxWith<null>(
    async (...args) => ({ power: await exponential(...args), extra: null }),
    maximumFractionBits,
  );
  return async (...args: Parameters<typeof softmax>): Promise<SharedTensor> =>
    (await softmax(...args)).probabilities;
}
