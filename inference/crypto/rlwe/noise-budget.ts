/**
 * Noise of a packed product, in TypeScript so that it can be read, and asserted in tests against measured noise.
 *
 * A message of k bits stands at multiples of Q/2^k. What a phase deviates by:
 *   product    sum of inputs·kOut terms (fresh error + rounding of the message) · weight: kOut columns of norm 2^normBits at most
 *   packing    one key switch for each halving of kIn, doubled by those after it
 *   zero       the public-key encryption of zero: u·e + e1·s + e2
 *   flooding   uniform in [-2^floodBits, 2^floodBits): hides the first two, which depend on the weights, and the third, which
 *              the client could otherwise solve for u, e1 and e2 and so undo
 *   switching  rounding when Q is divided down to the first downLimbs primes
 *   answering  rounding of the halves of what is sent back to fractions of aBits and bBits: says nothing that the halves did not
 * All but flooding and the b half's rounding are sums of many independent centred terms, treated as Gaussians. Rounding to the nearest multiple of
 * the step is exact while the sum stays below half a step, so the product is x·W modulo 2^k exactly, but for the failure
 * probability stated in the budget.
 */
import { digitPrimes, type RlweParameters } from './parameters.js';

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
  /** log2 of a bound on the noise that depends on the weights, modulo Q. */
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
  /** As `keySwitchDeviation`. */
  readonly keySwitch: readonly number[];
}

/** A text's layouts ask thousands of times. */
const tables = new WeakMap<RlweParameters, ModulusTable>();

const product = (factors: readonly number[]): number => factors.reduce((x, y) => x * y, 1);

function tableOf(parameters: RlweParameters): ModulusTable {
  const known = tables.get(parameters);
  if (known) return known;
  const { n, primes, specialPrimes } = parameters;
  const bits = [0];
  const keySwitch = [0];
  const special = product(specialPrimes);
  for (const [i, p] of primes.entries()) {
    bits.push(bits.at(-1)! + Math.log2(p));
    const sizes = digitPrimes(primes.slice(0, i + 1)).map((limbs) => (product(limbs) / special) ** 2);
    const products = (sizes.reduce((sum, size) => sum + size) * n * ERROR_VARIANCE) / 3;
    keySwitch.push(Math.sqrt(products + ROUNDING_VARIANCE * (1 + n * TERNARY_VARIANCE)));
  }
  const table = { bits, keySwitch };
  tables.set(parameters, table);
  return table;
}

/** Standard deviation of the noise that one key switch adds; digits are uniform below the products of their limbs. */
export const keySwitchDeviation = (parameters: RlweParameters, limbs: number): number =>
  tableOf(parameters).keySwitch[limbs]!;

function weightDeviation(parameters: RlweParameters, shape: NoiseShape, limbs: number): number {
  const { inputs, weightBits, kIn, kOut } = shape;
  const norm = 2 ** (shape.normBits ?? weightBits - 1 + Math.log2(inputs) / 2);
  const product = norm * Math.sqrt(kOut * (ERROR_VARIANCE + ROUNDING_VARIANCE));
  const packing = kIn > 1 ? (keySwitchDeviation(parameters, limbs) * kIn) / Math.sqrt(3) : 0;
  return Math.hypot(product, packing);
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
  const [modulusBits, downBits] = [bits[limbs]!, bits[downLimbs]!];
  const weights = weightDeviation(parameters, shape, limbs);
  const zero = Math.sqrt(ERROR_VARIANCE * (2 * n * TERNARY_VARIANCE + 1));
  const gaussian = Math.hypot(zero, weights);
  const weightNoiseBits = Math.log2(BOUND_DEVIATIONS * weights);
  const floodBits = Math.ceil(STATISTICAL_BITS + Math.log2(BOUND_DEVIATIONS * gaussian));
  // The last division's rounding counts in full, those before it by less than one part in 2^25.
  const switching = limbs > downLimbs ? Math.sqrt(ROUNDING_VARIANCE * (1 + n * TERNARY_VARIANCE)) : 0;
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
    if (!suffices(noiseBudget(parameters, shape, limbs, limbs))) continue;
    for (let downLimbs = 1; downLimbs <= limbs; downLimbs++) {
      const budget = noiseBudget(parameters, shape, limbs, downLimbs);
      if (suffices(budget)) return budget;
    }
  }
  throw new RangeError(
    `noise budget: ${parameters.name} with ${most} limbs cannot multiply ${shape.ringBits}-bit shares by ${shape.weightBits}-bit weights`,
  );
}

/** The same with halves of the fewest bits, if any suffice: first of a, of which all coefficients are sent. */
export function withShortestAnswer(
  parameters: RlweParameters,
  shape: NoiseShape,
  whole: NoiseBudget,
): NoiseBudget {
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

/** Both in turn. @throws RangeError if the parameters have too few limbs */
export const sufficientBudget = (parameters: RlweParameters, shape: NoiseShape): NoiseBudget =>
  withShortestAnswer(parameters, shape, fewestLimbs(parameters, shape));
