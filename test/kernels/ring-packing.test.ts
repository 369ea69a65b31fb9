import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { words, list, tensors } from './ring-values.js';

describe.each([0, 1, 2].filter((isa) => isa <= kernels.detectedIsa()))(
  'packing kernels, instruction set %i',
  (isa) => {
    beforeAll(() => kernels.limitIsa(isa));
    afterAll(() => kernels.limitIsa(2));

    it('packs a bit stream and unpacks it', () => {
      fc.assert(
        fc.property(tensors, ({ bits, x }) => {
          const bytes = new Uint8Array(Math.ceil((x.length * bits) / 8));
          kernels.ringPack(x, bits, bytes);
          let stream = 0n;
          list(x).forEach((v, i) => {
            stream |= v << BigInt(i * bits);
          });
          expect(Array.from(bytes)).toEqual(
            Array.from(bytes, (_, i) => Number((stream >> BigInt(8 * i)) & 255n)),
          );
          const back = words(x.length);
          kernels.ringUnpack(bytes, bits, back);
          expect(list(back)).toEqual(list(x));
          for (let first = 0; first <= x.length; first += 3) {
            const part = words(Math.min(11, x.length - first));
            kernels.ringUnpack(bytes, bits, part, first);
            expect(list(part)).toEqual(list(x).slice(first, first + part.length));
          }
        }),
        { numRuns: 400 },
      );
      expect(() => kernels.ringUnpack(new Uint8Array(5), 37, words(1), 1)).toThrow(RangeError);
    });

    it('packs differences without an array for them', () => {
      fc.assert(
        fc.property(tensors, ({ bits, inner, x, y }) => {
          const difference = words(x.length);
          kernels.ringSubtract(x, y, bits, difference);
          const [expected, got] = [0, 1].map(() => new Uint8Array(Math.ceil((x.length * bits) / 8)));
          kernels.ringPack(difference, bits, expected!);
          const repeated = words(x.length);
          for (let i = 0; i < x.length; i++) repeated[i] = y[i % inner]!;
          kernels.ringPackDifference(x, repeated, bits, got!);
          expect(got).toEqual(expected);
        }),
      );
      const [long, zero] = [words(1500).fill(5n), words(1500)];
      const bytes = new Uint8Array((1500 * 13 + 7) >> 3);
      kernels.ringPackDifference(zero, long, 13, bytes);
      const back = words(1500);
      kernels.ringUnpack(bytes, 13, back);
      expect(back.every((word) => word === 8187n)).toBe(true);
    });

    it('packs bits of one byte each and unpacks them', () => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 70 }), (bits) => {
          const bytes = new Uint8Array(Math.ceil(bits.length / 8));
          kernels.bitsPack(Uint8Array.from(bits), bytes);
          expect(Array.from(bytes)).toEqual(
            Array.from(bytes, (_, b) =>
              bits.slice(8 * b, 8 * b + 8).reduce((byte, bit, i) => byte | (bit << i), 0),
            ),
          );
          const back = new Uint8Array(bits.length);
          kernels.bitsUnpack(bytes, back);
          expect(Array.from(back)).toEqual(bits);
        }),
      );
    });

    it('works on bits', () => {
      const x = Uint8Array.of(0, 1, 0, 1);
      const y = Uint8Array.of(0, 0, 1, 1);
      const out = new Uint8Array(4);
      kernels.bitsXor(x, y, out);
      expect(Array.from(out)).toEqual([0, 1, 1, 0]);
      kernels.bitsAnd(x, y, out);
      expect(Array.from(out)).toEqual([0, 0, 0, 1]);
      kernels.bitsNot(x, out);
      expect(Array.from(out)).toEqual([1, 0, 1, 0]);
      const lifted = words(4);
      kernels.ringFromBits(x, lifted);
      expect(list(lifted)).toEqual([0n, 1n, 0n, 1n]);
    });
  },
);
