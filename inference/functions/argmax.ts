/** The index of the largest of a few numbers, on shares: a tournament of neighbours that carries values and indices. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';

/** x [n], differences of which fit its ring → [1], the first of the largest, without fraction bits */
export const argmax = protocol('argmax', async (mpc: Backend, x: SharedTensor): Promise<SharedTensor> => {
  const n = x.shape[0]!;
  const ringBits = Math.max(1, Math.ceil(Math.log2(n)));
  let values = x;
  let indices = mpc.constant(unsigned(n, ringBits), [n], ringBits, 0);
  for (let count = n; count > 1; count = values.shape[0]!) {
    const pairs = count >> 1;
    const isOdd = count % 2 === 1;
    const side = (y: SharedTensor, i: number): SharedTensor =>
      mpc.reshape(mpc.slice(mpc.reshape(mpc.slice(y, 0, 0, 2 * pairs), [pairs, 2]), 1, i, i + 1), [pairs]);
    const last = (y: SharedTensor): SharedTensor[] => (isOdd ? [mpc.slice(y, 0, count - 1, count)] : []);
    const difference = mpc.subtract(side(values, 0), side(values, 1));
    // Ties go to the left, which is the first: neighbours stay in order.
    const isRight = await mpc.isNegative(difference);
    const winners = async (y: SharedTensor, left: SharedTensor, step: SharedTensor) =>
      mpc.concat([mpc.subtract(left, await mpc.multiplex(isRight, step)), ...last(y)], 0);
    const steps = mpc.subtract(side(indices, 0), side(indices, 1));
    indices = await winners(indices, side(indices, 0), steps);
    if (pairs + last(values).length > 1) values = await winners(values, side(values, 0), difference);
    else return indices;
  }
  return indices;
});

/** 0, 1, …, n - 1 as the ring's signed numbers. */
const unsigned = (n: number, ringBits: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => (i >= 2 ** (ringBits - 1) ? i - 2 ** ringBits : i));
