/**
 * LayerNorm over the last axis: c = x - mean, c · gamma · 1/sqrt(mean of c² + epsilon) + beta. The variance is taken from a
 * coarse copy of c: rounding errors average out over a row. c · gamma does not wait for it.
 */
import type { Backend } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { PrivateTensor, SharedTensor } from '../core/tensors.js';
import { convert, repeatColumns, shrink, signedBits, wideningBits } from './fixed-point.js';
import { inverseSqrt } from './inverse-power.js';
import { sideBySide } from './side-by-side.js';

export interface LayerNormPlan {
  readonly epsilon: number;
  /** |x| stays below. */
  readonly inputRange: number;
  /** Public bounds of the variance, with margin. */
  readonly variance: { readonly low: number; readonly high: number };
  /** |result| stays below. */
  readonly outputRange: number;
  /** |gamma| stays below 2^gammaBits, as in the model's scales. */
  readonly gammaBits: number;
  readonly out: RingFormat;
}

/** Known to the server: gamma and beta [features], in the formats of `layerNormFormats`. */
export interface LayerNormParameters {
  readonly gamma: PrivateTensor;
  readonly beta: PrivateTensor;
}

const MEAN_FRACTION_BITS = 20;

/** Fraction bits: c keeps 7 bits below the smallest sigma, 1/sigma 7 significant bits at its smallest. */
const precisionOf = ({ variance: { low, high } }: LayerNormPlan) => ({
  factorBits: 7 + Math.max(0, Math.ceil(-Math.log2(low) / 2)),
  inverseBits: 7 + Math.max(0, Math.ceil(Math.log2(high) / 2)),
});

/** Of gamma: rounding it is an error that every text has, and with 8 bits one text in ten kept other tokens than in float. */
const GAMMA_FRACTION_BITS = 11;
/** Large ones have fewer. */
const MOST_GAMMA_BITS = 14;

/** gamma in as few bits as the model's own numbers allow; beta as the product that it is added to, with the headroom to be widened. */
export function layerNormFormats(plan: LayerNormPlan): { gamma: RingFormat; beta: RingFormat } {
  const { factorBits, inverseBits } = precisionOf(plan);
  const fractionBits = factorBits + inverseBits;
  const wholeBits = plan.gammaBits + 1;
  const gammaFractionBits = Math.min(GAMMA_FRACTION_BITS, MOST_GAMMA_BITS - wholeBits);
  return {
    gamma: { ringBits: wholeBits + gammaFractionBits, fractionBits: gammaFractionBits },
    beta: { ringBits: wideningBits(plan.outputRange, fractionBits), fractionBits },
  };
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
  // A unit's square below low/64: what rounding a row's numbers leaves in its variance scales the whole row, and with it its logits, so a bit
  // here is worth more than one of c itself.
  const fractionBits = Math.min(c.fractionBits, Math.max(2, Math.ceil((6 - Math.log2(low)) / 2)));
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
    const { factorBits, inverseBits } = precisionOf(plan);
    const centred = await centre(mpc, x);
    const format = { ringBits: beta.ringBits + gamma.fractionBits, fractionBits: factorBits };
    const inverseRing = signedBits(2 / Math.sqrt(low), inverseBits);
    const sum = await sumOfSquares(mpc, centred, plan);
    // Behind the sum, so that messages of both lanes go the same way.
    const [inverse, scaled] = await sideBySide<SharedTensor, [SharedTensor]>(
      mpc,
      // 1/sigma = sqrt(features) / sqrt(sum of squares)
      (lane) =>
        inverseSqrt(lane, sum, {
          low: low * features,
          high: high * features,
          numerator: Math.sqrt(features),
          out: { ringBits: beta.ringBits, fractionBits: inverseBits },
        }),
      async (lane) => {
        const wide = await convert(lane, centred, format, 2 * plan.inputRange);
        const scaled = { ringBits: beta.ringBits, fractionBits: factorBits };
        return shrink(lane, await lane.multiplyPrivate(wide, gamma, scaled), scaled);
      },
    );
    const product = await mpc.multiply(scaled, inverse, 'non-negative', inverseRing);
    return convert(mpc, mpc.addPrivate(product, beta), plan.out, plan.outputRange);
  },
);
