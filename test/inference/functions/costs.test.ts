import { describe, expect, it } from 'vitest';
import { exponential } from '../../../methods/cipherprune/exponential.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import { costOf, totalBits } from '../../support/function-cost.js';

const { gelu, softmax } = cipherPrune;

/** So many that a message less is not worth more bits. */
const MANY = 24576;

const resting = { ringBits: 37, fractionBits: 12 };

describe('costs of the functions between two parties', () => {
  const geluOf = (high: number) =>
    costOf([64, 384], { ringBits: 37, fractionBits: 20 }, (mpc, x) =>
      gelu(mpc, x, high, { inputRange: 16, out: resting }),
    );
  const expOf = (spread: number) =>
    costOf([MANY], { ringBits: 18, fractionBits: 8 }, (mpc, x) => exponential(mpc, x, MANY, spread));
  const softmaxOf = (high: number) =>
    costOf([MANY / 128, 128], { ringBits: 26, fractionBits: 16 }, (mpc, x) =>
      softmax(mpc, x, high, { spread: 80, largest: 40, out: { ringBits: 26, fractionBits: 11 } }),
    );

  it('GELU of low degree costs at most 0.55 of high', async () => {
    const [high, low] = [await geluOf(64), await geluOf(0)];
    expect(high.cots).toBeLessThan(66);
    expect(high.bits).toBeLessThan(1100);
    expect(high.flights).toBeLessThan(20);
    expect(totalBits(low)).toBeLessThan(0.55 * totalBits(high));
  });

  it('exp is one exchange, or three of a long range', async () => {
    const [short, long] = [await expOf(26), await expOf(200)];
    expect(short).toMatchObject({ cots: 19, flights: 2 });
    expect(short.bits).toBeLessThan(455);
    expect(long.cots).toBeLessThan(28);
    expect(long.bits).toBeLessThan(560);
    expect(long.flights).toBeLessThan(5);
    const rows = await softmaxOf(MANY / 128);
    expect(rows.flights).toBeLessThan(34);
    expect(rows.bits).toBeLessThan(1900);
  });
});
