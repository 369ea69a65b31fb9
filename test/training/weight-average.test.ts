import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeightAverage } from '../../training/weight-average.js';

const parameters = (values: readonly number[]) =>
  new Map([
    ['a', { shape: [values.length], values: Float32Array.from(values) }],
    ['b', { shape: [1], values: Float32Array.of(values.length) }],
  ]);

describe('weight average', () => {
  it('is the mean of every tenth step, also after a checkpoint in between', () => {
    const point = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 60 }), fc.nat({ max: 59 }), (points, stop) => {
        let average = new WeightAverage();
        points.forEach((values, i) => {
          average.see(parameters(values), i + 1);
          if (i !== stop) return;
          const { tensors, count } = average.state();
          average = new WeightAverage();
          average.restore(tensors, count);
        });
        const seen = points.filter((_, i) => (i + 1) % 10 === 0);
        const result = parameters([7, 7, 7]);
        average.apply(result);
        expect(average.state().count).toBe(seen.length);
        [...result.get('a')!.values].forEach((value, i) => {
          const expected =
            seen.length === 0 ? 7 : seen.reduce((sum, values) => sum + values[i]!, 0) / seen.length;
          expect(value).toBeCloseTo(expected, 4);
        });
        expect(result.get('b')!.values[0]).toBe(3);
      }),
    );
  });
});
