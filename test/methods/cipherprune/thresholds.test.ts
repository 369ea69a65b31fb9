/** Thresholds in the ring of a short text decide as those of the longest one do, beyond every score as well. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decode } from '../../../inference/core/ring-tensor.js';
import { privateThresholds, thresholdsUpTo } from '../../../methods/cipherprune/thresholds.js';

const LONGEST = 12 * 512;

it('prunes and reduces the same scores in fewer bits', () => {
  const threshold = fc.double({ min: 0, max: 2 * LONGEST, noNaN: true });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const tokens = fc.integer({ min: 1, max: 512 });
  fc.assert(
    fc.property(threshold, threshold, share, tokens, (prune, reduce, part, length) => {
      const whole = privateThresholds({ prune, reduce }, LONGEST);
      const limits = thresholdsUpTo(whole, 12 * length);
      const score = part * 12 * length;
      const isBelow = (minus: number): boolean => score + minus < 0;
      expect([...decode(limits.value!)].map(isBelow)).toEqual([...decode(whole.value!)].map(isBelow));
      const room = 2 ** (limits.ringBits - 1 - limits.fractionBits);
      for (const minus of decode(limits.value!)) expect(Math.abs(score + minus)).toBeLessThan(room);
    }),
  );
});

it('says nothing of them to the other party', () => {
  const unknown = thresholdsUpTo(privateThresholds(null, LONGEST), 12);
  expect(unknown).toMatchObject({ owner: 'server', value: null });
  expect(unknown.ringBits).toBeLessThan(privateThresholds(null, LONGEST).ringBits);
});
