/**
 * GELU of low rows as x²/2^halvings + x/2 + offset: one square, no comparison. The square is read at more fraction bits, which
 * halves it, and x/2 comes from the wide ring that a linear layer leaves, so both meet in the square's ring without a message.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { sizeOf } from '../../inference/core/shape.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import { convert, wideningBits } from '../../inference/functions/fixed-point.js';
import type { QuadNumbers } from './numbers.js';

/** Of the factor. A bit more costs as much as a tenth of all. */
const FRACTION_BITS = 4;

/** x, any shape → the same shape in `plan.out` */
export const quadraticGeluOf = ({ halvings, offset }: QuadNumbers['geluLow']) =>
  protocol(
    'gelu',
    async function gelu(
      mpc: Backend,
      x: SharedTensor,
      { inputRange, out }: ActivationPlan,
    ): Promise<SharedTensor> {
      const flat = mpc.reshape(x, [sizeOf(x.shape)]);
      const factorBits = wideningBits(inputRange, FRACTION_BITS);
      const factor = { ringBits: factorBits, fractionBits: FRACTION_BITS };
      const square = await mpc.square(await convert(mpc, flat, factor, inputRange), 2 * factorBits - 1);
      const halved = mpc.reinterpret(square, 2 * FRACTION_BITS + halvings);
      const half = mpc.reinterpret(flat, flat.fractionBits + 1);
      const sum = mpc.addPublic(mpc.add(halved, await convert(mpc, half, halved, inputRange / 2)), offset);
      const largest = inputRange ** 2 / 2 ** halvings + inputRange / 2 + 1;
      return mpc.reshape(await convert(mpc, sum, out, largest), x.shape);
    },
  );
