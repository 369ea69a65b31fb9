import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { splitmix32 } from '../../../util/splitmix32.js';
import { useBackend } from '../../../training/backend/setup.js';
import { dequantize, quantizeLinear, quantizeTable } from '../../../training/export/quantize.js';
import { epochBatches, makeBatch } from '../../../training/loop/batches.js';
import { meanGradients } from '../../../training/loop/optimizer.js';
import { annealed, rateFactor } from '../../../training/loop/schedule.js';
import {
  crossEntropy,
  distillationLoss,
  prunePenalty,
  squaredError,
} from '../../../training/network/losses.js';
import { indecision, tokenMasks } from '../../../training/network/masks.js';
import { randomExamples, smallConfig } from '../fixtures.js';

beforeAll(() => useBackend('native'));

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const numbers = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

describe('masks', () => {
  const scores = tf.tensor1d([3, 0.5, 1.2, 0.2, 1, 2]);
  const before = {
    kept: tf.tensor1d([1, 1, 0.5, 1, 1, 0]),
    own: tf.onesLike(scores),
    important: tf.onesLike(scores),
  };
  const cls = { on: tf.tensor1d([1, 0, 0, 1, 0, 0]), off: tf.tensor1d([0, 1, 1, 0, 1, 1]) };
  const rows = { cls, first: Int32Array.of(0, 3), lengths: Int32Array.of(3, 3) };
  const thresholds = { prune: tf.scalar(1), reduce: tf.scalar(1.1) };

  it('are sigmoids of the distance to the threshold, multiplied along the layers, and spare [CLS]', () => {
    const masks = tokenMasks(scores, before, rows, { mode: 'soft', temperature: 0.2, ...thresholds });
    const expected = [1, sigmoid(-2.5), 0.5 * sigmoid(1), 1, 0.5, 0];
    numbers(masks.kept).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    const own = [1, sigmoid(-2.5), sigmoid(1), 1, 0.5, sigmoid(5)];
    numbers(masks.own).forEach((value, i) => {
      expect(value).toBeCloseTo(own[i]!, 5);
    });
    const important = [1, sigmoid(-3), sigmoid(0.5), 1, sigmoid(-0.5), sigmoid(4.5)];
    numbers(masks.important).forEach((value, i) => {
      expect(value).toBeCloseTo(important[i]!, 5);
    });
  });

  it('are comparisons when hard', () => {
    const masks = tokenMasks(scores, before, rows, { mode: 'hard', temperature: 0, ...thresholds });
    expect(numbers(masks.kept)).toEqual([1, 0, 0.5, 1, 1, 0]);
    expect(numbers(masks.important)).toEqual([1, 0, 1, 1, 0, 1]);
  });

  it('keep every token at the high degree without a threshold for it', () => {
    const masks = tokenMasks(scores, before, rows, {
      mode: 'hard',
      temperature: 0,
      prune: thresholds.prune,
      reduce: null,
    });
    expect(numbers(masks.important)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('indecision', () => {
  const ones = [1, 1, 1, 1];
  const before = { kept: tf.tensor1d([1, 1, 1, 0]), own: tf.tensor1d(ones), important: tf.tensor1d(ones) };
  const notCls = tf.tensor1d([0, 1, 1, 1]);
  const of = (scores: tf.Tensor, kept = before.kept) =>
    indecision(scores as tf.Tensor1D, { ...before, kept }, notCls, {
      mode: 'hard',
      prune: tf.scalar(1),
      reduce: null,
      temperature: 0.5,
    });

  it('counts tokens near the threshold, of those that reach the layer and are not [CLS]', () => {
    expect(of(tf.tensor1d([1, 1, 1, 1])).dataSync()[0]).toBeCloseTo(0.5, 6);
    expect(of(tf.tensor1d([1, -9, 9, 1])).dataSync()[0]).toBeCloseTo(0, 6);
  });

  it('is less where scores are farther from the threshold, and does not ask for earlier pruning', () => {
    const scores = tf.tensor1d([1, 0.8, 1.3, 1.1]);
    const [cls, below, above, gone] = numbers(tf.grad((s) => of(s))(scores));
    expect(below).toBeGreaterThan(0);
    expect(above).toBeLessThan(0);
    expect([Math.abs(cls!), Math.abs(gone!)]).toEqual([0, 0]);
    const ofKept = tf.grad((kept) => of(scores, kept as tf.Tensor1D));
    expect(() => ofKept(before.kept)).toThrow(/Cannot compute gradient/);
  });
});

describe('losses', () => {
  it('of numbers are the mean square of what is known, in units of their spread', () => {
    const values = tf.tensor2d([[1], [5], [9]]);
    const loss = squaredError(values, Float32Array.of(3, Number.NaN, 8), 2).dataSync()[0];
    expect(loss).toBeCloseTo((4 + 1) / 2 / 4, 6);
    expect(squaredError(values, new Float32Array(3).fill(Number.NaN), 1).dataSync()[0]).toBe(0);
  });

  it('are the mean cross entropy and the divergence from the teacher', () => {
    const logits = tf.tensor2d([
      [1, 3],
      [0, 0],
    ]);
    const expected = (Math.log(1 + Math.exp(2)) + Math.log(2)) / 2;
    expect(crossEntropy(logits, Float32Array.of(0, 1)).dataSync()[0]).toBeCloseTo(expected, 5);
    expect(crossEntropy(logits, Float32Array.of(Number.NaN, 1)).dataSync()[0]).toBeCloseTo(Math.log(2), 5);
    expect(crossEntropy(logits, Float32Array.of(Number.NaN, Number.NaN)).dataSync()[0]).toBeCloseTo(0, 5);
    const teacher = Float32Array.of(2, 0, 0, 4);
    const t = [sigmoid(1), sigmoid(2)] as const;
    const first = t[0] * Math.log(sigmoid(-1)) + (1 - t[0]) * Math.log(sigmoid(1));
    const second = Math.log(0.5);
    expect(distillationLoss(logits, teacher, 2).dataSync()[0]).toBeCloseTo((-4 * (first + second)) / 2, 4);
  });

  it("of the masks mean the same at any length, or are the paper's sums", () => {
    const examples = [2, 4].map((length, index) => ({
      index,
      ids: new Int32Array(length),
      types: new Int32Array(length),
      label: 0,
    }));
    const batch = makeBatch(examples);
    const own = tf.tensor1d([1, 0.5, 0, 0, 1, 1, 0.5, 0.1]);
    const important = tf.tensor1d([1, 0, 0, 0, 1, 0, 0, 0]);
    // What earlier layers left does not count.
    const kept = tf.zerosLike(own);
    const layers = [
      { kept, own, important },
      { kept, own: tf.zerosLike(own), important: own },
      { kept, own, important },
    ];
    const mean = prunePenalty(layers, batch, { lambda: 2, alpha: 0.5, norm: 'mean' }).dataSync()[0]!;
    const prune = (1.5 / 2 + 2.6 / 4) / 2 / 2;
    const reduce = ((1 / 2 + 1 / 4) / 2 + (1.5 / 2 + 2.6 / 4) / 2) / 2;
    expect(mean).toBeCloseTo(2 * (prune + 0.5 * reduce), 5);
    const sum = prunePenalty(layers, batch, { lambda: 1, alpha: 0, norm: 'sum' }).dataSync()[0]!;
    expect(sum).toBeCloseTo((1.5 + 2.6) / 2 / 2, 5);
  });
});

describe('batches', () => {
  it('hold every example once, within the limits, in an order of the seed alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 12, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (count, tokens, most) => {
          const examples = randomExamples(count, smallConfig);
          const groups = epochBatches(examples, { tokens, examples: most }, 7);
          expect(
            groups
              .flat()
              .map(({ index }) => index)
              .sort((a, b) => a - b),
          ).toEqual(examples.map(({ index }) => index));
          for (const group of groups) {
            expect(group.length).toBeLessThanOrEqual(most);
            const { size, tokens: longest } = makeBatch(group);
            expect(size * longest).toBeLessThanOrEqual(tokens);
          }
          expect(epochBatches(examples, { tokens, examples: most }, 7)).toEqual(groups);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('schedules', () => {
  it('rise, then fall', () => {
    const linear = { warmup: 0.2, decay: 'linear' } as const;
    expect([0, 0.1, 0.2, 0.6, 1].map((p) => rateFactor(linear, p))).toEqual([0, 0.5, 1, 0.5, 0]);
    expect(rateFactor({ warmup: 0, decay: 'cosine' }, 0.5)).toBeCloseTo(0.5, 9);
    expect(rateFactor({ warmup: 0, decay: 'constant' }, 1)).toBe(1);
    expect([annealed(0.5, 0.1, 0.5), annealed(0.5, null, 0.5)]).toEqual([0.3, 0.5]);
  });
});

describe('gradient accumulation', () => {
  it('is the mean, with word rows joined by id', () => {
    const part = (dense: number[], ids: number[], rows: number[]) => ({
      dense: new Map([['w', Float32Array.from(dense)]]),
      words: { ids: Int32Array.from(ids), rows: Float32Array.from(rows) },
    });
    const { dense, words } = meanGradients([
      part([2, 4], [7, 1], [1, 1, 2, 2]),
      part([0, 2], [1, 9], [4, 0, 6, 6]),
    ]);
    expect([...dense.get('w')!]).toEqual([1, 3]);
    expect([...words!.ids]).toEqual([7, 1, 9]);
    expect([...words!.rows]).toEqual([0.5, 0.5, 3, 1, 3, 3]);
  });
});

describe('quantization', () => {
  const sizes = fc.integer({ min: 1, max: 9 });
  const bits = fc.integer({ min: 6, max: 16 });
  const randomValues = (count: number, seed: number): Float32Array => {
    const random = splitmix32(seed);
    return Float32Array.from({ length: count }, () => random() - 0.5);
  };

  it('of tables errs by at most half a step, of the largest numbers too', () => {
    fc.assert(
      fc.property(sizes, sizes, bits, (rows, columns, weightBits) => {
        const values = randomValues(rows * columns, rows * columns + weightBits);
        values[0] = 1.01; // as [CLS] has one: cutting it would make all others finer
        const { matrix, report } = quantizeTable('w', values, [rows, columns], weightBits);
        expect([matrix.inputs, matrix.outputs, report.saturated]).toEqual([rows, columns, 0]);
        expect(matrix.fractionBits).toBe(weightBits - 2);
        dequantize(matrix, false).forEach((value, i) => {
          expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(0.5001 / 2 ** matrix.fractionBits);
        });
      }),
    );
  });

  it('of linear layers has a scale for every output', () => {
    const magnitudes = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(magnitudes, sizes, fc.integer({ min: 6, max: 8 }), (exponents, inputs, weightBits) => {
        const outputs = exponents.length;
        const values = randomValues(outputs * inputs, outputs + inputs).map(
          (value, i) => value * 2 ** exponents[Math.floor(i / inputs)]!,
        );
        const { matrix, report } = quantizeLinear('w', values, [outputs, inputs], weightBits);
        expect([matrix.inputs, matrix.outputs]).toEqual([inputs, outputs]);
        expect(matrix.weightBits).toBeLessThanOrEqual(16);
        const columns = exponents.map((_, output) => matrix.values.filter((_, i) => i % outputs === output));
        const norms = columns.map((column) => Math.hypot(...column));
        expect(2 ** matrix.normBits!).toBeGreaterThanOrEqual(Math.max(...norms) * 0.999999);
        if (report.saturated > 0) return;
        // Half a step of the scale at which the output's largest weight has all bits, or of the finest that can be stored.
        dequantize(matrix, true).forEach((value, i) => {
          const row = values.subarray(i - (i % inputs), i - (i % inputs) + inputs);
          const largest = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          const step = Math.max(largest / 2 ** (weightBits - 2), 2 ** -matrix.fractionBits);
          expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(0.5001 * step);
        });
      }),
    );
  });

  it('does not let one large output spoil the others', () => {
    const values = randomValues(64 * 32, 7);
    const error = (large: number): number => {
      const scaled = values.map((value, i) => (i < 32 ? value * large : value));
      return quantizeLinear('w', scaled, [64, 32], 8).report.relativeError;
    };
    expect(error(100)).toBeLessThan(2 * error(1));
    const { matrix } = quantizeLinear('w', new Float32Array(6), [2, 3], 8);
    expect(matrix).toMatchObject({ weightBits: 8, fractionBits: 0, normBits: 0 });
  });

  it('of linear layers leaves the product the room that its ring has', () => {
    const tiny = randomValues(64, 9).map((value) => value / 1000);
    expect(quantizeLinear('w', tiny, [8, 8], 12).matrix.fractionBits).toBeGreaterThan(14);
    const { matrix, report } = quantizeLinear('w', tiny, [8, 8], 12, 14);
    expect([matrix.fractionBits, report.saturated]).toEqual([14, 0]);
  });

  it('of linear layers cuts a few outliers where that makes the rest finer', () => {
    const values = Float32Array.from({ length: 10_000 }, (_, i) => (i === 0 ? 1.01 : (i % 100) / 100 - 0.5));
    expect(quantizeLinear('w', values, [1, 10_000], 8).report.saturated).toBe(1);
  });
});
