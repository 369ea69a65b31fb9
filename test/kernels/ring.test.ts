import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';

const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const bitsArbitrary = fc.integer({ min: 1, max: 64 });
const wordsOf = (length: number, bits: number) =>
  fc
    .array(fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }), { minLength: length, maxLength: length })
    .map((values) => BigUint64Array.from(values));
const words = (length: number) => new BigUint64Array(length);
const list = (x: BigUint64Array): bigint[] => Array.from(x);

/** Bits and two tensors [outer, inner] and [inner] in that ring. */
const tensors = fc
  .record({
    bits: bitsArbitrary,
    outer: fc.integer({ min: 1, max: 5 }),
    inner: fc.integer({ min: 1, max: 19 }),
  })
  .chain(({ bits, outer, inner }) =>
    fc.record({
      bits: fc.constant(bits),
      inner: fc.constant(inner),
      x: wordsOf(outer * inner, bits),
      y: wordsOf(inner, bits),
    }),
  );

const floorDivide = (value: bigint, shift: number): bigint => value >> BigInt(shift);
const roundings: ((value: bigint, shift: number) => bigint)[] = [
  floorDivide,
  (value, shift) => -floorDivide(-value, shift),
  (value, shift) => (shift === 0 ? value : floorDivide(value + (1n << BigInt(shift - 1)), shift)),
];

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

    it('multiplies batches of matrices', () => {
      const extents = fc.record({
        bits: fc.constantFrom(7, 37, 52, 53, 64),
        batch: fc.integer({ min: 1, max: 3 }),
        n: fc.integer({ min: 1, max: 19 }),
        k: fc.integer({ min: 1, max: 9 }),
        m: fc.integer({ min: 1, max: 35 }),
      });
      const cases = extents.chain((e) =>
        fc.tuple(fc.constant(e), wordsOf(e.batch * e.n * e.k, e.bits), wordsOf(e.batch * e.k * e.m, e.bits)),
      );
      fc.assert(
        fc.property(cases, ([{ bits, batch, n, k, m }, x, y]) => {
          const expected: bigint[] = [];
          for (let b = 0; b < batch; b++)
            for (let r = 0; r < n; r++)
              for (let c = 0; c < m; c++) {
                let sum = 0n;
                for (let i = 0; i < k; i++) sum += x[(b * n + r) * k + i]! * y[(b * k + i) * m + c]!;
                expected.push(mod(sum, bits));
              }
          const out = words(batch * n * m);
          kernels.ringMatmul(x, y, batch, n, k, m, bits, out);
          expect(list(out)).toEqual(expected);
        }),
        { numRuns: 40 },
      );
    });

    it.each([
      [37, 24],
      [37, 50],
      [60, 29],
    ])('multiplies by panels, in memory or from a stream, %i bits, %i columns', (bits, m) => {
      const [n, k, seed, suite] = [11, 520, new Uint8Array(16).fill(7), 1] as const;
      const x = BigUint64Array.from({ length: n * k }, (_, i) =>
        mod(BigInt(i + 1) * 0x9e3779b97f4a7c15n, bits),
      );
      const stream = new Uint8Array(8 * k * m);
      kernels.prgFill(seed, 3, stream, suite);
      const panels = new BigUint64Array(stream.buffer);
      // Entry (row, column) of the matrix.
      const at = (row: number, column: number): bigint => {
        const left = column - (column % 24);
        return panels[k * left + row * Math.min(24, m - left) + column - left]!;
      };
      const matrix = BigUint64Array.from({ length: k * m }, (_, i) =>
        mod(at(Math.floor(i / m), i % m), bits),
      );
      const expected = words(n * m);
      kernels.ringMatmul(x, matrix, 1, n, k, m, bits, expected);
      const [out, streamed] = [words(n * m).fill(99n), words(n * m).fill(1n)];
      kernels.ringMatmulPanels(x, panels, n, k, m, bits, 0, out);
      expect(out).toEqual(expected);
      kernels.streamMatmul(x, seed, 3, n, k, m, bits, 1, streamed, suite);
      expect(streamed).toEqual(expected.map((word) => mod(word + 1n, bits)));
    });

    it('makes, hides and adds words of a stream', () => {
      fc.assert(
        fc.property(
          bitsArbitrary,
          fc.integer({ min: 0, max: 2100 }),
          fc.uint8Array({ minLength: 16, maxLength: 16 }),
          (bits, count, seed) => {
            const stream = new Uint8Array(8 * count);
            kernels.prgFill(seed, 5, stream);
            const made = words(count);
            kernels.streamWords(seed, 5, bits, made);
            expect(list(made)).toEqual(
              list(new BigUint64Array(stream.buffer)).map((word) => mod(word, bits)),
            );
            const x = made.map((word, i) => mod(word * 3n + BigInt(i), bits));
            const packed = new Uint8Array(Math.ceil((count * bits) / 8));
            kernels.streamHide(x, seed, 5, bits, packed);
            const sum = words(count);
            kernels.ringUnpackAdd(packed, bits, made, sum);
            expect(sum).toEqual(x);
          },
        ),
        { numRuns: 20 },
      );
    });

    it.each([
      { bits: 37, n: 3, k: 1100, m: 5 },
      { bits: 60, n: 3, k: 1100, m: 5 },
      { bits: 37, n: 13, k: 40, m: 61 },
    ])('multiplies by 16-bit weights over several panels, %o', ({ bits, n, k, m }) => {
      const x = BigUint64Array.from({ length: n * k }, (_, i) =>
        mod(BigInt(i + 1) * 0x9e3779b97f4a7c15n, bits),
      );
      const w = Int16Array.from({ length: k * m }, (_, i) => ((i * 40503) % 65536) - 32768);
      const out = words(n * m);
      kernels.ringMatmulInt16(x, w, n, k, m, bits, out);
      const expected: bigint[] = [];
      for (let r = 0; r < n; r++)
        for (let c = 0; c < m; c++) {
          let sum = 0n;
          for (let i = 0; i < k; i++) sum += x[r * k + i]! * BigInt(w[i * m + c]!);
          expected.push(mod(sum, bits));
        }
      expect(list(out)).toEqual(expected);
    });

    it('multiplies by 16-bit weights on several threads', () => {
      const [n, k, m, bits] = [65, 512, 1_030, 37];
      const x = BigUint64Array.from({ length: n * k }, (_, i) => mod(BigInt(i) * 0x9e3779b97f4a7c15n, bits));
      const w = Int16Array.from({ length: k * m }, (_, i) => (i * 40503) % 4001);
      const [alone, split] = [words(n * m), words(n * m)];
      kernels.ringMatmulInt16(x, w, n, k, m, bits, alone);
      kernels.ringMatmulInt16(x, w, n, k, m, bits, split, 3);
      expect(split).toEqual(alone);
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
