import type { Curve, ExactFunction } from '../../methods/curves.js';

/** erf to 1.2e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, with the constants of Numerical Recipes, 6.2). */
function erf(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  const tail = t * Math.exp(-x * x + terms.reduceRight((sum, c) => sum * t + c, 0));
  return x >= 0 ? 1 - tail : tail - 1;
}

const EXACT: Readonly<Record<ExactFunction['name'], (x: number) => number>> = {
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  'gelu-tanh': (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  exp: Math.exp,
  tanh: Math.tanh,
};

/** A curve at one place. */
export function evaluateCurve(curve: Curve, x: number): number {
  if (curve.kind === 'exact') return EXACT[curve.name](x);
  const segment = curve.segments[curve.bounds.filter((bound) => x >= bound).length]!;
  return segment.reduceRight((sum, c) => sum * x + c, 0) ** (2 ** curve.squarings);
}
