/**
 * The polynomials that stand for GELU, exp and tanh, in high and in low degree. The secure engine evaluates exactly these
 * and training uses them too, so that a network adapts to them. Plain numbers, read in full by both.
 *
 * The fits are minimax (Lawson's iteration over the whole line, tails included), by us; the shapes follow BOLT
 * (Pang et al., IEEE S&P 2024) and CipherPrune (ICLR 2025): piecewise GELU, exp as a power.
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

/** exp(x) ≈ (Σ_k base[k] (x / 2^squarings)^k)^(2^squarings) above `zeroBelow`, else 0; x is at most slightly above 0. */
export interface ExpApproximation {
  readonly squarings: number;
  readonly base: readonly number[];
  readonly zeroBelow: number;
}

/** (1 + u + u²/2)^16, u = x/16; maximum error 0.0013 on x <= 0. One square less than (1 + x/64)^64, and closer. */
export const expHigh: ExpApproximation = { squarings: 4, base: [1, 1, 0.5], zeroBelow: -13 };

/** (1 + x/8)^8; maximum error 0.035 on x <= 0. */
export const expLow: ExpApproximation = { squarings: 3, base: [1, 1], zeroBelow: -8 };

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
  readonly expHigh: ExpApproximation;
  readonly expLow: ExpApproximation;
  readonly tanh: TanhApproximation;
}

export const cipherPruneNumbers: CipherPruneNumbers = {
  geluHigh,
  geluLow,
  expHigh,
  expLow,
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

export function exp(x: number, { squarings, base, zeroBelow }: ExpApproximation): number {
  if (x <= zeroBelow) return 0;
  return horner(base, x / 2 ** squarings) ** (2 ** squarings);
}

export function tanh(x: number, { clip, coefficients }: TanhApproximation = tanhApproximation): number {
  const y = clamp(x, clip);
  return y * horner(coefficients, (y * y) / SQUARE_UNIT);
}
