/** What a row of low degree costs beside one of high degree, between two parties: golden ratios. */
import { describe, expect, it } from 'vitest';
import { methodNamed } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { costOf, totalBits } from '../support/function-cost.js';

const resting = { ringBits: 37, fractionBits: 12 };

const softmaxOf = ({ softmax }: Method, high: number, largest: number) =>
  costOf([32, 128], { ringBits: 16, fractionBits: 8 }, (mpc, x) =>
    softmax(mpc, x, high, {
      spread: 2 * largest,
      largest,
      out: { ringBits: 26, fractionBits: 11 },
    }),
  );

describe('low over high degree of cipherprune-quad', () => {
  const quad = methodNamed('cipherprune-quad');
  const geluOf = (high: number, inputRange: number) =>
    costOf([64, 32], { ringBits: 37, fractionBits: 20 }, (mpc, x) =>
      quad.gelu(mpc, x, high, { inputRange, out: resting }),
    );

  // A range twice as large is a bit more.
  it.each([16, 32])('GELU: at most 0.2 up to %i, in two fifths of the messages', async (range) => {
    const [high, low] = [await geluOf(64, range), await geluOf(0, range)];
    expect(totalBits(low) / totalBits(high)).toBeLessThan(0.2);
    expect(low.bits / high.bits).toBeLessThan(0.2);
    expect(low.flights / high.flights).toBeLessThan(0.4);
  });

  // Of a row of high degree exp is a third only, so that the ratio is not what it was when exp was a power.
  it.each([20, 40])('a softmax row of logits up to %i: at most 0.5', async (largest) => {
    const [high, low] = [await softmaxOf(quad, 32, largest), await softmaxOf(quad, 0, largest)];
    expect(totalBits(low) / totalBits(high)).toBeLessThan(0.5);
    expect(low.bits).toBeLessThan(high.bits);
    expect(low.flights / high.flights).toBeLessThan(0.8);
  });
});

describe('low over high degree of cipherprune-linear', () => {
  it.each([20, 40])('a softmax row of logits up to %i: a fiftieth, in three messages', async (largest) => {
    const linear = methodNamed('cipherprune-linear');
    const [high, low] = [await softmaxOf(linear, 32, largest), await softmaxOf(linear, 0, largest)];
    expect(totalBits(low) / totalBits(high)).toBeLessThan(0.02);
    expect(low.bits / high.bits).toBeLessThan(0.015);
    expect(low.flights).toBe(3);
  });
});
