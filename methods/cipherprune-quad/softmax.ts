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
  shrink,
  wideningBits,
  widenNonNegative,
} from '../../inference/functions/fixed-point.js';
import { reciprocal } from '../../inference/functions/inverse-power.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import type { Piecewise } from '../curves.js';
import { lessMean, seenOf } from '../parts/less-mean.js';
import type { QuadNumbers } from './numbers.js';

/** Of d + c as a factor, and of its square. */
const FACTOR_FRACTION_BITS = 3;
const SQUARE_FRACTION_BITS = 2;
/** Significant bits of 1/sum at its smallest. */
const INVERSE_BITS = 5;

/** The numerator over c², as training evaluates it: near 1, as exp of high rows is near its largest. */
export const quadraticCurve = ({ shift }: QuadNumbers['softmaxLow']): Piecewise => ({
  kind: 'polynomial',
  squarings: 1,
  bounds: [],
  segments: [[1, 1 / shift]],
});

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
      const { fractionBits } = x;
      const sumFormat = { ringBits: wideningBits(n * largest, fractionBits), fractionBits };
      const distance = await lessMean(mpc, await convert(mpc, seen.x, sumFormat, largest), seen.share);

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
