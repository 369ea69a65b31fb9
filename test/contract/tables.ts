/** Tables, exchanged rows, sorting and shifts by secret amounts: as plain integers have it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TensorMismatchError } from '../../inference/core/errors.js';
import type { RingTensor } from '../../inference/core/tensors.js';
import { bitonicSort } from '../../inference/functions/bitonic-sort.js';
import { bitsOfNumber, obliviousShift } from '../../inference/functions/oblivious-shift.js';
import { swapRows, swapRowsTwice } from '../../inference/functions/swap-rows.js';
import { open, type Parties, type Plain, shareBits, shareOf, signed, TestData } from './parties.js';

const tableOf = (data: TestData, bits: number, ringBits: number): RingTensor => {
  const words = Array.from({ length: 2 ** bits }, () => BigInt.asUintN(ringBits, data.next(ringBits)));
  return { shape: [words.length], ringBits, fractionBits: 2, data: BigUint64Array.from(words) };
};

export function tableContract(parties: () => Parties): void {
  describe('tables and networks', () => {
    it.each([
      [1, 1],
      [3, 8],
      [4, 14],
      [6, 37],
      [8, 16],
      [10, 64],
    ])('looks %i bits up in a table of %i-bit entries', async (bits, ringBits) => {
      const data = new TestData(bits);
      const table = tableOf(data, bits, ringBits);
      const x = data.plain([3, 7], bits);
      const results = await parties().run(async (party) => {
        const found = await party.mpc.lookUp(await shareOf(party, 'client', x), table);
        expect(found).toMatchObject({ shape: [3, 7], ringBits, fractionBits: 2 });
        return open(party, found);
      });
      const expected = x.values.map((v) => signed(table.data[Number(BigInt.asUintN(bits, v))]!, ringBits));
      for (const got of results) expect(got).toEqual(expected);
    });

    it('refuses a table that does not fit the index', async () => {
      const data = new TestData(3);
      const table = tableOf(data, 4, 8);
      await parties().run(async (party) => {
        const x = await shareOf(party, 'client', data.plain([2], 5));
        await expect(party.mpc.lookUp(x, table)).rejects.toThrow(TensorMismatchError);
      });
    });

    it.each([
      { ringBits: 11, fractionBits: 8, result: 10 },
      { ringBits: 13, fractionBits: 8, result: 10 },
      { ringBits: 16, fractionBits: 8, result: 12 },
      { ringBits: 8, fractionBits: 4, result: 6 },
    ])('e^x of $ringBits bits at $result fraction bits: $fractionBits', async (format) => {
      const { ringBits, fractionBits, result } = format;
      const one = 2 ** fractionBits;
      const [lowest, highest] = [5 * one - 2 ** ringBits, Math.floor(0.65 * one)];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: lowest, max: highest }), { minLength: 1, maxLength: 19 }),
          async (numbers) => {
            const values = [...numbers, lowest, 0, highest].map(BigInt);
            const x = { shape: [values.length], ringBits, fractionBits, values };
            const results = await parties().run(async (party) => {
              const power = await party.mpc.exponential(await shareOf(party, 'client', x), result);
              expect(power).toMatchObject({ ringBits: result + 2, fractionBits: result });
              return open(party, power);
            });
            for (const got of results)
              values.forEach((v, i) => {
                const expected = Math.exp(Number(v) / one) * 2 ** result;
                expect(Math.abs(Number(got[i]) - expected)).toBeLessThanOrEqual(2.5);
                if (Number(v) / one < -(result + 7) * Math.LN2)
                  expect(Math.abs(Number(got[i]))).toBeLessThanOrEqual(1);
              });
          },
        ),
        { numRuns: 8 },
      );
    });

    it('refuses to exponentiate what has too few or too many bits', async () => {
      const data = new TestData(4);
      await parties().run(async (party) => {
        const x = await shareOf(party, 'client', data.plain([2], 20));
        await expect(party.mpc.exponential(x, 10)).rejects.toThrow(TensorMismatchError);
        await expect(party.mpc.exponential(party.mpc.narrow(x, 2), 10)).rejects.toThrow(TensorMismatchError);
      });
    });

    it('exchanges rows where a bit says so, in one selection as in two', async () => {
      const data = new TestData(5);
      const swap = data.bits([6]);
      const [a, b] = [data.plain([6, 3], 20, 4), data.plain([6, 3], 20, 4)];
      const swapped = (other: Plain, own: Plain) =>
        own.values.map((v, i) => (swap.values[Math.floor(i / 3)] ? other.values[i]! : v));
      for (const exchange of [swapRows, swapRowsTwice]) {
        const results = await parties().run(async (party) => {
          const pair = [await shareOf(party, 'client', a), await shareOf(party, 'server', b)] as const;
          const [rows] = await exchange(party.mpc, await shareBits(party, 'client', swap), [pair]);
          return [await open(party, rows![0]), await open(party, rows![1])];
        });
        for (const [first, second] of results) {
          expect(first).toEqual(swapped(b, a));
          expect(second).toEqual(swapped(a, b));
        }
      }
    });

    it.each([1, 2, 3, 7, 8, 13])('sorts %i rows by their keys', async (n) => {
      const data = new TestData(n);
      const keys = data.plain([n], 12, 0, 10);
      const rows = { ...data.plain([n, 2], 20), values: keys.values.flatMap((key, i) => [key, BigInt(i)]) };
      const results = await parties().run(async (party) => {
        const sorted = await bitonicSort(party.mpc, {
          keys: await shareOf(party, 'client', keys),
          rows: [await shareOf(party, 'server', rows)],
        });
        return { keys: await open(party, sorted.keys), rows: await open(party, sorted.rows[0]!) };
      });
      const expected = [...keys.values].sort((p, q) => Number(p - q));
      for (const got of results) {
        expect(got.keys).toEqual(expected);
        expect(got.rows.filter((_, i) => i % 2 === 0)).toEqual(expected);
        const places = got.rows.filter((_, i) => i % 2 === 1).map(Number);
        expect(places.map((place) => keys.values[place])).toEqual(expected);
        expect([...places].sort((p, q) => p - q)).toEqual(Array.from({ length: n }, (_, i) => i));
      }
    });

    it('shifts by as many places as shared bits say, without rounding', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.integer({ min: -500, max: 500 }), fc.integer({ min: -4, max: 3 })), {
            minLength: 1,
            maxLength: 9,
          }),
          async (pairs) => {
            const shape = [pairs.length];
            const x = { shape, ringBits: 20, fractionBits: 4, values: pairs.map(([v]) => BigInt(v)) };
            const places = { shape, ringBits: 3, fractionBits: 0, values: pairs.map(([, l]) => BigInt(l)) };
            const results = await parties().run(async (party) => {
              const bits = await bitsOfNumber(party.mpc, await shareOf(party, 'server', places), 3);
              const shifted = await obliviousShift(party.mpc, await shareOf(party, 'client', x), bits);
              expect(shifted).toMatchObject({ ringBits: 20, fractionBits: 11 });
              return open(party, shifted);
            });
            // Read at 7 more places, so 2^(7 - l) times as much; l is unsigned.
            const expected = pairs.map(([v, l]) => BigInt(v * 2 ** (7 - ((l + 8) % 8))));
            for (const got of results) expect(got).toEqual(expected);
          },
        ),
        { numRuns: 8 },
      ));
  });
}
