/**
 * LayerNorm over the last axis: c = x - mean, c · 1/sqrt(mean of c² + epsilon) · gamma + beta. The variance is taken from a
 * coarse copy of c: rounding errors average out over a row.
 */
import type { Backend } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { PrivateTensor, SharedTensor } from '../core/tensors.js';
import { convert, repeatColumns, signedBits, wideningBits } from './fixed-point.js';
import { inverseSqrt } from './inverse-power.js';

export interface LayerNormPlan {
  readonly epsilon: number;
  /** |x| stays below. */
  readonly inputRange: number;
  /** Public bounds of the variance, with margin. */
  readonly variance: { readonly low: number; readonly high: number };
  /** |result| stays below. */
  readonly outputRange: number;
  readonly out: RingFormat;
}

/** Known to the server: gamma and beta [features], in the formats of `layerNormFormats`. */
export interface LayerNormParameters {
  readonly gamma: PrivateTensor;
  readonly beta: PrivateTensor;
}

const NORMAL_FRACTION_BITS = 10;
const MEAN_FRACTION_BITS = 20;

/** gamma below 8 in magnitude with 8 fraction bits; beta at the scale of the product with it. */
export function layerNormFormats(plan: LayerNormPlan): { gamma: RingFormat; beta: RingFormat } {
  const gamma = { ringBits: 12, fractionBits: 8 };
  const fractionBits = NORMAL_FRACTION_BITS + gamma.fractionBits;
  // After gamma and beta, bits down to the output's scale are dropped and the rest is widened.
  return { gamma, beta: { ringBits: wideningBits(plan.outputRange, fractionBits), fractionBits } };
}

/** x [rows, features] → x - mean. One widening of the sums, so that they can be divided exactly. */
async function centre(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
  const features = x.shape[1]!;
  const sums = await mpc.widen(mpc.sum(x, 1), Math.min(64, x.ringBits + MEAN_FRACTION_BITS + 2));
  const means = mpc.truncateReduce(mpc.scale(sums, 1 / features, MEAN_FRACTION_BITS), MEAN_FRACTION_BITS);
  return mpc.subtract(x, repeatColumns(mpc, mpc.narrow(means, x.ringBits), features));
}

/** c [rows, features] → sum of c² + features · epsilon [rows] */
async function sumOfSquares(mpc: Backend, c: SharedTensor, plan: LayerNormPlan): Promise<SharedTensor> {
  const { low, high } = plan.variance;
  const features = c.shape[1]!;
  // A unit's square below low/16 leaves the bias of rounding below one percent of the smallest variance.
  const fractionBits = Math.min(c.fractionBits, Math.max(2, Math.ceil((4 - Math.log2(low)) / 2)));
  const ringBits = signedBits(2 * high * features, 2 * fractionBits);
  const factorBits = Math.max(wideningBits(2 * plan.inputRange, fractionBits), (ringBits >> 1) + 1);
  const coarse = await convert(mpc, c, { ringBits: factorBits, fractionBits }, 2 * plan.inputRange);
  const squares = await mpc.square(coarse, Math.max(ringBits, factorBits));
  return mpc.addPublic(mpc.sum(squares, 1), features * plan.epsilon);
}

/** x [rows, features] → [rows, features] in `plan.out` */
export const layerNorm = protocol(
  'layerNorm',
  async (
    mpc: Backend,
    x: SharedTensor,
    { gamma, beta }: LayerNormParameters,
    plan: LayerNormPlan,
  ): Promise<SharedTensor> => {
    const features = x.shape[1]!;
    const { low, high } = plan.variance;
    const centred = await centre(mpc, x);
    const squares = await sumOfSquares(mpc, centred, plan);

    // c keeps 8 bits below the smallest sigma, 1/sigma 7 significant bits at its smallest; a normalised value is at most
    // sqrt(features).
    const fractionBits = Math.min(x.fractionBits, 8 + Math.max(0, Math.ceil(-Math.log2(low) / 2)));
    const inverseFractionBits = 7 + Math.max(0, Math.ceil(Math.log2(high) / 2));
    const normalRange = Math.sqrt(features);
    const ringBits = wideningBits(normalRange, fractionBits + inverseFractionBits);
    // 1/sigma = sqrt(features) / sqrt(sum of squares)
    const inverse = await inverseSqrt(mpc, squares, {
      low: low * features,
      high: high * features,
      numerator: Math.sqrt(features),
      out: {
        ringBits: signedBits(2 / Math.sqrt(low), inverseFractionBits),
        fractionBits: inverseFractionBits,
      },
    });
    const factor = await convert(mpc, centred, { ringBits, fractionBits }, 2 * plan.inputRange);
    const product = await mpc.multiply(factor, inverse, 'non-negative');

    const normal = await convert(
      mpc,
      product,
      { ringBits: beta.ringBits, fractionBits: NORMAL_FRACTION_BITS },
      normalRange,
    );
    const result = mpc.addPrivate(await mpc.multiplyPrivate(normal, gamma), beta);
    return convert(mpc, result, plan.out, plan.outputRange);
  },
);
