/** What the best line leaves of a neuron, and which neurons are chosen by it. */
import { expect, it } from 'vitest';
import { splitmix32 } from '../../../util/splitmix32.js';
import { curvedNeurons, NeuronSums } from '../../../training/phases/curved-neurons.js';

const ROWS = 4000;

it('is what remains of a parabola, and nothing of a line or of a neuron that never changes', () => {
  const random = splitmix32(1);
  const z = new Float32Array(4 * ROWS);
  for (let row = 0; row < ROWS; row++) {
    const even = (row + 0.5) / ROWS;
    z.set([random(), even, 1 - even, 0.5], 4 * row);
  }
  const functions = [(v: number) => 3 * v - 1, (v: number) => v * v, (v: number) => 2 * v * v, () => 7];
  const g = z.map((value, i) => functions[i % 4]!(value));
  const sums = new NeuronSums(4);
  const half = 2 * ROWS;
  sums.add(z.subarray(0, half), g.subarray(0, half), ROWS / 2);
  sums.add(z.subarray(half), g.subarray(half), ROWS / 2);
  // Of z² with z uniform between 0 and 1 the best line leaves 1/180.
  const expected = [0, 1 / 180, 4 / 180, 0];
  sums.left().forEach((left, neuron) => {
    expect(left).toBeCloseTo(expected[neuron]!, 5);
  });
  // Two features, four neurons each: the second neuron's weights are ten times the third's.
  const output = Float32Array.from([5, 10, 1, 5, 5, 10, 1, 5]);
  expect(curvedNeurons(sums, output, 2)).toEqual([1, 2]);
});
