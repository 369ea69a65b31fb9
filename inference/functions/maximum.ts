/** Row maxima by a tournament: ceil(log2 n) rounds of one comparison and one multiplexer. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';

/** x [columns, rows] → [rows]: the largest of each column set. Differences of elements must fit x's ring. */
export const maximum = protocol('max', async (mpc: Backend, x: SharedTensor): Promise<SharedTensor> => {
  let left = x;
  for (let n = x.shape[0]!; n > 1; n = left.shape[0]!) {
    const half = n >> 1;
    const a = mpc.slice(left, 0, 0, half);
    const difference = mpc.subtract(a, mpc.slice(left, 0, half, 2 * half));
    // max(a, b) = a - [a < b] (a - b)
    const correction = await mpc.multiplex(await mpc.isNegative(difference), difference);
    const winners = mpc.subtract(a, correction);
    left = n % 2 === 0 ? winners : mpc.concat([winners, mpc.slice(left, 0, n - 1, n)], 0);
  }
  return mpc.reshape(left, x.shape.slice(1));
});
