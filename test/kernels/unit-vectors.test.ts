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

  it('at the halves of a number give shares of its top bit, once a known number is added', () => {
    const numbers = fc.record({
      lowBits: fc.integer({ min: 3, max: 8 }),
      highBits: fc.integer({ min: 3, max: 8 }),
      seed: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }),
      copies: fc.integer({ min: 1, max: 3 }),
      mask: fc.array(fc.nat(255), { minLength: 64, maxLength: 64 }),
    });
    fc.assert(
      fc.property(numbers, ({ lowBits, highBits, seed, copies, mask }) => {
        const [low, size, n] = [2 ** lowBits, 2 ** (lowBits + highBits), seed.length];
        const known = Array.from({ length: copies * n }, (_, i) => (seed[i % n]![0] * (i + 1)) % size);
        const secret = seed.map(([, r]) => r % size);
        // Two shares of unit vectors: any bits, and the same with the places turned.
        const sharesOf = (bits: number, places: readonly number[]) => {
          const first = Uint8Array.from({ length: (n * 2 ** bits) / 8 }, (_, i) => mask[i % 64]!);
          const second = first.slice();
          for (const [i, place] of places.entries())
            second[(i * 2 ** bits + place) >> 3]! ^= 1 << (place % 8);
          return [first, second] as const;
        };
        const lower = sharesOf(
          lowBits,
          secret.map((r) => r % low),
        );
        const upper = sharesOf(
          highBits,
          secret.map((r) => Math.floor(r / low)),
        );
        const parts = [0, 1].map((party) => {
          const [top, changes, carries] = [0, 1, 2].map(() => new Uint8Array(copies * n));
          const out = { top: top!, changes: changes!, carries: carries! };
          const vectors = { upper: upper[party]!, lower: lower[party]! };
          kernels.topBitParts({ lowBits, highBits, d: words(known), ...vectors, ...out });
          return out;
        });
        const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
        const opened = known.map(
          (_, i) =>
            a.top[i]! ^ b.top[i]! ^ ((a.changes[i]! ^ b.changes[i]!) & (a.carries[i]! ^ b.carries[i]!)),
        );
        expect(opened).toEqual(known.map((d, i) => Number((d + secret[i % n]!) % size >= size / 2)));
      }),
    );
  });

  it('of bits give shares of the bits of a long table at a shared place', () => {
    const lookUps = fc.record({
      indexBits: fc.integer({ min: 6, max: 9 }),
      ringBits: fc.integer({ min: 1, max: 64 }),
      seed: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 }),
      mask: fc.uint8Array({ minLength: 61, maxLength: 61 }),
      entry: fc.bigInt(1n, (1n << 64n) - 1n),
    });
    fc.assert(
      fc.property(lookUps, ({ indexBits, ringBits, seed, mask, entry }) => {
        const [places, n] = [2 ** indexBits, seed.length];
        const table = BigUint64Array.from({ length: places }, (_, j) =>
          BigInt.asUintN(ringBits, entry * BigInt(j + 1) * BigInt(j + 1)),
        );
        const shares = [0, 1].map(() =>
          Uint8Array.from({ length: (n * places) / 8 }, (_, i) => mask[i % mask.length]!),
        );
        for (const [i, [place]] of seed.entries()) {
          const at = i * places + (place % places);
          shares[1]![at >> 3]! ^= 1 << (at % 8);
        }
        const shifts = words(seed.map(([, shift]) => shift));
        const [a, b] = shares.map((fields) => {
          const out = new Uint8Array(n * ringBits);
          kernels.bitTableEntries({ indexBits, ringBits, shifts, table, fields, out });
          return out;
        });
        const read = seed.map((_, i) => {
          let value = 0n;
          for (let bit = 0; bit < ringBits; bit++)
            value |= BigInt(a![bit * n + i]! ^ b![bit * n + i]!) << BigInt(bit);
          return value;
        });
        expect(read).toEqual(seed.map(([place, shift]) => table[(place + shift) % places]!));
      }),
    );
  });
});
