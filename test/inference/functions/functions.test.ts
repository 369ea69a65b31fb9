import { describe, expect, it } from 'vitest';
import { privateTensor } from '../../../inference/core/ring-tensor.js';
import { inverseSqrt, reciprocal } from '../../../inference/functions/inverse-power.js';
import { layerNorm, layerNormFormats } from '../../../inference/functions/layer-norm.js';
import { gammaBitsOf } from '../../../model/artifact/gamma-bits.js';
import { maximum } from '../../../inference/functions/maximum.js';
import { exponential } from '../../../methods/cipherprune/exponential.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import * as approximations from '../../../methods/cipherprune/numbers.js';
import { rowStatistics } from '../../support/row-statistics.js';
import { largestDifference, noise, runCleartext } from './harness.js';

const { gelu, head, softmax } = cipherPrune;

const resting = { ringBits: 37, fractionBits: 12 };
/** What a linear layer leaves: 12 + 7 fraction bits. */
const product = { ringBits: 37, fractionBits: 19 };
const grid = (low: number, high: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1));

describe('functions on the cleartext backend', () => {
  it('max of rows, of any length', async () => {
    for (const n of [1, 2, 3, 7, 8, 13]) {
      const next = noise(n);
      const x = Array.from({ length: n * 5 }, () => Math.round(next() * 64) / 16);
      const got = await runCleartext([5, n], { ringBits: 9, fractionBits: 4 }, x, maximum);
      expect(got).toEqual([0, 1, 2, 3, 4].map((row) => Math.max(...x.slice(row * n, (row + 1) * n))));
    }
  });

  it('reciprocal and inverse square root to one part in 1,300, and closer with more intervals', async () => {
    const x = grid(0.05, 190, 400).concat(grid(0.04, 1, 300));
    const plan = { low: 0.04, high: 200, out: { ringBits: 30, fractionBits: 20 } };
    const format = { ringBits: 34, fractionBits: 20 };
    const inverse = await runCleartext([700], format, x, (mpc, t) => reciprocal(mpc, t, plan));
    for (const [i, value] of inverse.entries()) expect(Math.abs(value * x[i]! - 1)).toBeLessThan(1 / 1300);
    const root = await runCleartext([700], format, x, (mpc, t) => inverseSqrt(mpc, t, plan));
    for (const [i, value] of root.entries())
      expect(Math.abs(value * Math.sqrt(x[i]!) - 1)).toBeLessThan(1 / 1300);
    const finer = { ...plan, intervalsPerOctave: 16 };
    const close = await runCleartext([700], format, x, (mpc, t) => reciprocal(mpc, t, finer));
    for (const [i, value] of close.entries()) expect(Math.abs(value * x[i]! - 1)).toBeLessThan(1 / 3000);
  });

  it.each([
    { spread: 14, count: 600 },
    { spread: 30, count: 600 },
    { spread: 60, count: 600 },
    // So many that a table tells which are near 0.
    { spread: 250, count: 3000 },
  ])('exp of $count numbers above -$spread, and exactly 0 below -13', async ({ spread, count }) => {
    const x = grid(-spread, 0.5, count);
    const format = { ringBits: 18, fractionBits: 8 };
    const got = await runCleartext([count], format, x, (mpc, t) => exponential(mpc, t, 0, spread));
    expect(largestDifference(got, x.map(Math.exp))).toBeLessThan(0.004);
    expect(got.filter((value, i) => x[i]! < -13 && value !== 0)).toEqual([]);
  });

  it.each([
    [8, 3],
    [128, 5],
    [5, 5],
    [16, 0],
  ])('softmax over %i columns', async (n, high) => {
    const rows = 5;
    const next = noise(n);
    const x = Array.from({ length: rows * n }, (_, i) => (i % n === n - 1 ? -60 : next() * 12));
    const plan = { spread: 100, largest: 50, out: { ringBits: 26, fractionBits: 11 } };
    const got = await runCleartext([rows, n], { ringBits: 26, fractionBits: 18 }, x, (mpc, t) =>
      softmax(mpc, t, high, plan),
    );
    const expected = x.flatMap((_, i) => {
      if (i % n !== 0) return [];
      const row = x.slice(i, i + n);
      const powers = row.map((v) => Math.exp(v - Math.max(...row)));
      const sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / sum);
    });
    expect(largestDifference(got, expected)).toBeLessThan(0.02);
    for (let r = 0; r < rows; r++) {
      expect(got[r * n + n - 1]).toBe(0);
      const sum = got.slice(r * n, (r + 1) * n).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - 1)).toBeLessThanOrEqual(n / 2048);
    }
  });

  it('GELU between its clips is off by rounding alone: on the mean by less than a sixth of a unit', async () => {
    const x = grid(-2, 2, 4000);
    const plan = { inputRange: 24, out: resting };
    const got = await runCleartext([1, 4000], product, x, (mpc, t) => gelu(mpc, t, 1, plan));
    const errors = got.map((y, i) => y - approximations.gelu(x[i]!, approximations.geluHigh));
    expect(Math.abs(errors.reduce((a, b) => a + b, 0) / errors.length) * 2 ** 10).toBeLessThan(1 / 6);
  });

  it('GELU with high rows first', async () => {
    const x = grid(-20, 20, 600).concat(grid(-4, 4, 600));
    const plan = { inputRange: 32, out: resting };
    for (const high of [0, 1, 3]) {
      const got = await runCleartext([3, 400], product, x, (mpc, t) => gelu(mpc, t, high, plan));
      const expected = x.map((v, i) =>
        approximations.gelu(v, i < high * 400 ? approximations.geluHigh : approximations.geluLow),
      );
      const differences = got.map((value, i) => Math.abs(value - expected[i]!));
      expect(Math.max(0, ...differences.slice(0, high * 400))).toBeLessThan(0.01);
      expect(Math.max(...differences)).toBeLessThan(0.03);
      expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(0.004);
    }
  });

  it.each([
    { name: 'tanh', polynomial: (x: number) => approximations.tanh(x), exact: Math.tanh },
    { name: 'relu', polynomial: (x: number) => Math.max(0, x), exact: (x: number) => Math.max(0, x) },
    {
      name: 'gelu',
      polynomial: (x: number) => approximations.gelu(x, approximations.geluHigh),
      exact: (x: number) => approximations.gelu(x, approximations.geluHigh),
    },
  ] as const)(
    '$name of the head, within three units of its polynomial',
    async ({ name, polynomial, exact }) => {
      const x = grid(-20, 20, 300).concat(grid(-4, 4, 300));
      const got = await runCleartext([1, 600], product, x, (mpc, t) =>
        head(mpc, name, t, { inputRange: 32, out: resting }),
      );
      expect(largestDifference(got, x.map(polynomial))).toBeLessThan(name === 'tanh' ? 0.005 : 0.003);
      expect(largestDifference(got, x.map(exact))).toBeLessThan(0.015);
    },
  );

  it.each([
    [32, 1],
    [768, 0.3],
    [384, 12],
  ])('LayerNorm over %i features of size %f', async (features, size) => {
    const rows = 4;
    const next = noise(features);
    const x = Array.from({ length: rows * features }, (_, i) =>
      i % features === 3 ? 9 * size : size * (next() + next()) * (1 + Math.floor(i / features)),
    );
    const gamma = Float64Array.from({ length: features }, () => 1 + next());
    const beta = Float64Array.from({ length: features }, () => next());
    const statistics = rowStatistics(x, features);
    const expected = x.map((v, i) => {
      const { mean, variance } = statistics[Math.floor(i / features)]!;
      return ((v - mean) / Math.sqrt(variance + 1e-12)) * gamma[i % features]! + beta[i % features]!;
    });
    const variances = statistics.map(({ variance }) => variance);
    const plan = {
      epsilon: 1e-12,
      inputRange: 2 * Math.max(...x.map(Math.abs)),
      variance: { low: Math.min(...variances) / 4, high: Math.max(...variances) * 4 },
      outputRange: 2 * Math.max(...expected.map(Math.abs)),
      gammaBits: gammaBitsOf([gamma]),
      out: resting,
    };
    const formats = layerNormFormats(plan);
    const parameters = {
      gamma: privateTensor('server', [features], formats.gamma, gamma),
      beta: privateTensor('server', [features], formats.beta, beta),
    };
    const got = await runCleartext([rows, features], { ringBits: 29, fractionBits: 12 }, x, (mpc, t) =>
      layerNorm(mpc, t, parameters, plan),
    );
    const differences = got.map((value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...differences)).toBeLessThan(0.04);
    expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(0.006);
  });
});
