import { expect, it } from 'vitest';
import { bitonicNetwork } from '../../../inference/functions/bitonic-sort.js';

it.each([1, 2, 3, 5, 8, 12])('the network of %i rows sorts every sequence of zeros and ones', (n) => {
  // Knuth's 0-1 principle: then it sorts everything.
  const network = bitonicNetwork(n);
  for (let word = 0; word < 2 ** n; word++) {
    const bits = Array.from({ length: n }, (_, i) => (word >> i) & 1);
    for (const { low, high } of network.flat())
      if (bits[low]! > bits[high]!) [bits[low], bits[high]] = [bits[high]!, bits[low]!];
    expect(bits.every((bit, i) => i === 0 || bits[i - 1]! <= bit)).toBe(true);
  }
});

it('compares powers of two in log2(n) (log2(n) + 1) / 2 steps, no row twice in one', () => {
  for (const log of [1, 3, 7]) expect(bitonicNetwork(2 ** log).length).toBe((log * (log + 1)) / 2);
  for (const step of bitonicNetwork(100)) {
    const rows = step.flatMap(({ low, high }) => [low, high]);
    expect(new Set(rows).size).toBe(rows.length);
  }
});
