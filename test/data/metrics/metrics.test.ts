import { describe, expect, it } from 'vitest';
import { accuracy, computeMetrics, f1, matthews } from '../../../data/metrics/metrics.js';
import { tasks } from '../../../data/sources/tasks.js';

// tp 3, fp 1, fn 2, tn 4
const predicted = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
const labels = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0];

describe('metrics', () => {
  it('agree with figures worked out by hand', () => {
    expect(accuracy(predicted, labels)).toBeCloseTo(0.7, 12);
    expect(f1(predicted, labels)).toBeCloseTo(6 / 9, 12);
    expect(matthews(predicted, labels)).toBeCloseTo((3 * 4 - 1 * 2) / Math.sqrt(4 * 5 * 5 * 6), 12);
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
  });

  it('compute what GLUE names for the task', () => {
    expect(Object.keys(computeMetrics(tasks.mrpc, predicted, labels))).toEqual(['accuracy', 'f1']);
    expect(computeMetrics(tasks.cola, predicted, labels).matthews).toBe(matthews(predicted, labels));
    expect(computeMetrics(tasks.mnli, [2, 1], [2, 0])).toEqual({ accuracy: 0.5 });
  });

  it('refuse lists of different lengths', () => {
    for (const metric of [accuracy, f1, matthews]) expect(() => metric([1], [1, 0])).toThrow(/got 1 and 2/);
  });
});
