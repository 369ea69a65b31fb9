/** The place of the leading bit by tables of digits, beside the logarithm. Between parties: test/methods/two-parties.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leadingPlace, placeBitsOf } from '../../../methods/iron/leading-bit.js';
import { normalised } from '../../../methods/iron/normalise.js';
import { runCleartext } from '../../inference/functions/harness.js';

const DIGIT_BITS = 8;

/** What a shared number of so many bits is without a sign. */
const unsigned = (value: number, bits: number): number => (value + 2 ** bits) % 2 ** bits;

async function placesOf(values: readonly number[], ringBits: number): Promise<number[]> {
  const format = { ringBits, fractionBits: 0 };
  const places = await runCleartext([values.length], format, values, (mpc, x) =>
    leadingPlace(mpc, x, DIGIT_BITS),
  );
  return places.map((place) => unsigned(place, placeBitsOf(ringBits)));
}

describe('the place of the leading bit', () => {
  it.each([9, 10, 16, 17, 18, 25, 26, 37])(
    'is that of the logarithm in a ring of %i bits',
    async (ringBits) => {
      const powers = Array.from({ length: ringBits - 1 }, (_, k) => 2 ** k);
      const borders = powers.flatMap((power) => [power, Math.max(1, power - 1), power + (power > 1 ? 1 : 0)]);
      const number = fc.integer({ min: 1, max: 2 ** Math.min(31, ringBits - 1) - 1 });
      const [random] = fc.sample(fc.array(number, { minLength: 50, maxLength: 50 }), {
        numRuns: 1,
        seed: ringBits,
      });
      const values = [...borders, ...random!];
      expect(await placesOf(values, ringBits)).toEqual(values.map((value) => Math.floor(Math.log2(value))));
    },
  );

  it('gives a mantissa and the powers of its exponent', async () => {
    const range = { low: 1 / 32, high: 100 };
    const values = Array.from({ length: 300 }, (_, i) => range.low * (range.high / range.low) ** (i / 299));
    for (const base of [2, 4]) {
      const format = { ringBits: 24, fractionBits: 14 };
      const exponent = (x: number) =>
        Math.floor(Math.log2(Math.round(x * 2 ** 14) / 2 ** 14) / Math.log2(base));
      const options = { base, range, fractionBits: 12, digitBits: DIGIT_BITS };
      const mantissas = await runCleartext([300], format, values, async (mpc, x) => {
        return (await normalised(mpc, x, options)).mantissa;
      });
      mantissas.forEach((m, i) => {
        expect(Math.abs(m - values[i]! / base ** exponent(values[i]!))).toBeLessThan(0.002);
      });
      const powers = await runCleartext([300], format, values, async (mpc, x) => {
        return (await normalised(mpc, x, options)).scale(-1, { ringBits: 20, fractionBits: 8 });
      });
      expect(powers).toEqual(values.map((x) => base ** -exponent(x)));
    }
  });
});
