import { expect, it } from 'vitest';
import { joined } from '../../../inference/engine/joined-weights.js';
import type { QuantizedLinear } from '../../../model/artifact/artifact.js';

/** [2, outputs] of numbers that count from `first`. */
const linear = (first: number, outputs: number, fractionBits: number): QuantizedLinear => ({
  matrix: {
    inputs: 2,
    outputs,
    weightBits: 8,
    fractionBits,
    values: Int16Array.from({ length: 2 * outputs }, (_, i) => first + i),
  },
  bias: Float64Array.from({ length: outputs }, (_, i) => first + i),
});

it('puts columns side by side, and biases at one scale', () => {
  const { matrix, bias } = joined([linear(1, 2, 5), linear(10, 1, 7)], 5);
  expect([...matrix]).toEqual([1, 2, 10, 3, 4, 11]);
  expect([...bias]).toEqual([1, 2, 40]);
});

it('makes the same once, and another for other parts or another scale', () => {
  const [a, b, c] = [linear(1, 1, 4), linear(2, 1, 4), linear(3, 1, 4)];
  const two = joined([a, b], 4);
  expect(joined([a, b], 4)).toBe(two);
  expect([...joined([a, b, c], 4).bias]).toEqual([1, 2, 3]);
  expect([...joined([a, b], 4).bias]).toEqual([1, 2]);
  expect([...joined([a, b], 3).bias]).toEqual([2, 4]);
});

it('copies nothing of one alone', () => {
  const one = linear(1, 2, 4);
  expect(joined([one], 4)).toEqual({ matrix: one.matrix.values, bias: one.bias });
  expect(joined([one], 4).matrix).toBe(one.matrix.values);
});
