/**
 * GELU of BOLT: a quartic in |x| by two products, max(x, 0) beyond the clip. |x| is (x < 0 ? -x : x), so the selection that gives it
 * gives max(x, 0) = (x + |x|) / 2 as well.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { sizeOf } from '../../inference/core/shape.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import { convert, shrink, signedBits, wideningBits } from '../../inference/functions/fixed-point.js';
import { magnitudeOf } from './magnitude.js';
import type { BoltGelu } from './numbers.js';

const FRACTION_BITS = 12;
const COMPARISON_FRACTION_BITS = 6;
/** a y + b and the like: coefficients with as many fraction bits. */
const COEFFICIENT_BITS = 12;
/** Of y, z and their sums inside the clip: below 8. */
const FACTOR_RANGE = 8;
/** (z + a y + d) z stays below this, e more than it. */
const PRODUCT_RANGE = 32;

/** y [n] in [0, clip) → (z + a y + d) z + e */
async function quartic(mpc: Backend, y: SharedTensor, { a, b, c, d, e }: BoltGelu): Promise<SharedTensor> {
  const factor = { ringBits: wideningBits(FACTOR_RANGE, FRACTION_BITS), fractionBits: FRACTION_BITS };
  const wideBits = signedBits(PRODUCT_RANGE, 2 * FRACTION_BITS);
  const wide = await convert(mpc, y, { ringBits: wideBits, fractionBits: FRACTION_BITS }, FACTOR_RANGE);
  const ay = mpc.truncateReduce(mpc.scale(wide, a, COEFFICIENT_BITS), COEFFICIENT_BITS);
  const line = mpc.addPublic(shrink(mpc, ay, factor), b);
  const product = await mpc.multiply(wide, line);
  const z = shrink(mpc, mpc.addPublic(product, c), factor);
  const other = mpc.addPublic(mpc.add(z, shrink(mpc, ay, factor)), d);
  const wideZ = await convert(mpc, z, { ringBits: wideBits, fractionBits: FRACTION_BITS }, FACTOR_RANGE);
  return mpc.addPublic(await mpc.multiply(wideZ, other), e);
}

/** x, any shape → the same shape in `plan.out` */
export const geluOf = (numbers: BoltGelu) =>
  protocol(
    'gelu',
    async function gelu(mpc: Backend, x: SharedTensor, plan: ActivationPlan): Promise<SharedTensor> {
      const { inputRange } = plan;
      const n = sizeOf(x.shape);
      // x + |x| fits.
      const format = { ringBits: wideningBits(2 * inputRange, FRACTION_BITS), fractionBits: FRACTION_BITS };
      const flat = await convert(mpc, mpc.reshape(x, [n]), format, inputRange);
      const coarse = shrink(mpc, flat, {
        ringBits: signedBits(inputRange + numbers.clip, COMPARISON_FRACTION_BITS),
        fractionBits: COMPARISON_FRACTION_BITS,
      });
      const { magnitude, inside } = await magnitudeOf(mpc, flat, coarse, numbers.clip);

      const both = mpc.concat([magnitude, mpc.add(flat, magnitude)], 0);
      const bits = mpc.concatBits([inside, mpc.not(inside)], 0);
      const chosen = await mpc.multiplex(bits, both);
      const y = mpc.slice(chosen, 0, 0, n);
      const relu = mpc.reinterpret(mpc.slice(chosen, 0, n, 2 * n), FRACTION_BITS + 1);

      // The quartic of 0 is not 0: it is selected again, with x/2.
      const half = mpc.truncateReduce(mpc.reinterpret(flat, FRACTION_BITS + 1), 1);
      const inner = await convert(mpc, await quartic(mpc, y, numbers), half, FACTOR_RANGE);
      const selected = await mpc.multiplex(inside, mpc.add(inner, half));
      return mpc.reshape(
        mpc.add(
          await convert(mpc, selected, plan.out, FACTOR_RANGE / 2),
          await convert(mpc, relu, plan.out, inputRange),
        ),
        x.shape,
      );
    },
  );
