import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

/** Fields of a bit stream, as numbers. */
function fieldsOf(bytes: Uint8Array, bits: number, count: number): bigint[] {
  let stream = 0n;
  for (const [i, byte] of bytes.entries()) stream |= BigInt(byte) << BigInt(8 * i);
  return Array.from({ length: count }, (_, i) => BigInt.asUintN(bits, stream >> BigInt(bits * i)));
}

const cases = fc
  .record({
    indexBits: fc.integer({ min: 1, max: 6 }),
    ringBits: fc.integer({ min: 1, max: 64 }),
    count: fc.integer({ min: 0, max: 5 }),
  })
  .chain(({ indexBits, ringBits, count }) =>
    fc.record({
      indexBits: fc.constant(indexBits),
      ringBits: fc.constant(ringBits),
      fields: fc.uint8Array({
        minLength: Math.ceil((count * 2 ** indexBits * ringBits) / 8),
        maxLength: Math.ceil((count * 2 ** indexBits * ringBits) / 8),
      }),
      places: fc.array(fc.nat(2 ** indexBits - 1), { minLength: count, maxLength: count }),
      table: fc.array(fc.bigInt(0n, (1n << BigInt(ringBits)) - 1n), {
        minLength: 2 ** indexBits,
        maxLength: 2 ** indexBits,
      }),
    }),
  );

const words = (values: readonly number[]): BigUint64Array => BigUint64Array.from(values, BigInt);

describe('unit vectors', () => {
  it('get 1 more at their places, modulo the ring', () => {
    fc.assert(
      fc.property(cases, ({ indexBits, ringBits, fields, places }) => {
        const entries = 2 ** indexBits;
        const before = fieldsOf(fields, ringBits, places.length * entries);
        kernels.unitVectorAdd({ indexBits, ringBits, places: words(places), fields });
        const expected = before.map((value, i) =>
          BigInt.asUintN(ringBits, value + (places[Math.floor(i / entries)] === i % entries ? 1n : 0n)),
        );
        expect(fieldsOf(fields, ringBits, expected.length)).toEqual(expected);
      }),
    );
  });

  it.each(availableIsas)('sum the entries of a table that is shifted ($name)', ({ isa }) => {
    withIsa(isa, () =>
      fc.assert(
        fc.property(cases, ({ indexBits, ringBits, fields, places: shifts, table }) => {
          const entries = 2 ** indexBits;
          const values = fieldsOf(fields, ringBits, shifts.length * entries);
          const out = new BigUint64Array(shifts.length);
          kernels.unitVectorSums({
            ...{ indexBits, ringBits, fields, out },
            shifts: words(shifts),
            table: BigUint64Array.from(table),
          });
          const expected = shifts.map((shift, i) =>
            BigInt.asUintN(
              ringBits,
              table.reduce((sum, _, j) => sum + values[i * entries + j]! * table[(j + shift) % entries]!, 0n),
            ),
          );
          expect([...out]).toEqual(expected);
        }),
      ),
    );
  });

  it('refuse lengths that do not fit', () => {
    const plan = { indexBits: 3, ringBits: 5 };
    const two = new BigUint64Array(2);
    const fields = new Uint8Array(10);
    expect(() => kernels.unitVectorAdd({ ...plan, places: two, fields: fields.subarray(1) })).toThrow(
      RangeError,
    );
    const call = { ...plan, shifts: two, table: new BigUint64Array(8), fields, out: two };
    expect(() => kernels.unitVectorSums({ ...call, table: new BigUint64Array(7) })).toThrow(RangeError);
    expect(() => kernels.unitVectorSums({ ...call, out: new BigUint64Array(3) })).toThrow(RangeError);
  });
});
