/**
 * The polynomials that stand for GELU, in high and in low degree, and for tanh; exp is exact. The secure engine evaluates exactly these
 * and training uses them too, so that a network adapts to them. Plain numbers, read in full by both.
 *
 * The fits are minimax (Lawson's iteration over the whole line, tails included), by us; the shapes follow BOLT
 * (Pang et al., IEEE S&P 2024) and CipherPrune (ICLR 2025): piecewise GELU.
 */

/** gelu(x) ≈ y/2 + Σ_k c[k] (y²/8)^k + max(x - clip, 0), y = x clamped to [-clip, clip]. */
export interface GeluApproximation {
  readonly clip: number;
  readonly coefficients: readonly number[];
}

/** Even powers are taken of y²/8, so that they stay near 1 in fixed point; dividing by 8 costs nothing there. */
export const SQUARE_UNIT = 8;

/**
 * Degree 8, maximum error 0.0036 (below 2^-8). With z = y²/8 and w = z² the last three terms are -w (w - 4 z + b) / 2:
 * three squares (gelu.ts completes one), and no constant that needs bits; the clip was chosen so that this form fits.
 */
export const geluHigh: GeluApproximation = {
  clip: 2.875,
  coefficients: [0.00354964, 3.03556441, -3.13071884, 2, -0.5],
};

/** Degree 2, maximum error 0.045; 17/8 takes three bits. */
export const geluLow: GeluApproximation = {
  clip: 1.75,
  coefficients: [0.0356495, 2.125],
};

/**
 * exp is itself, up to the engine's rounding, for rows of high and of low degree: by what each party knows of its argument it costs less
 * than the published powers. It counts as 0 at or below `zeroBelow`, where the engine's is exactly 0: padding is taken out there.
 */
export interface ExpNumbers {
  readonly zeroBelow: number;
}

export const exp: ExpNumbers = { zeroBelow: -13 };

/**
 * Of the numbers until version 5 of the protocol. exp was (1 + u + u²/2)^16, u = x/16, for rows of high degree and (1 + x/8)^8 for low
 * ones, off by 0.0013 and 0.035 at most; nothing else differed. Their models run by exp itself, which is what those stood for.
 */
export const NUMBERS_WITH_POWERS = 'c36ff46f8d22034dac21b095704a2f84f2a3e3558e6dbb5401f0fffa57412994';

export interface TanhApproximation {
  readonly clip: number;
  readonly coefficients: readonly [number, number, number, number, number];
}

/** tanh(x) ≈ y Σ_k c[k] (y²/8)^k, y = x clamped to [-clip, clip]; maximum error 0.0043. */
export const tanhApproximation: TanhApproximation = {
  clip: 2.75,
  coefficients: [0.98350547098, -2.16383494866, 3.74605976968, -3.48286738932, 1.27575361266],
};

/** All numbers of the method: what training's curves and the engine's functions are made from. */
export interface CipherPruneNumbers {
  readonly geluHigh: GeluApproximation;
  readonly geluLow: GeluApproximation;
  readonly exp: ExpNumbers;
  readonly tanh: TanhApproximation;
}

export const cipherPruneNumbers: CipherPruneNumbers = {
  geluHigh,
  geluLow,
  exp,
  tanh: tanhApproximation,
};

const clamp = (x: number, clip: number): number => Math.min(Math.max(x, -clip), clip);

function horner(coefficients: readonly number[], z: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * z + coefficient, 0);
}

export function gelu(x: number, { clip, coefficients }: GeluApproximation): number {
  const y = clamp(x, clip);
  return 0.5 * y + horner(coefficients, (y * y) / SQUARE_UNIT) + Math.max(x - clip, 0);
}

export function tanh(x: number, { clip, coefficients }: TanhApproximation = tanhApproximation): number {
  const y = clamp(x, clip);
  return y * horner(coefficients, (y * y) / SQUARE_UNIT);
}
