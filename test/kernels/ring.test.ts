import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { mod, signed, words, list, tensors, roundings } from './ring-values.js';

describe.each([0, 1, 2].filter((isa) => isa <= kernels.detectedIsa()))(
  'ring kernels, instruction set %i',
  (isa) => {
    beforeAll(() => kernels.limitIsa(isa));
    afterAll(() => kernels.limitIsa(2));

    it('adds, subtracts and multiplies modulo 2^bits, y repeated over the leading axes', () => {
      fc.assert(
        fc.property(tensors, ({ bits, inner, x, y }) => {
          const out = words(x.length);
          kernels.ringAdd(x, y, bits, out);
          expect(list(out)).toEqual(list(x).map((v, i) => mod(v + y[i % inner]!, bits)));
          kernels.ringSubtract(x, y, bits, out);
          expect(list(out)).toEqual(list(x).map((v, i) => mod(v - y[i % inner]!, bits)));
          kernels.ringMultiply(x, y, bits, out);
          expect(list(out)).toEqual(list(x).map((v, i) => mod(v * y[i % inner]!, bits)));
          kernels.ringNegate(x, bits, out);
          expect(list(out)).toEqual(list(x).map((v) => mod(-v, bits)));
          kernels.ringScale(x, -77777777777n, bits, out);
          expect(list(out)).toEqual(list(x).map((v) => mod(v * -77777777777n, bits)));
        }),
      );
    });

    it('scales and selects whole rows', () => {
      fc.assert(
        fc.property(tensors, ({ bits, inner, x }) => {
          const rows = x.length / inner;
          const factors = x.slice(0, rows);
          const out = words(x.length);
          kernels.ringMultiplyRows(x, factors, bits, out);
          expect(list(out)).toEqual(list(x).map((v, i) => mod(v * factors[Math.floor(i / inner)]!, bits)));
          const chosen = Uint8Array.from(factors, (v) => Number(v & 1n));
          kernels.ringSelect(chosen, x, out);
          expect(list(out)).toEqual(list(x).map((v, i) => (chosen[Math.floor(i / inner)] ? v : 0n)));
        }),
      );
    });

    it('shifts right with every rounding', () => {
      fc.assert(
        fc.property(
          tensors,
          fc.nat(1000),
          fc.boolean(),
          fc.constantFrom(0, 1, 2),
          ({ bits, x }, pick, reduce, rounding) => {
            const shift = pick % bits;
            const outBits = reduce || bits === 64 ? bits - shift : bits;
            const out = words(x.length);
            kernels.ringShiftRight(x, bits, shift, rounding as 0 | 1 | 2, outBits, out);
            const round = roundings[rounding]!;
            expect(list(out)).toEqual(list(x).map((v) => mod(round(signed(v, bits), shift), outBits)));
          },
        ),
      );
    });

    it('sums over an axis, finds signs and the largest magnitude, extends signs', () => {
      fc.assert(
        fc.property(tensors, ({ bits, inner, x, y }) => {
          const outer = x.length / inner;
          const columns = words(inner);
          kernels.ringSum(x, outer, inner, bits, columns);
          for (let i = 0; i < inner; i++) {
            let total = 0n;
            for (let o = 0; o < outer; o++) total += x[o * inner + i]!;
            expect(columns[i]).toBe(mod(total, bits));
          }
          const total = words(outer);
          kernels.ringSum(x, inner, 1, bits, total);
          expect(total[0]).toBe(
            mod(
              list(x.subarray(0, inner)).reduce((a, b) => a + b, 0n),
              bits,
            ),
          );

          const signs = new Uint8Array(inner);
          kernels.ringSignBit(y, bits, signs);
          expect(Array.from(signs)).toEqual(list(y).map((v) => Number(v >> BigInt(bits - 1))));
          const magnitudes = list(y).map((v) => (signed(v, bits) < 0n ? -signed(v, bits) : signed(v, bits)));
          const largest = magnitudes.sort((a, b) => (a < b ? 1 : -1))[0];
          expect(kernels.ringMaxAbsolute(y, bits)).toBe(Number(largest));
          const extended = words(inner);
          kernels.ringSignExtend(y, bits, 64, extended);
          expect(list(extended)).toEqual(list(y).map((v) => mod(signed(v, bits), 64)));
          const masked = words(inner);
          kernels.ringMask(extended, bits, masked);
          expect(list(masked)).toEqual(list(y));
        }),
      );
    });

    it('negates and adds where bits say so, adds multiples', () => {
      fc.assert(
        fc.property(tensors, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), ({ bits, inner, x }, factor) => {
          const flags = Uint8Array.from({ length: x.length }, (_, i) => (i % 3 === 0 ? 1 : 0));
          const out = words(x.length);
          kernels.ringNegateWhere(flags, x, bits, out);
          expect(list(out)).toEqual(list(x).map((v, i) => (flags[i] ? mod(-v, bits) : v)));
          const rows = flags.subarray(0, x.length / inner);
          kernels.ringNegateWhere(rows, x, bits, out);
          expect(list(out)).toEqual(list(x).map((v, i) => (rows[Math.floor(i / inner)] ? mod(-v, bits) : v)));
          const sum = x.slice();
          kernels.ringAddWhere(flags, x, bits, sum);
          expect(list(sum)).toEqual(list(x).map((v, i) => mod(flags[i] ? 2n * v : v, bits)));
          const scaled = x.slice();
          kernels.ringAddScaled(x, factor, bits, scaled);
          expect(list(scaled)).toEqual(list(x).map((v) => mod(v + factor * v, bits)));
        }),
      );
    });

    it('permutes axes and gathers rows', () => {
      const shape = [2, 3, 4, 5];
      const x = BigUint64Array.from({ length: 120 }, (_, i) => BigInt(i));
      const permutation = [2, 0, 3, 1];
      const out = words(120);
      kernels.ringPermute(x, Uint32Array.from(shape), Uint32Array.from(permutation), out);
      const expected: bigint[] = [];
      for (let c = 0; c < 4; c++)
        for (let a = 0; a < 2; a++)
          for (let d = 0; d < 5; d++)
            for (let b = 0; b < 3; b++) expected.push(BigInt(((a * 3 + b) * 4 + c) * 5 + d));
      expect(list(out)).toEqual(expected);
      const rows = words(30);
      kernels.ringGatherRows(x, 10, Uint32Array.from([11, 0, 4]), rows);
      expect(list(rows)).toEqual(
        [11, 0, 4].flatMap((r) => Array.from({ length: 10 }, (_, i) => BigInt(10 * r + i))),
      );
    });

    it('converts floats, rounding to nearest and counting saturation', () => {
      const x = Float64Array.of(0.5, -0.5, 1.26, -1.26, 3.9, -4, 4, Number.NaN, 1e300);
      const out = words(x.length);
      expect(kernels.ringFromFloat(x, 5, 2, out)).toBe(4);
      expect(list(out).map((v) => signed(v, 5))).toEqual([2n, -2n, 5n, -5n, 15n, -16n, 15n, 0n, 15n]);
      const back = new Float64Array(x.length);
      kernels.ringToFloat(out, 5, 2, back);
      expect(Array.from(back)).toEqual([0.5, -0.5, 1.25, -1.25, 3.75, -4, 3.75, 0, 3.75]);
    });
  },
);

describe('argument checks', () => {
  it('rejects wrong types, lengths and widths before touching memory', () => {
    const x = words(4);
    expect(() => kernels.ringAdd(x, words(3), 37, words(4))).toThrow(RangeError);
    expect(() => kernels.ringAdd(x, x, 37, words(3))).toThrow(/expected length 4, got 3/);
    expect(() => kernels.ringAdd(x, x, 65, words(4))).toThrow(RangeError);
    expect(() => kernels.ringAdd(new Float64Array(4) as unknown as BigUint64Array, x, 37, x)).toThrow(
      TypeError,
    );
    expect(() => kernels.ringGatherRows(x, 2, Uint32Array.of(2), words(2))).toThrow(RangeError);
    expect(() => kernels.ringUnpack(new Uint8Array(4), 37, words(1))).toThrow(RangeError);
    expect(() => kernels.ringPermute(x, Uint32Array.of(2, 2), Uint32Array.of(0, 0), x)).toThrow(RangeError);
  });

  it('rejects sizes whose product wraps around to the length of a buffer', () => {
    const half = 2 ** 32;
    const none = words(0);
    const axes = (size: number) => Uint32Array.from({ length: size }, (_, i) => i);
    expect(() => kernels.ringSum(none, half, half, 37, none)).toThrow(RangeError);
    expect(() => kernels.ringMatmul(none, none, half, half, 1, 0, 37, none)).toThrow(RangeError);
    expect(() => kernels.ringMatmulInt16(none, new Int16Array(0), half, half, 0, 37, none)).toThrow(
      RangeError,
    );
    expect(() => kernels.ringPermute(none, Uint32Array.of(2 ** 31, 2 ** 31, 4), axes(3), none)).toThrow(
      RangeError,
    );
    const wrapping = Uint32Array.of(2 ** 30 - 1); // (row + 1) · width is 2^64 with a width of 2^34
    expect(() => kernels.ringGatherRows(none, 2 ** 34, wrapping, none)).toThrow(RangeError);
  });
});
