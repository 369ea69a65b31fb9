/** max(x, 0): one comparison, one selection. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import type { ActivationPlan } from './activation-plan.js';
import { convert, shrink, signedBits, widenNonNegative } from './fixed-point.js';

const FRACTION_BITS = 10;
/** The slope changes by 1 at 0: a unit of 2^-8 is wrong by less than the polynomials of GELU are. */
const COMPARISON_FRACTION_BITS = 8;

/** x, any shape → the same shape in `plan.out` */
export const relu = protocol(
  'relu',
  async (mpc: Backend, x: SharedTensor, { inputRange, out }: ActivationPlan): Promise<SharedTensor> => {
    const format = { ringBits: signedBits(inputRange, FRACTION_BITS), fractionBits: FRACTION_BITS };
    const small = await convert(mpc, x, format, inputRange);
    const coarse = shrink(mpc, small, {
      ringBits: signedBits(inputRange, COMPARISON_FRACTION_BITS),
      fractionBits: COMPARISON_FRACTION_BITS,
    });
    const positive = await mpc.multiplex(mpc.not(await mpc.isNegative(coarse)), small);
    // Truncation may be off by a unit, so that a value a little below 0 passes: two units above, none is negative.
    const unit = 2 ** (1 - COMPARISON_FRACTION_BITS);
    const raised = mpc.addPublic(positive, unit);
    const dropped = out.fractionBits - FRACTION_BITS;
    const wide = mpc.addPublic(await widenNonNegative(mpc, raised, out.ringBits), -unit);
    return mpc.shiftLeft(wide, dropped);
  },
);
