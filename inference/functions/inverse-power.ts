/**
 * x^-p for p = 1 (reciprocal) and p = 1/2 (inverse square root) of positive x within public bounds.
 *
 * The bounds are cut into intervals of equal ratio; one batch of comparisons finds the interval, and its bits are a first
 * guess: 1/mid and mid^-p are sums of public steps over the bits, without a message. With e = 1 - x/mid, small,
 * x^-p = mid^-p (1 - e)^-p ≈ mid^-p (1 + p e + p (p+1)/2 e²). The error is of third order: 0.0007 for p = 1 at four intervals
 * an octave, 0.0006 for p = 1/2 at three.
 */
import type { Backend } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { integerBits, shrink, signedBits } from './fixed-point.js';

export interface InversePowerPlan {
  /** Public bounds of x; it may reach them. */
  readonly low: number;
  readonly high: number;
  /** The result is this times x^-p; 1 by default. */
  readonly numerator?: number;
  readonly out: RingFormat;
}

interface Series {
  readonly power: number;
  readonly intervalsPerOctave: number;
  /** 1 + p e + p (p+1)/2 e² as integers over 2^denominatorBits. */
  readonly terms: readonly [number, number, number];
  readonly denominatorBits: number;
}

const RECIPROCAL: Series = { power: 1, intervalsPerOctave: 4, terms: [1, 1, 1], denominatorBits: 0 };
const INVERSE_SQRT: Series = { power: 0.5, intervalsPerOctave: 3, terms: [8, 4, 3], denominatorBits: 3 };

/** Fraction bits of e: |e| < 0.12, and its error counts in full. */
const ERROR_FRACTION_BITS = 12;
/** Room for 4 e + 3 e² with the headroom of a narrow factor. */
const ERROR: RingFormat = { ringBits: ERROR_FRACTION_BITS + 2, fractionBits: ERROR_FRACTION_BITS };

function intervals({ low, high }: InversePowerPlan, { intervalsPerOctave }: Series) {
  const ratio = 2 ** (1 / intervalsPerOctave);
  const count = Math.max(1, Math.ceil(Math.log2(high / low) * intervalsPerOctave));
  const borders = Array.from({ length: count - 1 }, (_, i) => low * ratio ** (i + 1));
  // The middle by which x / mid is as far below 1 as above.
  const middles = Array.from({ length: count }, (_, i) => (low * ratio ** i * (1 + ratio)) / 2);
  return { borders, middles };
}

/** x [n] → bits [borders, n] in a ring of `ringBits`: is x at or above the border? Compared with 1/32 of the lowest border as unit. */
async function compareWithBorders(
  mpc: Backend,
  x: SharedTensor,
  borders: readonly number[],
  high: number,
  ringBits: number,
): Promise<SharedTensor | null> {
  if (borders.length === 0) return null;
  const fractionBits = Math.min(x.fractionBits, Math.max(0, 5 - Math.floor(Math.log2(borders[0]!))));
  const small = shrink(mpc, x, { ringBits: signedBits(2 * high, fractionBits), fractionBits });
  const rows = small.shape[0]!;
  const below = await mpc.areNegative(
    small,
    borders.map((border) => [{ rows, value: -border }]),
  );
  return mpc.toArithmetic(mpc.not(below), ringBits);
}

/** bits [steps, n], values [steps + 1] → the value of the interval [n] in the given format. Local. */
function lookUp(
  mpc: Backend,
  bits: SharedTensor | null,
  values: readonly number[],
  rows: number,
  { ringBits, fractionBits }: RingFormat,
): SharedTensor {
  let sum = mpc.constant(values[0]!, [rows], ringBits, fractionBits);
  if (bits === null) return sum;
  const unit = 2 ** fractionBits;
  const all = mpc.narrow(bits, ringBits);
  for (let i = 1; i < values.length; i++) {
    const bit = mpc.reshape(mpc.slice(all, 0, i - 1, i), [rows]);
    // Differences of rounded values, so that the sum is a rounded value.
    const step = Math.round(values[i]! * unit) - Math.round(values[i - 1]! * unit);
    sum = mpc.add(sum, mpc.scale(bit, step / unit, fractionBits));
  }
  return sum;
}

async function inversePower(
  mpc: Backend,
  x: SharedTensor,
  plan: InversePowerPlan,
  series: Series,
): Promise<SharedTensor> {
  const rows = x.shape[0]!;
  const { power, terms, denominatorBits } = series;
  const { numerator = 1, low, high, out } = plan;
  const { borders, middles } = intervals(plan, series);
  // Steps are known in any ring, so x and e are the narrow factors; x keeps 12 significant bits at its smallest, and so
  // does 1/mid.
  const inverseBits = ERROR_FRACTION_BITS + integerBits(high);
  const factorBits = Math.min(x.fractionBits, Math.max(0, ERROR_FRACTION_BITS - Math.floor(Math.log2(low))));
  const factor = shrink(mpc, x, { ringBits: signedBits(2 * high, factorBits), fractionBits: factorBits });
  const inverseFormat = { ringBits: signedBits(4, factorBits + inverseBits), fractionBits: inverseBits };
  const guessFormat = {
    ringBits: out.ringBits + ERROR_FRACTION_BITS + denominatorBits,
    fractionBits: out.fractionBits,
  };
  const stepRing = Math.max(inverseFormat.ringBits, guessFormat.ringBits);
  const bits = await compareWithBorders(mpc, x, borders, high, stepRing);
  const lookUpPower = (exponent: number, scale: number, format: RingFormat) =>
    lookUp(
      mpc,
      bits,
      middles.map((middle) => scale * middle ** -exponent),
      rows,
      format,
    );

  const quotient = await mpc.multiply(lookUpPower(1, 1, inverseFormat), factor, 'non-negative');
  const e = shrink(mpc, mpc.addPublic(mpc.negate(quotient), 1), ERROR);

  // (1 - e)^-p - 1 = (terms[1] e + terms[2] e²) / 2^denominatorBits, still small.
  const squared = mpc.truncateReduce(
    await mpc.square(e, ERROR.ringBits + ERROR_FRACTION_BITS),
    ERROR_FRACTION_BITS,
  );
  const correction = mpc.add(mpc.scale(e, terms[1], 0), mpc.scale(squared, terms[2], 0));
  const guess = lookUpPower(power, numerator, guessFormat);
  const small = mpc.reinterpret(correction, ERROR_FRACTION_BITS + denominatorBits);
  const product = await mpc.multiply(guess, small);
  const result = mpc.add(mpc.shiftLeft(guess, small.fractionBits), product);
  return shrink(mpc, result, out);
}

/** x [n] → 1/x [n] */
export const reciprocal = protocol('reciprocal', (mpc: Backend, x: SharedTensor, plan: InversePowerPlan) =>
  inversePower(mpc, x, plan, RECIPROCAL),
);

/** x [n] → 1/sqrt(x) [n] */
export const inverseSqrt = protocol('inverseSqrt', (mpc: Backend, x: SharedTensor, plan: InversePowerPlan) =>
  inversePower(mpc, x, plan, INVERSE_SQRT),
);
