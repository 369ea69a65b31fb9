import { describe, expect, it } from 'vitest';
import { exponentialOf } from '../../../methods/cipherprune/exponential.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import { cipherPruneNumbers } from '../../../methods/cipherprune/numbers.js';
import { costOf, totalBits } from '../../support/function-cost.js';

const exponential = exponentialOf(cipherPruneNumbers);
const { gelu, softmax } = cipherPrune;

const resting = { ringBits: 37, fractionBits: 12 };

describe('costs of the functions between two parties', () => {
  const geluOf = (high: number) =>
    costOf([64, 32], { ringBits: 37, fractionBits: 20 }, (mpc, x) =>
      gelu(mpc, x, high, { inputRange: 16, out: resting }),
    );
  const expOf = (high: number) =>
    costOf([2048], { ringBits: 16, fractionBits: 8 }, (mpc, x) => exponential(mpc, x, high));
  const softmaxOf = (high: number) =>
    costOf([32, 128], { ringBits: 26, fractionBits: 16 }, (mpc, x) =>
      softmax(mpc, x, high, { spread: 80, largest: 40, out: { ringBits: 26, fractionBits: 11 } }),
    );

  it('GELU of low degree costs at most 0.55 of high', async () => {
    const [high, low] = [await geluOf(64), await geluOf(0)];
    expect(high.cots).toBeLessThan(66);
    expect(high.bits).toBeLessThan(1100);
    expect(high.flights).toBeLessThan(20);
    expect(totalBits(low)).toBeLessThan(0.55 * totalBits(high));
  });

  it('exp of low degree costs at most 0.6 of high, and a softmax row 0.72', async () => {
    const [high, low] = [await expOf(2048), await expOf(0)];
    expect(high.cots).toBeLessThan(81);
    expect(high.bits).toBeLessThan(1300);
    expect(totalBits(low)).toBeLessThan(0.6 * totalBits(high));
    const [highRows, lowRows] = [await softmaxOf(32), await softmaxOf(0)];
    expect(highRows.flights).toBeLessThan(42);
    expect(totalBits(lowRows)).toBeLessThan(0.72 * totalBits(highRows));
    expect(lowRows.bits).toBeLessThan(0.76 * highRows.bits);
  });
});
