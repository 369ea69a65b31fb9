/** Rows of two degrees, each by a function of its own. */
import type { Backend } from '../backends/backend.js';
import type { SharedTensor } from '../core/tensors.js';
import { concatRows } from './fixed-point.js';
import { sideBySide } from './side-by-side.js';

type OfRows = (mpc: Backend, rows: SharedTensor) => Promise<SharedTensor>;

/**
 * x [rows, ...], the first `high` rows by one function, the others by another beside it: the longer of the two says how many messages
 * there are. A degree without rows costs nothing.
 */
export async function byDegree(
  mpc: Backend,
  x: SharedTensor,
  high: number,
  degrees: { readonly high: OfRows; readonly low: OfRows },
): Promise<SharedTensor> {
  const rows = x.shape[0]!;
  if (high === rows) return degrees.high(mpc, x);
  if (high === 0) return degrees.low(mpc, x);
  const parts = await sideBySide<SharedTensor, [SharedTensor]>(
    mpc,
    (lane) => degrees.high(lane, lane.slice(x, 0, 0, high)),
    (lane) => degrees.low(lane, lane.slice(x, 0, high, rows)),
  );
  return concatRows(mpc, parts);
}
