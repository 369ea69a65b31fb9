/** Logits less the mean of their row, of the columns that count. */
import type { Backend } from '../../inference/backends/backend.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { repeatColumns, signedBits } from '../../inference/functions/fixed-point.js';
import { reciprocal } from '../../inference/functions/inverse-power.js';

/** Of 1 / (number of columns). */
const MEAN_FRACTION_BITS = 14;

/** What is left of a row where not all columns count. Low rows all see the same ones, so the first stands for all. */
export interface Seen {
  readonly x: SharedTensor;
  /** 1 / (columns that count) [rows] */
  readonly share: SharedTensor;
}

/** x [rows, n] with 0 in the columns that do not count. */
export async function seenOf(mpc: Backend, x: SharedTensor, visible: SharedBits): Promise<Seen> {
  const [rows, n] = x.shape as [number, number];
  const bits = mpc.reshapeBits(mpc.sliceBits(visible, 0, 0, 1), [n]);
  const counts = await mpc.toArithmetic(bits, signedBits(n, 0) + 2);
  const share = await reciprocal(mpc, mpc.reshape(mpc.sum(counts, 0), [1]), {
    low: 1,
    high: n,
    out: { ringBits: MEAN_FRACTION_BITS + 2, fractionBits: MEAN_FRACTION_BITS },
  });
  return {
    x: await mpc.multiplex(visible, x),
    share: mpc.reshape(mpc.broadcastRows(share, rows), [rows]),
  };
}

/**
 * x [rows, n], in a ring in which a row's sum fits as if to be widened → less the mean of each row: of all columns, or of those that
 * count by their share, where the others are 0 before and minus the mean after.
 */
export async function lessMean(
  mpc: Backend,
  x: SharedTensor,
  share: SharedTensor | null,
): Promise<SharedTensor> {
  const n = x.shape[1]!;
  const sums = await mpc.widen(mpc.sum(x, 1), x.ringBits + MEAN_FRACTION_BITS);
  const scaled = share
    ? await mpc.multiply(sums, share, 'non-negative')
    : mpc.scale(sums, 1 / n, MEAN_FRACTION_BITS);
  const means = mpc.truncateReduce(scaled, MEAN_FRACTION_BITS);
  return mpc.subtract(x, repeatColumns(mpc, means, n));
}
