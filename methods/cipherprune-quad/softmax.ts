/**
 * Softmax of low rows as (d + c)² / Σ (d + c)² with d the distance of a logit to the mean of its row: 2Quad (MPCFormer, ICLR 2023) that,
 * as softmax, does not change when a row's logits all grow alike. No maximum, no exp, no clip; and since Σ (d + c)² = Σ d² + n c²,
 * the sum has a public lower bound, so its reciprocal needs few bits.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import {
  convert,
  integerBits,
  repeatColumns,
  shrink,
  signedBits,
  wideningBits,
  widenNonNegative,
} from '../../inference/functions/fixed-point.js';
import { reciprocal } from '../../inference/functions/inverse-power.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import type { Piecewise } from '../curves.js';
import type { QuadNumbers } from './numbers.js';

/** Of d + c as a factor, and of its square. */
const FACTOR_FRACTION_BITS = 3;
const SQUARE_FRACTION_BITS = 2;
/** Of 1 / (number of columns). */
const MEAN_FRACTION_BITS = 14;
/** Significant bits of 1/sum at its smallest. */
const INVERSE_BITS = 5;

/** The numerator over c², as training evaluates it: near 1, as exp of high rows is near its largest. */
export const quadraticCurve = ({ shift }: QuadNumbers['softmaxLow']): Piecewise => ({
  kind: 'polynomial',
  squarings: 1,
  bounds: [],
  segments: [[1, 1 / shift]],
});

/** What is left of a row where not all columns count. Low rows all see the same ones, so the first stands for all. */
interface Seen {
  readonly x: SharedTensor;
  /** 1 / (columns that count) [rows] */
  readonly share: SharedTensor;
}

/** x [rows, n] with 0 in the columns that do not count. */
async function seenOf(mpc: Backend, x: SharedTensor, visible: SharedBits): Promise<Seen> {
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

/** x [rows, n], |x| below `largest` → x less the mean of its row; columns that do not count are minus the mean. */
async function lessMean(
  mpc: Backend,
  x: SharedTensor,
  share: SharedTensor | null,
  largest: number,
): Promise<SharedTensor> {
  const n = x.shape[1]!;
  const { fractionBits } = x;
  const wide = await convert(
    mpc,
    x,
    { ringBits: wideningBits(n * largest, fractionBits), fractionBits },
    largest,
  );
  const sums = await mpc.widen(mpc.sum(wide, 1), wide.ringBits + MEAN_FRACTION_BITS);
  const scaled = share
    ? await mpc.multiply(sums, share, 'non-negative')
    : mpc.scale(sums, 1 / n, MEAN_FRACTION_BITS);
  const means = mpc.truncateReduce(scaled, MEAN_FRACTION_BITS);
  return mpc.subtract(wide, repeatColumns(mpc, means, n));
}

/** Of d: calibrated logits are below half of `largest`, and no distance to a mean is more than twice as large as they. */
const distanceRange = (largest: number): number => largest;

/** x [rows, n], visible [rows, n] or null where all columns count → probabilities [rows, n] */
export const quadraticSoftmaxOf = ({ shift }: QuadNumbers['softmaxLow']) =>
  protocol(
    'softmax',
    async function softmax(
      mpc: Backend,
      x: SharedTensor,
      { largest, out }: SoftmaxPlan,
      visible: SharedBits | null,
    ): Promise<SharedTensor> {
      const [rows, n] = x.shape as [number, number];
      const seen = visible ? await seenOf(mpc, x, visible) : { x, share: null };
      const distance = await lessMean(mpc, seen.x, seen.share, largest);

      const range = distanceRange(largest) + shift;
      const factorBits = wideningBits(range, FACTOR_FRACTION_BITS);
      const moved = shrink(mpc, mpc.addPublic(distance, shift), {
        ringBits: factorBits,
        fractionBits: FACTOR_FRACTION_BITS,
      });
      const whole = await mpc.square(moved, 2 * factorBits - 1);
      const square = mpc.truncateReduce(whole, 2 * FACTOR_FRACTION_BITS - SQUARE_FRACTION_BITS);
      const counted = visible ? await mpc.multiplex(visible, square) : square;

      // A square of a number near 0 may be a unit below it.
      const unit = 2 ** -SQUARE_FRACTION_BITS;
      const low = (visible ? 1 : n) * shift ** 2;
      const high = n * (distanceRange(largest) ** 2 + shift ** 2 + 2 * unit);
      const inverseFractionBits = INVERSE_BITS + integerBits(high);
      const ringBits = SQUARE_FRACTION_BITS + inverseFractionBits + 2;
      const powers = await widenNonNegative(mpc, mpc.addPublic(counted, unit), ringBits);
      const inverse = await reciprocal(mpc, mpc.sum(powers, 1), {
        low: 0.9 * low,
        high,
        out: {
          ringBits: inverseFractionBits - Math.floor(Math.log2(0.9 * low)) + 2,
          fractionBits: inverseFractionBits,
        },
      });
      const product = await mpc.multiply(mpc.reshape(powers, [rows, n]), inverse, 'non-negative');
      const small = { ringBits: out.fractionBits + 2, fractionBits: out.fractionBits };
      return widenNonNegative(mpc, shrink(mpc, product, small), out.ringBits);
    },
  );
