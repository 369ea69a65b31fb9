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
