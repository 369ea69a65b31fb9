/**
 * LayerNorm over the last axis: c = x - mean, c · gamma · 1/sqrt(mean of c² + epsilon) + beta. c · gamma does not wait for the variance.
 *
 * Ahead of the text the product with 1/sigma is computed in a ring from which the result is cut, where rows are few: on demand, and where they are
 * many, bits cost more than the message that widens a smaller one.
 */
import type { Backend, Wanted, WantedOperation } from '../backends/backend.js';
import { inLargerRing, type RingFormat } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { PrivateTensor, SharedTensor } from '../core/tensors.js';
import {
  byMean,
  type Deviations,
  type DeviationsPlan,
  sumFormat,
  timesOf,
  uncentred,
  uncentredPlan,
  wantedOf,
} from './deviations.js';
import { convert, convertedBy, shrink, signedBits, wideningBits } from './fixed-point.js';
import { inverseSqrt, inverseSqrtTable } from './inverse-power.js';
import type { InversePowerPlan } from './inverse-power-lines.js';
import { sideBySide } from './side-by-side.js';

export interface LayerNormPlan extends DeviationsPlan {
  readonly epsilon: number;
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

/** Of (x - mean) · gamma, before and behind its cut to a ring of `ringBits`. */
interface ScaledPlan {
  readonly factor: RingFormat;
  readonly scaled: RingFormat;
}

function scaledInto(ringBits: number, { gamma }: LayerNormParameters, plan: LayerNormPlan): ScaledPlan {
  const { factorBits: fractionBits } = precisionOf(plan);
  return {
    factor: { ringBits: ringBits + gamma.fractionBits, fractionBits },
    scaled: { ringBits, fractionBits },
  };
}

/** It fits fewer bits than what it is multiplied into. To widen it then takes a message more, which hides behind 1/sigma on demand. */
function narrowlyScaled(parameters: LayerNormParameters, plan: LayerNormPlan): ScaledPlan {
  const range = 2 * plan.inputRange * 2 ** plan.gammaBits;
  const ringBits = wideningBits(range, precisionOf(plan).factorBits);
  return scaledInto(Math.min(parameters.beta.ringBits, ringBits), parameters, plan);
}

/** Of 1/sigma = sqrt(features) / sqrt(sum of squares), from `times` the sum of squares. */
function inversePlan(
  plan: LayerNormPlan,
  features: number,
  times: number,
  ringBits: number,
): InversePowerPlan {
  const { low, high } = plan.variance;
  return {
    low: low * features * times,
    high: high * features,
    numerator: Math.sqrt(features * times),
    out: { ringBits, fractionBits: precisionOf(plan).inverseBits },
  };
}

/** → [rows, features] in `plan.out`, from a product modulo 2^ringBits */
async function normalised(
  mpc: Backend,
  { centred, sum: sumOfSquares, times }: Deviations,
  parameters: LayerNormParameters,
  plan: LayerNormPlan,
  { factor, scaled }: ScaledPlan,
  ringBits: number,
): Promise<SharedTensor> {
  const { gamma, beta } = parameters;
  const features = centred.shape[1]!;
  const sum = mpc.addPublic(sumOfSquares, times * features * plan.epsilon);
  // Behind the squares, so that messages of both lanes go the same way.
  const [inverse, wide] = await sideBySide<SharedTensor, [SharedTensor]>(
    mpc,
    (lane) => inverseSqrt(lane, sum, inversePlan(plan, features, times, ringBits)),
    async (lane) => {
      const input = await convert(lane, centred, factor, 2 * plan.inputRange);
      const product = shrink(lane, await lane.multiplyPrivate(input, gamma, scaled), scaled);
      return lane.widen(product, ringBits);
    },
  );
  const inverseRing = signedBits(2 / Math.sqrt(plan.variance.low), precisionOf(plan).inverseBits);
  const product = await mpc.multiply(wide, inverse, 'non-negative', inverseRing);
  return convert(mpc, mpc.addPrivate(product, inLargerRing(beta, ringBits)), plan.out, plan.outputRange);
}

/** A round trip less is worth so many bytes on a line of 3 Gbit/s and 0.8 ms, and four times as many on one of 200 Mbit/s and 40 ms. */
const MOST_BYTES_FOR_A_MESSAGE = 1 << 18;

/** The product's ring ahead of the text, with the headroom to be cut to the result's, or the narrow one of beta. */
function ringAhead(
  [rows, features]: readonly [number, number],
  { out }: LayerNormPlan,
  beta: RingFormat,
): number {
  const reaching = out.ringBits + beta.fractionBits - out.fractionBits;
  const bytes = (2 * rows * features * (reaching - beta.ringBits)) / 8;
  return reaching > beta.ringBits && bytes <= MOST_BYTES_FOR_A_MESSAGE ? reaching : beta.ringBits;
}

/** What a way of fewer messages works on; null where there is none. */
function earlyPlan(x: SharedTensor, parameters: LayerNormParameters, plan: LayerNormPlan) {
  const ofScaled = narrowlyScaled(parameters, plan);
  const { factor, scaled } = ofScaled;
  // Widened beside the sums, so that nothing is left to be widened before gamma.
  const centredBits = factor.ringBits + Math.max(0, x.fractionBits - factor.fractionBits);
  const deviations: DeviationsPlan = { ...plan, centredBits };
  const squares = uncentredPlan(x, deviations);
  if (!squares) return null;
  const { gamma, beta } = parameters;
  const [rows, features] = x.shape as [number, number];
  const widen = (bits: number, ringBits: number): WantedOperation[] =>
    bits < ringBits ? [{ kind: 'widen', count: features, bits, ringBits }] : [];
  const into = (ringBits: number): { readonly ringBits: number; readonly wanted: Wanted } | null => {
    const inverse = inversePlan(plan, features, timesOf(squares), ringBits);
    const table = inverseSqrtTable(sumFormat(squares), inverse);
    if (!table) return null;
    const last = convertedBy({ ...beta, ringBits }, plan.out, plan.outputRange);
    const wanted: Wanted = [
      wantedOf(x, squares, deviations),
      [
        [{ kind: 'lines', x: sumFormat(squares), table }],
        [
          { kind: 'multiplyPrivate', factors: gamma, ringBits: factor.ringBits },
          ...widen(scaled.ringBits, ringBits),
        ],
      ],
      [[{ kind: 'multiply', width: features, ringBits }]],
      [widen(last.ringBits, plan.out.ringBits)],
    ];
    return { ringBits, wanted };
  };
  const way = into(ringAhead([rows, features], plan, beta)) ?? into(beta.ringBits);
  return way && { scaled: ofScaled, deviations, squares, ...way };
}

/** x [rows, features] → [rows, features] in `plan.out` */
export const layerNorm = protocol(
  'layerNorm',
  async (
    mpc: Backend,
    x: SharedTensor,
    parameters: LayerNormParameters,
    plan: LayerNormPlan,
  ): Promise<SharedTensor> => {
    const early = mpc.ifMade ? earlyPlan(x, parameters, plan) : null;
    const product = parameters.beta.ringBits;
    const scaled = early?.scaled ?? scaledInto(product, parameters, plan);
    const onDemand = async (lane: Backend, y: SharedTensor): Promise<SharedTensor> =>
      normalised(lane, await byMean(lane, y, plan), parameters, plan, scaled, product);
    if (!early) return onDemand(mpc, x);
    const { deviations, squares, ringBits, wanted } = early;
    const ahead = async (lane: Backend, y: SharedTensor): Promise<SharedTensor> =>
      normalised(lane, await uncentred(lane, y, deviations, squares), parameters, plan, scaled, ringBits);
    const { tensors } = await mpc.ifMade!(
      x,
      wanted,
      async (lane, y) => [await ahead(lane, y)],
      async (lane, y) => [await onDemand(lane, y)],
    );
    return tensors[0]!;
  },
);
