/** tanh(x) = ±(2 / (1 + exp(-2|x|)) - 1), as SiRNN has it; every rounding is exact. */
import type { Backend } from '../../inference/backends/backend.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { widenNonNegative } from '../../inference/functions/fixed-point.js';
import { exponentialOf } from './exponential.js';
import type { IronNumbers } from './numbers.js';
import { inverseOf } from './reciprocal.js';

/** x [n] at entryBits - 2 → tanh(x) [n] in a ring of two bits more than `entryBits` */
export function tanhOf(numbers: IronNumbers) {
  const [exponential, inverse] = [exponentialOf(numbers), inverseOf(numbers)];
  return async function tanh(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
    const twice = (y: SharedTensor) => mpc.reinterpret(mpc.shiftLeft(y, 1), y.fractionBits);
    const isNegative = await mpc.isNegative(x);
    const magnitude = mpc.subtract(x, await mpc.multiplex(isNegative, twice(x)));
    const power = await exponential(mpc, twice(magnitude));
    const half = await inverse(mpc, mpc.addPublic(await widenNonNegative(mpc, power, power.ringBits + 1), 1));
    const positive = mpc.addPublic(twice(await widenNonNegative(mpc, half, half.ringBits + 2)), -1);
    return mpc.subtract(positive, await mpc.multiplex(isNegative, twice(positive)));
  };
}
