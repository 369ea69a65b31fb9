/**
 * LayerNorm over the last axis: c = x - mean, c · gamma · 1/sqrt(mean of c² + epsilon) + beta. The variance is taken from a
 * coarse copy of x: rounding errors average out over a row. c · gamma does not wait for it.
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

/** Of the sums of x's rows, to be divided. */
const sumsRing = (x: SharedTensor): number => Math.min(64, x.ringBits + MEAN_FRACTION_BITS + 2);

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
  const sums = await mpc.widen(mpc.sum(x, 1), sumsRing(x));
  const means = mpc.truncateReduce(mpc.scale(sums, 1 / features, MEAN_FRACTION_BITS), MEAN_FRACTION_BITS);
  return mpc.subtract(x, repeatColumns(mpc, mpc.narrow(means, x.ringBits), features));
}

/** How squares are made: at so many fraction bits, of so many bits into the ring of their sums. */
interface SquaresPlan {
  readonly fractionBits: number;
  readonly factorBits: number;
  readonly ringBits: number;
}

/** Of x - mean; `moreBits`: in so much larger a ring. */
function squaresPlan(
  x: SharedTensor,
  { variance: { low, high }, inputRange }: LayerNormPlan,
  moreBits = 0,
): SquaresPlan {
  // A unit's square below low/64: what rounding a row's numbers leaves in its variance scales the whole row, and with it its logits, so a bit
  // here is worth more than one of c itself.
  const fractionBits = Math.min(x.fractionBits, Math.max(2, Math.ceil((6 - Math.log2(low)) / 2)));
  const bitsOfFactors = (ringBits: number): number =>
    Math.max(wideningBits(2 * inputRange, fractionBits), (ringBits >> 1) + 1);
  const sumBits = signedBits(2 * high * x.shape[1]!, 2 * fractionBits);
  const ringBits = Math.max(sumBits, bitsOfFactors(sumBits)) + moreBits;
  return { fractionBits, factorBits: bitsOfFactors(ringBits), ringBits };
}

/** Squares of x as it is, and of its sums: with n = odd · 2^twos features, odd · Σ x² - (Σ x)² / 2^twos is odd · n times the variance, and less than 2^`drops` times as much. */
interface UncentredPlan {
  readonly squares: SquaresPlan;
  readonly odd: number;
  readonly twos: number;
  readonly drops: number;
  /** Of the sums, and of their squares. */
  readonly sumBits: number;
  readonly squareBits: number;
}

/** Larger odd parts cost every square more bits than a message is worth. */
const MOST_ODD = 3;

/** Null where the odd part is large, or the ring too small. */
function uncentredPlan(x: SharedTensor, plan: LayerNormPlan): UncentredPlan | null {
  const features = x.shape[1]!;
  const twos = 31 - Math.clz32(features & -features);
  const odd = features / 2 ** twos;
  const drops = Math.ceil(Math.log2(odd));
  const squares = squaresPlan(x, plan, drops);
  const sumBits = x.ringBits - (x.fractionBits - squares.fractionBits);
  const squareBits = Math.max(squares.ringBits + twos, sumBits);
  const fits =
    odd <= MOST_ODD && squares.factorBits <= sumBits && squareBits < 2 * sumBits && squareBits <= 64;
  return fits ? { squares, odd, twos, drops, sumBits, squareBits } : null;
}

/** x [rows, features] → [rows] */
async function sumOfSquares(
  mpc: Backend,
  x: SharedTensor,
  { fractionBits, factorBits, ringBits }: SquaresPlan,
  range: number,
): Promise<SharedTensor> {
  const coarse = await convert(mpc, x, { ringBits: factorBits, fractionBits }, range);
  return mpc.sum(await mpc.square(coarse, ringBits), 1);
}

/** As `deviations`, of the coarse copy of x, exactly: nothing waits for the mean. */
async function uncentred(
  mpc: Backend,
  x: SharedTensor,
  { squares: plan, odd, twos, drops, sumBits, squareBits }: UncentredPlan,
  range: number,
): Promise<readonly [sum: SharedTensor, centred: SharedTensor]> {
  const { fractionBits } = plan;
  const [squares, ofSums, centred] = await sideBySide<SharedTensor, [SharedTensor, SharedTensor]>(
    mpc,
    (lane) => sumOfSquares(lane, x, plan, range),
    (lane) => {
      const coarse = shrink(lane, x, { ringBits: sumBits, fractionBits });
      return lane.square(lane.sum(coarse, 1), squareBits);
    },
    (lane) => centre(lane, x),
  );
  const divided = mpc.narrow(mpc.truncateReduce(ofSums, twos), squares.ringBits);
  const sum = mpc.subtract(mpc.scale(squares, odd, 0), mpc.reinterpret(divided, 2 * fractionBits));
  return [mpc.reinterpret(mpc.truncateReduce(sum, drops), 2 * fractionBits), centred];
}

/** x - mean [rows, features], and `times` · features · variance [rows]; `leastTimes`: where squares are made ahead. */
interface Deviations {
  readonly centred: SharedTensor;
  readonly sum: SharedTensor;
  readonly times: number;
  readonly leastTimes: number;
}

/**
 * x [rows, features]. On demand a message less would cost bits and save nothing, since the parties' turns are then the other way round; where squares
 * were made ahead it saves one.
 */
async function deviations(mpc: Backend, x: SharedTensor, plan: LayerNormPlan): Promise<Deviations> {
  const [rows, features] = x.shape as [number, number];
  const range = 2 * plan.inputRange;
  const byMean = async (lane: Backend, y: SharedTensor) => {
    const centred = await centre(lane, y);
    return [await sumOfSquares(lane, centred, squaresPlan(y, plan), range), centred] as const;
  };
  const early = uncentredPlan(x, plan);
  if (!mpc.ifMade || !early) {
    const [sum, centred] = await byMean(mpc, x);
    return { sum, centred, times: 1, leastTimes: 1 };
  }
  const { squares, odd, drops, sumBits, squareBits } = early;
  const wanted = [
    { kind: 'square', count: rows * features, bits: squares.factorBits, ringBits: squares.ringBits },
    { kind: 'square', count: rows, bits: sumBits, ringBits: squareBits },
    { kind: 'widen', count: rows, bits: x.ringBits, ringBits: sumsRing(x) },
  ] as const;
  const { isAhead, tensors } = await mpc.ifMade(
    x,
    wanted,
    (lane, y) => uncentred(lane, y, early, range),
    byMean,
  );
  const [sum, centred] = tensors as readonly [SharedTensor, SharedTensor];
  const leastTimes = odd / 2 ** drops;
  return { sum, centred, times: isAhead ? leastTimes : 1, leastTimes };
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
    const { sum: scaledSum, centred, times, leastTimes } = await deviations(mpc, x, plan);
    const sum = mpc.addPublic(scaledSum, times * features * plan.epsilon);
    const format = { ringBits: beta.ringBits + gamma.fractionBits, fractionBits: factorBits };
    const inverseRing = signedBits(2 / Math.sqrt(low), inverseBits);
    // Behind the squares, so that messages of both lanes go the same way.
    const [inverse, scaled] = await sideBySide<SharedTensor, [SharedTensor]>(
      mpc,
      // 1/sigma = sqrt(features) / sqrt(sum of squares)
      (lane) =>
        inverseSqrt(lane, sum, {
          low: low * features * times,
          high: high * features,
          numerator: Math.sqrt(features * times),
          tables: { low: low * features * leastTimes, numerator: Math.sqrt(features) },
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
