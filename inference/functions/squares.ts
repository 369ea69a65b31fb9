/** Squares of what a linear layer gives, as another one's input: one product, no comparison. */
import type { Backend } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { sizeOf } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import type { ActivationPlan } from './activation-plan.js';
import { convert, wideningBits } from './fixed-point.js';

/** Of the factor. */
const FRACTION_BITS = 6;

/** What x is cut to before it is squared: the product that it comes from need not be more. */
export const squareInput = ({ inputRange }: ActivationPlan): RingFormat => ({
  ringBits: wideningBits(inputRange, FRACTION_BITS),
  fractionBits: FRACTION_BITS,
});

/** x, any shape → x², the same shape in `plan.out` */
export const squares = protocol(
  'squares',
  async function squares(mpc: Backend, x: SharedTensor, plan: ActivationPlan): Promise<SharedTensor> {
    const factor = squareInput(plan);
    const flat = mpc.reshape(x, [sizeOf(x.shape)]);
    const square = await mpc.square(
      await convert(mpc, flat, factor, plan.inputRange),
      2 * factor.ringBits - 1,
    );
    return mpc.reshape(await convert(mpc, square, plan.out, plan.inputRange ** 2), x.shape);
  },
);
