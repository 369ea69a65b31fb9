import { describe, expect, it } from 'vitest';
import * as approximations from '../../../methods/cipherprune/numbers.js';
import { geluDerivative, tanhDerivative } from './derivatives.js';

const { geluHigh, geluLow } = approximations;

/** Φ(x) by Simpson's rule: independent of the fit. */
function normalDistribution(x: number): number {
  const steps = 400;
  const h = x / steps;
  const density = (u: number) => Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 ? 4 : 2) * density(i * h);
  return 0.5 + (sum * h) / 3;
}

const grid = (low: number, high: number, points = 2001): number[] =>
  Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1));

const largestError = (points: number[], f: (x: number) => number, g: (x: number) => number): number =>
  Math.max(...points.map((x) => Math.abs(f(x) - g(x))));

describe('approximations', () => {
  it('GELU high stays within 2^-8 and low within 0.05 everywhere', () => {
    const gelu = (x: number) => x * normalDistribution(x);
    const points = grid(-12, 12, 1201);
    expect(largestError(points, (x) => approximations.gelu(x, geluHigh), gelu)).toBeLessThan(2 ** -8);
    expect(largestError(points, (x) => approximations.gelu(x, geluLow), gelu)).toBeLessThan(0.05);
  });

  it('tanh stays within 0.01', () => {
    expect(largestError(grid(-10, 10), approximations.tanh, Math.tanh)).toBeLessThan(0.01);
  });

  const differentiable: [string, (x: number) => number, (x: number) => number, number[]][] = [
    [
      'gelu high',
      (x) => approximations.gelu(x, geluHigh),
      (x) => geluDerivative(x, geluHigh),
      [geluHigh.clip],
    ],
    ['gelu low', (x) => approximations.gelu(x, geluLow), (x) => geluDerivative(x, geluLow), [geluLow.clip]],
    ['tanh', approximations.tanh, tanhDerivative, [2.75]],
  ];
  it.each(differentiable)('%s has the derivative of its difference quotient', (_, f, derivative, kinks) => {
    const h = 1e-5;
    const smooth = grid(-15, 5, 997).filter((x) =>
      kinks.every((kink) => Math.abs(Math.abs(x) - kink) > 2 * h),
    );
    expect(largestError(smooth, derivative, (x) => (f(x + h) - f(x - h)) / (2 * h))).toBeLessThan(1e-6);
  });
});
