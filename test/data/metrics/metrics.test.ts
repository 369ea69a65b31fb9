import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pearson, ranks, spearman } from '../../../data/metrics/correlation.js';
import { accuracy, computeMetrics, f1, macroF1, matthews } from '../../../data/metrics/metrics.js';
import { classScores, confusionMatrix } from '../../../data/metrics/per-class.js';
import { tasks } from '../../../data/sources/tasks.js';

// tp 3, fp 1, fn 2, tn 4
const predicted = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
const labels = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0];

describe('metrics', () => {
  it('agree with figures worked out by hand', () => {
    expect(accuracy(predicted, labels)).toBeCloseTo(0.7, 12);
    expect(f1(predicted, labels)).toBeCloseTo(6 / 9, 12);
    expect(matthews(predicted, labels)).toBeCloseTo((3 * 4 - 1 * 2) / Math.sqrt(4 * 5 * 5 * 6), 12);
    expect(macroF1(predicted, labels)).toBeCloseTo((6 / 9 + 8 / 11) / 2, 12);
  });

  it('of three classes agree with figures worked out by hand', () => {
    const [called, truly] = [
      [0, 0, 1, 2, 2, 2],
      [0, 1, 1, 2, 2, 0],
    ];
    const confusion = confusionMatrix(called, truly, 3);
    expect(confusion).toEqual([
      [1, 0, 1],
      [1, 1, 0],
      [0, 0, 2],
    ]);
    const scores = classScores(confusion, ['a', 'b', 'c']);
    expect(scores[1]).toEqual({ label: 'b', support: 2, predicted: 1, precision: 1, recall: 0.5, f1: 2 / 3 });
    expect(macroF1(called, truly)).toBeCloseTo((0.5 + 2 / 3 + 0.8) / 3, 12);
    // c = 4 right of 6; Σ p·t = 2·2 + 1·2 + 3·2; Σ p² = 14; Σ t² = 12.
    expect(matthews(called, truly)).toBeCloseTo((4 * 6 - 12) / Math.sqrt((36 - 14) * (36 - 12)), 12);
  });

  it('reach their ends', () => {
    expect(matthews(labels, labels)).toBe(1);
    expect(
      matthews(
        labels.map((l) => 1 - l),
        labels,
      ),
    ).toBe(-1);
    expect([f1([0, 0], [0, 0]), matthews([1, 1], [1, 0]), accuracy([], [])]).toEqual([0, 0, 0]);
    expect([macroF1([], []), macroF1([1, 1], [1, 1])]).toEqual([0, 1]);
  });

  it('compute what GLUE names for the task', () => {
    expect(Object.keys(computeMetrics(tasks.mrpc, predicted, labels))).toEqual(['accuracy', 'f1']);
    expect(computeMetrics(tasks.cola, predicted, labels).matthews).toBe(matthews(predicted, labels));
    expect(computeMetrics(tasks.mnli, [2, 1], [2, 0])).toEqual({ accuracy: 0.5 });
    expect(computeMetrics(tasks.stsb, [1.5, 2.5, 4], [1, 3, 5])).toMatchObject({ spearman: 1 });
  });

  it('refuse lists of different lengths, and classes that do not exist', () => {
    for (const metric of [accuracy, f1, macroF1, matthews, pearson, spearman])
      expect(() => metric([1], [1, 0])).toThrow(/got 1 and 2/);
    for (const [called, truly] of [
      [0, 2],
      [-1, 0],
      [2, 0],
      [0, 0.5],
    ] as const)
      expect(() => confusionMatrix([called], [truly], 2)).toThrow(/expected classes 0 to 1/);
  });
});

describe('correlations', () => {
  it('agree with figures worked out by hand', () => {
    // Anscombe's first quartet (1973): 0.816.
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    expect(pearson(x, y)).toBeCloseTo(0.81642, 4);
    // Σ d² of the ranks is 40: 1 − 6 · 40 / (11 · 120).
    expect(spearman(x, y)).toBeCloseTo(1 - (6 * 40) / (11 * 120), 12);
    expect(ranks([3, 1, 3, 2])).toEqual([3.5, 1, 3.5, 2]);
    expect([pearson([1, 1], [0, 5]), spearman([], [])]).toEqual([0, 0]);
  });

  it('do not change with scale, and ranks not with any rising function', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })));
    fc.assert(
      fc.property(pairs, (rows) => {
        const [x, y] = [rows.map(([a]) => a), rows.map(([, b]) => b)];
        expect(
          pearson(
            x.map((v) => 3 * v + 1),
            y,
          ),
        ).toBeCloseTo(pearson(x, y), 9);
        expect(
          spearman(
            x.map((v) => v ** 3),
            y,
          ),
        ).toBe(spearman(x, y));
      }),
    );
  });
});
