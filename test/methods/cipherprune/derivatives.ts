/** Derivatives of the method's approximations, which training takes from its curves. */
import {
  type GeluApproximation,
  SQUARE_UNIT,
  tanhApproximation,
} from '../../../methods/cipherprune/numbers.js';

function horner(coefficients: readonly number[], z: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * z + coefficient, 0);
}

function hornerDerivative(coefficients: readonly number[], z: number): number {
  return coefficients.reduceRight((sum, coefficient, k) => (k === 0 ? sum : sum * z + k * coefficient), 0);
}

export function geluDerivative(x: number, { clip, coefficients }: GeluApproximation): number {
  if (x <= -clip) return 0;
  if (x >= clip) return 1;
  return 0.5 + hornerDerivative(coefficients, (x * x) / SQUARE_UNIT) * ((2 * x) / SQUARE_UNIT);
}

export function tanhDerivative(x: number): number {
  const { clip, coefficients } = tanhApproximation;
  if (Math.abs(x) >= clip) return 0;
  const z = (x * x) / SQUARE_UNIT;
  return horner(coefficients, z) + 2 * z * hornerDerivative(coefficients, z);
}
