/** The lines a - b·x that stand for x^-p: which are closest, and with how many bits they are computed. Public, and without a protocol. */
import type { RingFormat } from '../core/ring-tensor.js';
import { integerBits, signedBits } from './fixed-point.js';

export interface InversePowerPlan {
  /** Public bounds of x; it may reach them. */
  readonly low: number;
  readonly high: number;
  /** The result is this times x^-p; 1 by default. */
  readonly numerator?: number;
  /** More of them are closer: 10 by default for 1/x, 6 for 1/sqrt(x). */
  readonly intervalsPerOctave?: number;
  readonly out: RingFormat;
}

/** With what it is unless given. */
export type CompletePlan = Required<InversePowerPlan>;

/** The line a - b·x on an interval. */
export interface Line {
  readonly a: number;
  readonly b: number;
}

/**
 * The line whose largest relative error (a - b·x)·x^p - 1 on [low, high] is the smallest: equal at both ends, and of the other sign
 * in between, where its derivative is 0.
 */
export function closestLine(power: number, low: number, high: number): Line {
  const a = (high ** (power + 1) - low ** (power + 1)) / (high ** power - low ** power);
  const product = (x: number): number => (a - x) * x ** power;
  const b = 2 / (product((a * power) / (power + 1)) + product(low));
  return { a: a * b, b };
}

/** Borders between intervals of equal ratio, and the line of each interval. */
export function intervals({ low, high, intervalsPerOctave }: CompletePlan, power: number) {
  const ratio = 2 ** (1 / intervalsPerOctave);
  const count = Math.max(1, Math.ceil(Math.log2(high / low) * intervalsPerOctave));
  const borders = Array.from({ length: count - 1 }, (_, i) => low * ratio ** (i + 1));
  const lines = [low, ...borders].map((border) => closestLine(power, border, border * ratio));
  return { borders, lines };
}

/** Lines times the numerator, and what their product with x needs. */
export function scaledLines(
  lines: readonly Line[],
  { numerator, high, out }: CompletePlan,
  fractionBitsOfX: number,
) {
  const scaled = (pick: (line: Line) => number): number[] => lines.map((line) => numerator * pick(line));
  const [as, bs] = [scaled(({ a }) => a), scaled(({ b }) => b)];
  const [largestOffset, largestSlope] = [Math.max(...as), Math.max(...bs)];
  // Rounding x counts b times, rounding b counts x times: each stays below a quarter of the result's unit.
  const precision = out.fractionBits + 2;
  const factorBits = Math.min(fractionBitsOfX, Math.max(0, precision + Math.ceil(Math.log2(largestSlope))));
  const slopeBits = precision + integerBits(high);
  const fractionBits = slopeBits + factorBits;
  const ringBits = Math.max(
    signedBits(2 * largestOffset, fractionBits),
    out.ringBits + fractionBits - out.fractionBits,
  );
  return { as, bs, largestOffset, largestSlope, precision, slopeBits, factorBits, fractionBits, ringBits };
}
