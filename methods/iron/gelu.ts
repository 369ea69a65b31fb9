/** GELU by its tanh form, with full products in one ring, each truncated exactly. */
import type { Backend } from '../../inference/backends/backend.js';
import { sizeOf } from '../../inference/core/shape.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import type { IronNumbers } from './numbers.js';
import { tanhOf } from './tanh.js';
import { truncated } from './truncate.js';

/** x, any shape → the same shape in `plan.out` */
export function geluOf(numbers: IronNumbers) {
  const { fractionBits, gelu } = numbers;
  const tanh = tanhOf(numbers);
  return protocol(
    'gelu',
    async function gelu_(
      mpc: Backend,
      x: SharedTensor,
      { inputRange, out }: ActivationPlan,
    ): Promise<SharedTensor> {
      // The largest product, with all its fraction bits and what returning to the ring asks for.
      const largest = Math.max(inputRange ** 2, inputRange * (1 + gelu.cubic * inputRange ** 2));
      const ringBits = Math.max(numbers.ringBits, 2 * fractionBits + 2 + Math.ceil(Math.log2(largest)));
      const format = { ringBits, fractionBits };
      const flat = await truncated(mpc, mpc.reshape(x, [sizeOf(x.shape)]), format);
      const square = await truncated(mpc, await mpc.square(flat), format);
      const cubic = await truncated(mpc, mpc.scale(square, gelu.cubic, fractionBits), format);
      const sum = await truncated(mpc, await mpc.multiply(flat, mpc.addPublic(cubic, 1)), format);
      const inner = await truncated(mpc, mpc.scale(sum, gelu.scale, fractionBits), format);
      const factor = mpc.addPublic(await mpc.widen(await tanh(mpc, inner), ringBits), 1);
      const product = await mpc.multiply(mpc.reinterpret(flat, fractionBits + 1), factor);
      return mpc.reshape(await truncated(mpc, product, out), x.shape);
    },
  );
}
