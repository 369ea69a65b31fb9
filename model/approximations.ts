/**
 * The polynomials that stand for GELU, exp and tanh, in high and in low degree. The secure engine evaluates exactly these
 * and training uses them too, so that a network adapts to them. Plain numbers: the coefficients are the interface.
 *
 * The fits are minimax (Lawson's iteration over the whole line, tails included), by us; the shapes follow BOLT
 * (Pang et al., IEEE S&P 2024) and CipherPrune (ICLR 2025): piecewise GELU, exp as a power of a line.
 */

/** gelu(x) ≈ y/2 + Σ_k c[k] (y²/8)^k + max(x - clip, 0), y = x clamped to [-clip, clip]. */
export interface GeluApproximation {
  readonly clip: number;
  readonly coefficients: readonly number[];
}

/** Even powers are taken of y²/8, so that they stay near 1 in fixed point; dividing by 8 costs nothing there. */
export const squareUnit = 8;

/** Degree 8, maximum error 0.0024 (below 2^-8). */
export const geluHigh: GeluApproximation = {
  clip: 3,
  coefficients: [0.00231934743, 3.07776692863, -3.34223286097, 2.3272961138, -0.6559984468],
};

/** Degree 2, maximum error 0.047. */
export const geluLow: GeluApproximation = {
  clip: 1.8125,
  coefficients: [0.04622358968, 2.05261675035],
};

/** exp(x) ≈ (1 + max(x, -clip) / 2^squarings)^(2^squarings), for x at most slightly above 0. */
export interface ExpApproximation {
  readonly squarings: number;
  readonly clip: number;
}

/** Maximum error 0.0043 on x <= 0; at -13 and below the value is 5e-7. */
export const expHigh: ExpApproximation = { squarings: 6, clip: 13 };

/** Maximum error 0.035 on x <= 0; at -8 and below the value is exactly 0. */
export const expLow: ExpApproximation = { squarings: 3, clip: 8 };

/** tanh(x) ≈ y Σ_k c[k] (y²/8)^k, y = x clamped to [-clip, clip]; maximum error 0.0043. */
export const tanhApproximation = {
  clip: 2.75,
  coefficients: [0.98350547098, -2.16383494866, 3.74605976968, -3.48286738932, 1.27575361266],
} as const;

const clamp = (x: number, clip: number): number => Math.min(Math.max(x, -clip), clip);

function horner(coefficients: readonly number[], z: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * z + coefficient, 0);
}

function hornerDerivative(coefficients: readonly number[], z: number): number {
  return coefficients.reduceRight((sum, coefficient, k) => (k === 0 ? sum : sum * z + k * coefficient), 0);
}

export function gelu(x: number, { clip, coefficients }: GeluApproximation): number {
  const y = clamp(x, clip);
  return 0.5 * y + horner(coefficients, (y * y) / squareUnit) + Math.max(x - clip, 0);
}

export function geluDerivative(x: number, { clip, coefficients }: GeluApproximation): number {
  if (x <= -clip) return 0;
  if (x >= clip) return 1;
  return 0.5 + hornerDerivative(coefficients, (x * x) / squareUnit) * ((2 * x) / squareUnit);
}

export function exp(x: number, { squarings, clip }: ExpApproximation): number {
  let power = 1 + Math.max(x, -clip) / 2 ** squarings;
  for (let i = 0; i < squarings; i++) power *= power;
  return power;
}

export function expDerivative(x: number, { squarings, clip }: ExpApproximation): number {
  if (x <= -clip) return 0;
  return (1 + x / 2 ** squarings) ** (2 ** squarings - 1);
}

export function tanh(x: number): number {
  const { clip, coefficients } = tanhApproximation;
  const y = clamp(x, clip);
  return y * horner(coefficients, (y * y) / squareUnit);
}

export function tanhDerivative(x: number): number {
  const { clip, coefficients } = tanhApproximation;
  if (Math.abs(x) >= clip) return 0;
  const z = (x * x) / squareUnit;
  return horner(coefficients, z) + 2 * z * hornerDerivative(coefficients, z);
}
