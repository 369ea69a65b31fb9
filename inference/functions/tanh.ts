/**
 * tanh of the pooler: y (c0 + c1 z + w (c2 + c3 z + c4 w)), y = x clamped, z = y²/8, w = z². One row only, so it runs in wide
 * rings instead of widening in between.
 */
import { tanhApproximation } from '../../model/approximations.js';
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import type { ActivationPlan } from './activation-plan.js';
import { clamp } from './clamp.js';
import { convert, shrink, signedBits } from './fixed-point.js';

const FRACTION_BITS = 12;
const COEFFICIENT_BITS = 12;

/** x [n] → [n] in `plan.out` */
export const tanh = protocol(
  'tanh',
  async (mpc: Backend, x: SharedTensor, plan: ActivationPlan): Promise<SharedTensor> => {
    const [c0, c1, c2, c3, c4] = tanhApproximation.coefficients;
    const { clip } = tanhApproximation;
    const n = x.shape[0]!;
    const narrow = await convert(
      mpc,
      x,
      { ringBits: signedBits(plan.inputRange + clip, FRACTION_BITS), fractionBits: FRACTION_BITS },
      plan.inputRange,
    );
    const { inner: y } = await clamp(mpc, narrow, [{ count: n, clip }], plan.inputRange);
    const wide = await convert(mpc, y, { ringBits: 64, fractionBits: FRACTION_BITS }, 4);
    const z = shrink(mpc, mpc.reinterpret(await mpc.square(wide), 2 * FRACTION_BITS + 3), {
      ringBits: 49,
      fractionBits: FRACTION_BITS,
    });
    const w = mpc.truncateReduce(await mpc.square(z), FRACTION_BITS);
    const small = mpc.narrow(z, w.ringBits);

    // c2 + c3 z + c4 w, below 8, returns to 12 fraction bits, so that its product with w fits.
    const upper = mpc.add(mpc.scale(small, c3, COEFFICIENT_BITS), mpc.scale(w, c4, COEFFICIENT_BITS));
    const factor = await convert(
      mpc,
      mpc.addPublic(upper, c2),
      { ringBits: w.ringBits, fractionBits: FRACTION_BITS },
      8,
    );
    const product = await mpc.multiply(w, factor);
    const line = mpc.addPublic(mpc.scale(small, c1, COEFFICIENT_BITS), c0);
    const even = await convert(mpc, mpc.add(product, line), { ringBits: 37, fractionBits: FRACTION_BITS }, 2);
    const result = await mpc.multiply(mpc.narrow(wide, 37), even);
    return convert(mpc, result, plan.out, 2);
  },
);
