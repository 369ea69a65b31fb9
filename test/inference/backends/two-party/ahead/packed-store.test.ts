import fc from 'fast-check';
import { expect, it } from 'vitest';
import { kernels } from '#kernels';
import { PackedStore } from '../../../../../inference/backends/two-party/ahead/packed-store.js';

const words = (count: number, bits: number, from: number): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) =>
    BigInt.asUintN(bits, BigInt(from + i) * 0x9e3779b97f4a7c15n),
  );

it('gives each item once, in order, whatever was added and taken', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 5 }),
      (added, taken, bits, width) => {
        const store = new PackedStore([
          { width, bits },
          { width: 3, bits: 0 },
          { width: 1, bits: 7 },
        ]);
        let items = 0;
        for (const count of added) {
          store.add(count, [
            words(count * width, bits, items * width),
            new BigUint64Array(0),
            words(count, 7, items),
          ]);
          items += count;
        }
        let begin = 0;
        for (const count of taken.filter((one) => one <= items)) {
          if (begin + count > items) {
            expect(() => store.take(count)).toThrow(/items/);
            continue;
          }
          expect(store.take(count)).toEqual([
            words(count * width, bits, begin * width),
            new BigUint64Array(0),
            words(count, 7, begin),
          ]);
          begin += count;
          expect(store.available).toBe(items - begin);
        }
      },
    ),
  );
});

/** The first `count` words of a stream. */
function wordsOf(stream: Uint8Array, bits: number, count: number): BigUint64Array {
  const out = new BigUint64Array(count);
  const bytes = stream.subarray(0, Math.ceil((count * bits) / 8));
  if (count > 0) kernels.ringUnpack(bytes, bits, out);
  return out;
}

it('gives bits as bytes, and streams wherever in bytes they begin and end', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      counts,
      counts,
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 9 }),
      (added, taken, bits, width) => {
        const store = new PackedStore([
          { width, bits: 1, as: 'bits' },
          { width, bits, as: 'stream' },
        ]);
        let items = 0;
        for (const count of added) {
          store.add(count, [
            words(count * width, 1, items * width),
            words(count * width, bits, items * width),
          ]);
          items += count;
        }
        let begin = 0;
        for (const count of taken) {
          if (begin + count > items) return;
          const [ones, stream] = store.take(count) as [Uint8Array, Uint8Array];
          expect(ones).toEqual(Uint8Array.from(words(count * width, 1, begin * width), Number));
          expect(wordsOf(stream, bits, count * width)).toEqual(words(count * width, bits, begin * width));
          begin += count;
        }
      },
    ),
  );
});

it('gives parts of what was removed, as often as they are read', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      counts,
      fc.tuple(fc.nat(), fc.nat(), fc.nat()),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 9 }),
      (added, [skips, removes, begins], bits, width) => {
        const store = new PackedStore([
          { width, bits },
          { width: 1, bits: 1, as: 'bits' },
          { width, bits, as: 'stream' },
        ]);
        let items = 0;
        for (const count of added) {
          const all = words(count * width, bits, items * width);
          store.add(count, [all, words(count, 1, items), all]);
          items += count;
        }
        const skipped = skips % items;
        store.take(skipped);
        const count = 1 + (removes % (items - skipped));
        const removed = store.remove(count);
        expect(store.available).toBe(items - skipped - count);
        const begin = begins % count;
        for (const [from, to] of [
          [begin, count],
          [0, begin],
        ] as const) {
          const expected = words((to - from) * width, bits, (skipped + from) * width);
          expect(removed.read(0, from, to)).toEqual(expected);
          expect(removed.read(1, from, to)).toEqual(
            Uint8Array.from(words(to - from, 1, skipped + from), Number),
          );
          expect(wordsOf(removed.read(2, from, to) as Uint8Array, bits, expected.length)).toEqual(expected);
        }
      },
    ),
  );
});
