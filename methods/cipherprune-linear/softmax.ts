/**
 * Softmax of low rows as (1 + a·d)/n with d the distance of a logit to the mean of its row and a public a: the line through softmax where
 * all logits are equal, whose values add up to 1 by themselves. No maximum, no exp, no sum and no reciprocal, and probabilities may be
 * below 0 (scaled attention of MPCViT, ICCV 2023, which has a constant times the logit). Where all columns count, all of it is
 * local, but that narrow logits come into the ring of the product with the values.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { convert, shrink, wideningBits } from '../../inference/functions/fixed-point.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import type { Piecewise } from '../curves.js';
import { lessMean, seenOf } from '../parts/less-mean.js';
import type { LinearNumbers } from './numbers.js';

type LowSoftmax = LinearNumbers['softmaxLow'];

/** Of logits. Each more is a bit of every element that is widened. */
const LOGIT_FRACTION_BITS = 6;
/** Of a factor between 1/2 and 1. */
const FACTOR_FRACTION_BITS = 8;

const octavesOf = (n: number): number => Math.floor(Math.log2(n));

/** n times the result, as training evaluates it. */
export const linearCurve = ({ halvings }: LowSoftmax): Piecewise => ({
  kind: 'polynomial',
  squarings: 0,
  bounds: [],
  segments: [[1, 2 ** -halvings]],
});

/** x · 1/n in `fractionBits`, n public: the power of two of n is read, the rest multiplied. Local. */
function divide(mpc: Backend, x: SharedTensor, n: number, fractionBits: number): SharedTensor {
  const octaves = octavesOf(n);
  const scaled = mpc.scale(x, 2 ** octaves / n, FACTOR_FRACTION_BITS);
  const read = mpc.reinterpret(scaled, scaled.fractionBits + octaves);
  return mpc.truncateReduce(read, read.fractionBits - fractionBits);
}

/** x [rows, n], visible [rows, n] or null where all columns count → probabilities [rows, n] */
export const linearSoftmaxOf = ({ halvings }: LowSoftmax) =>
  protocol(
    'softmax',
    async function softmax(
      mpc: Backend,
      x: SharedTensor,
      { largest, out }: SoftmaxPlan,
      visible: SharedBits | null,
    ): Promise<SharedTensor> {
      const n = x.shape[1]!;
      const seen = visible ? await seenOf(mpc, x, visible) : { x, share: null };
      // Of the division by n: what it drops is to leave the product's ring.
      const divisor = seen.share?.fractionBits ?? FACTOR_FRACTION_BITS + octavesOf(n);
      const dropped = LOGIT_FRACTION_BITS + halvings + divisor - out.fractionBits;
      const ringBits = Math.max(out.ringBits + dropped, wideningBits(n * largest, LOGIT_FRACTION_BITS));
      const format = { ringBits, fractionBits: LOGIT_FRACTION_BITS };
      const distance = await lessMean(mpc, await convert(mpc, seen.x, format, largest), seen.share);
      const line = mpc.addPublic(mpc.reinterpret(distance, LOGIT_FRACTION_BITS + halvings), 1);
      if (!visible || !seen.share) return mpc.narrow(divide(mpc, line, n, out.fractionBits), out.ringBits);
      const shares = await mpc.multiply(line, seen.share, 'non-negative');
      return mpc.multiplex(visible, shrink(mpc, shares, out));
    },
  );
