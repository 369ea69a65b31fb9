import { describe, expect, it } from 'vitest';
import { samplePermutation } from '../../../inference/crypto/permutation.js';
import { Prg } from '../../../inference/crypto/prg.js';

describe('samplePermutation', () => {
  it.each([0, 1, 2, 17, 512])('orders all of 0 ... %i - 1', (size) => {
    const permutation = samplePermutation(Prg.insecureForTests(size), size);
    expect([...permutation].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
  });

  it('draws every order of four about equally often', () => {
    const random = Prg.insecureForTests(1);
    const runs = 4800;
    const counts = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      const order = samplePermutation(random, 4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const expected = runs / 24;
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    expect(counts.size).toBe(24);
    // 23 degrees of freedom: 49.7 is exceeded with probability 0.001; the seed is fixed.
    expect(chiSquare).toBeLessThan(49.7);
  });

  it('rejects words in the incomplete last cycle', () => {
    const words = Uint32Array.of(0xffffffff, 1, 0, 0);
    const random = { bytes: () => new Uint8Array(words.buffer) };
    // bound 3: 2^32 - 1 = 3 · 1431655765 is rejected, 1 taken; then bound 2: 0.
    expect([...samplePermutation(random, 3)]).toEqual(
      [2, 1, 0].map((_, i, order) => [2, 0, 1][i] ?? order[i]),
    );
  });

  it('refuses impossible sizes', () => {
    expect(() => samplePermutation(Prg.insecureForTests(1), -1)).toThrow(/expected a size/);
    expect(() => samplePermutation(Prg.insecureForTests(1), 1.5)).toThrow(/expected a size/);
  });
});
