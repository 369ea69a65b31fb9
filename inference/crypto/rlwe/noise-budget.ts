/**
 * Noise of a packed product, in TypeScript so that it can be read, and asserted in tests against measured noise.
 *
 * A message of k bits stands at multiples of Q/2^k. What a phase deviates by:
 *   product    sum of inputs·kOut terms (fresh error + rounding of the message) · weight: kOut columns of norm 2^normBits at most
 *   dropping   rounding when a product of five limbs is divided down to four, which is what is packed
 *   packing    one key switch for each of kIn components, all divided at once
 *   zero       the public-key encryption of zero: u·e + e1·s + e2
 *   flooding   uniform in [-2^floodBits, 2^floodBits): hides the first two, which depend on the weights, and the third, which
 *              the client could otherwise solve for u, e1 and e2 and so undo
 *   switching  rounding when Q is divided down to the first downLimbs primes
 *   answering  rounding of the halves of what is sent back to fractions of aBits and bBits: says nothing that the halves did not
 * All but flooding and the b half's rounding are sums of many independent centred terms, treated as Gaussians. Rounding to the nearest multiple of
 * the step is exact while the sum stays below half a step, so the product is x·W modulo 2^k exactly, but for the failure
 * probability stated in the budget.
 */
import { divisorsOf, maximumKIn, packedLimbs, type RlweParameters } from './parameters.js';

export interface NoiseShape {
  readonly ringBits: number;
  /** Terms of an output. */
  readonly inputs: number;
  /** Bits of a signed weight. */
  readonly weightBits: number;
  /** log2 of a bound on the Euclidean norm of any column of weights; by default that of entries of weightBits each. */
  readonly normBits?: number | undefined;
  readonly kIn: number;
  readonly kOut: number;
}

export interface NoiseBudget {
  readonly limbs: number;
  readonly downLimbs: number;
  /** Bits of a coefficient of each half that is sent back; 0 where all residues are. */
  readonly aBits: number;
  readonly bBits: number;
  readonly floodBits: number;
  /** log2 of a bound on the noise that depends on the weights, modulo the packed limbs. */
  readonly weightNoiseBits: number;
  /** log2 of the bound on the whole noise as a fraction of the modulus; the result is exact below -(ringBits + 1). */
  readonly relativeNoiseBits: number;
  /** log2 of the probability that one output is rounded wrongly; at least -1000. */
  readonly failureBits: number;
}

/** Flooding exceeds the noise that it hides by this factor's bits, at each output: the statistical security parameter. */
export const STATISTICAL_BITS = 40;
const ERROR_VARIANCE = 10.5;
const TERNARY_VARIANCE = 2 / 3;
const ROUNDING_VARIANCE = 1 / 12;
/** Deviations counted as a bound: beyond 8 a Gaussian has probability 2^-49. */
const BOUND_DEVIATIONS = 8;
/** Wanted for each output coefficient. */
export const FAILURE_BITS = -64;

/** log2 of the two-sided tail of a Gaussian beyond z deviations (Chernoff). */
export const tailBits = (z: number): number => Math.max(-1000, 1 - (z * z) / 2 / Math.LN2);

/** What follows from the parameters alone, by numbers of limbs: index 0 is none. */
interface ModulusTable {
  /** log2 of the product of the first primes. */
  readonly bits: readonly number[];
  /** As `packingDeviation`. */
  readonly packing: readonly number[];
}

/** A text's layouts ask thousands of times. */
const tables = new WeakMap<RlweParameters, ModulusTable>();

function tableOf(parameters: RlweParameters): ModulusTable {
  const known = tables.get(parameters);
  if (known) return known;
  const { n, primes } = parameters;
  const bits = [0];
  const packing = [0];
  const divisorBits = divisorsOf(parameters).reduce((sum, p) => sum + Math.log2(p), 0);
  for (const [i, p] of primes.entries()) {
    bits.push(bits.at(-1)! + Math.log2(p));
    const digit = compositionVariance(i + 1) * 4 ** (bits.at(-1)! - divisorBits);
    const products = maximumKIn(parameters) * n * ERROR_VARIANCE * digit;
    const division = compositionVariance(divisorsOf(parameters).length) * (1 + n * TERNARY_VARIANCE);
    packing.push(Math.sqrt(products + division));
  }
  const table = { bits, packing };
  tables.set(parameters, table);
  return table;
}

/**
 * Of an element, in units of its modulus, that is put together from uniform residues of so many primes, as the kernels do it: a sum of as
 * many uniform parts, less half their number, rounded down.
 */
const compositionVariance = (primes: number): number => primes / 12 + (primes % 2) / 4;

/** Standard deviation of the noise that packing adds. Keys for less than the most features are sums of those for the most: the same noise. */
export const packingDeviation = (parameters: RlweParameters, limbs: number): number =>
  tableOf(parameters).packing[limbs]!;

const roundingDeviation = ({ n }: RlweParameters): number =>
  Math.sqrt(ROUNDING_VARIANCE * (1 + n * TERNARY_VARIANCE));

/** Modulo the product of the packed limbs. */
function weightDeviation(parameters: RlweParameters, shape: NoiseShape, limbs: number): number {
  const { inputs, weightBits, kIn, kOut } = shape;
  const norm = 2 ** (shape.normBits ?? weightBits - 1 + Math.log2(inputs) / 2);
  const product = norm * Math.sqrt(kOut * (ERROR_VARIANCE + ROUNDING_VARIANCE));
  if (kIn === 1) return product;
  const packed = packedLimbs(limbs, kIn);
  const { bits } = tableOf(parameters);
  const dropping = packed < limbs ? roundingDeviation(parameters) : 0;
  return Math.hypot(
    product * 2 ** (bits[packed]! - bits[limbs]!),
    dropping,
    packingDeviation(parameters, packed),
  );
}

/** Halves of what is sent back, in bits a coefficient. */
export interface AnswerBits {
  readonly aBits: number;
  readonly bBits: number;
}

const WHOLE: AnswerBits = { aBits: 0, bBits: 0 };
/** As the kernels have it; a residue has PRIME_BITS. */
const MOST_ANSWER_BITS = 52;
const PRIME_BITS = 26;

/** The budget with the given numbers of limbs, whether it suffices or not; halves are sent back whole unless bits are given. */
export function noiseBudget(
  parameters: RlweParameters,
  shape: NoiseShape,
  limbs: number,
  downLimbs: number,
  answer: AnswerBits = WHOLE,
): NoiseBudget {
  const { n } = parameters;
  const { bits } = tableOf(parameters);
  const packed = packedLimbs(limbs, shape.kIn);
  const [modulusBits, downBits] = [bits[packed]!, bits[downLimbs]!];
  const weights = weightDeviation(parameters, shape, limbs);
  const zero = Math.sqrt(ERROR_VARIANCE * (2 * n * TERNARY_VARIANCE + 1));
  const gaussian = Math.hypot(zero, weights);
  const weightNoiseBits = Math.log2(BOUND_DEVIATIONS * weights);
  const floodBits = Math.ceil(STATISTICAL_BITS + Math.log2(BOUND_DEVIATIONS * gaussian));
  // The last division's rounding counts in full, those before it by less than one part in 2^25.
  const switching = packed > downLimbs ? roundingDeviation(parameters) : 0;
  const { aBits, bBits } = answer;
  const answering = aBits === 0 ? 0 : Math.sqrt(ROUNDING_VARIANCE * n * TERNARY_VARIANCE) * 2 ** -aBits;
  const deviation = Math.hypot(gaussian * 2 ** -modulusBits, 1.001 * switching * 2 ** -downBits, answering);
  const uniform = 2 ** (floodBits - modulusBits) + 2 ** -downBits + (bBits === 0 ? 0 : 2 ** -(bBits + 1));
  const halfStep = 2 ** -(shape.ringBits + 1);
  return {
    limbs,
    downLimbs,
    aBits,
    bBits,
    floodBits,
    weightNoiseBits,
    relativeNoiseBits: Math.log2(uniform + BOUND_DEVIATIONS * deviation),
    failureBits: uniform < halfStep ? tailBits((halfStep - uniform) / deviation) : 0,
  };
}

const suffices = (budget: NoiseBudget): boolean => budget.failureBits <= FAILURE_BITS;

/**
 * The fewest limbs, from `atLeast` on, that make the product exact but for a probability of 2^-64 an output; then the fewest to send
 * back, whole. More features or outputs a ciphertext never take fewer limbs.
 * @throws RangeError if the parameters have too few
 */
export function fewestLimbs(parameters: RlweParameters, shape: NoiseShape, atLeast = 1): NoiseBudget {
  const most = parameters.primes.length;
  for (let limbs = atLeast; limbs <= most; limbs++) {
    // To send back all of them is never worse.
    const packed = packedLimbs(limbs, shape.kIn);
    if (!suffices(noiseBudget(parameters, shape, limbs, packed))) continue;
    for (let downLimbs = 1; downLimbs <= packed; downLimbs++) {
      const budget = noiseBudget(parameters, shape, limbs, downLimbs);
      if (suffices(budget)) return budget;
    }
  }
  throw new RangeError(
    `noise budget: ${parameters.name} with ${most} limbs cannot multiply ${shape.ringBits}-bit shares by ${shape.weightBits}-bit weights`,
  );
}

/** The same with halves of the fewest bits, if any suffice: first of a, of which all coefficients are sent. */
function withShortestAnswer(parameters: RlweParameters, shape: NoiseShape, whole: NoiseBudget): NoiseBudget {
  const { limbs, downLimbs } = whole;
  const most = Math.min(MOST_ANSWER_BITS, PRIME_BITS * downLimbs - 1);
  for (let aBits = shape.ringBits + 1; aBits <= most; aBits++) {
    // More bits of b are never worse.
    if (!suffices(noiseBudget(parameters, shape, limbs, downLimbs, { aBits, bBits: aBits }))) continue;
    for (let bBits = shape.ringBits + 1; bBits <= aBits; bBits++) {
      const budget = noiseBudget(parameters, shape, limbs, downLimbs, { aBits, bBits });
      if (suffices(budget)) return budget;
    }
  }
  return whole;
}

/** Budgets of one shape but for kIn and kOut, each found once. */
export class Budgets {
  readonly #whole = new Map<number, NoiseBudget>();
  readonly #shortest = new Map<NoiseBudget, NoiseBudget>();

  constructor(private readonly parameters: RlweParameters) {}

  /** As `fewestLimbs`. */
  whole(shape: NoiseShape, atLeast: number): NoiseBudget {
    const key = shape.kIn * this.parameters.n + shape.kOut;
    let budget = this.#whole.get(key);
    if (!budget) {
      budget = fewestLimbs(this.parameters, shape, atLeast);
      this.#whole.set(key, budget);
    }
    return budget;
  }

  /** As `withShortestAnswer`, of what `whole` gave for this shape. */
  shortest(shape: NoiseShape, whole: NoiseBudget): NoiseBudget {
    let budget = this.#shortest.get(whole);
    if (!budget) {
      budget = withShortestAnswer(this.parameters, shape, whole);
      this.#shortest.set(whole, budget);
    }
    return budget;
  }
}
