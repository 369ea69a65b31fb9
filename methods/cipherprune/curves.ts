/** The numbers of the method as pieces in powers of x: the very same functions that the engine evaluates. */
import { type CurveSet, exactCurves, LESS_MAXIMUM, type Piecewise, RELU } from '../curves.js';
import {
  type CipherPruneNumbers,
  type GeluApproximation,
  gelu,
  SQUARE_UNIT,
  type TanhApproximation,
  tanh,
} from './numbers.js';

/** Σ_k c[k] (x²/8)^k as coefficients of x^0, x^1, x^2, … */
const inPowersOfX = (coefficients: readonly number[]): number[] =>
  coefficients.flatMap((c, k) => (k === 0 ? [c] : [0, c / SQUARE_UNIT ** k]));

export function geluCurve(approximation: GeluApproximation): Piecewise {
  const { clip, coefficients } = approximation;
  const inner = inPowersOfX(coefficients);
  inner[1] = (inner[1] ?? 0) + 0.5;
  const above = gelu(clip, approximation);
  return {
    kind: 'polynomial',
    squarings: 0,
    bounds: [-clip, clip],
    segments: [[gelu(-clip, approximation)], inner, [above - clip, 1]],
  };
}

export function tanhCurve(approximation: TanhApproximation): Piecewise {
  const { clip, coefficients } = approximation;
  const inner = [0, ...inPowersOfX(coefficients)];
  return {
    kind: 'polynomial',
    squarings: 0,
    bounds: [-clip, clip],
    segments: [[tanh(-clip, approximation)], inner, [tanh(clip, approximation)]],
  };
}

export function curvesOf(numbers: CipherPruneNumbers): CurveSet {
  // Both formulas of GELU have one polynomial: they differ by less than its own error.
  const gelus = { high: geluCurve(numbers.geluHigh), low: geluCurve(numbers.geluLow) };
  return {
    softmax: LESS_MAXIMUM,
    expHigh: exactCurves.expHigh,
    expLow: exactCurves.expLow,
    activation: { gelu: gelus, 'gelu-tanh': gelus, relu: { high: RELU, low: RELU } },
    head: { tanh: tanhCurve(numbers.tanh), gelu: gelus.high, relu: RELU },
  };
}
