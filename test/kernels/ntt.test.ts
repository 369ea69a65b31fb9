import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { standardPreset } from '../../inference/crypto/rlwe/parameters.js';
import { availableIsas, withIsa } from '../support/isa.js';

const PRIME = standardPreset.primes[0]!;
const residue = fc.integer({ min: 0, max: PRIME - 1 });
const residues = (length: number) =>
  fc.array(residue, { minLength: length, maxLength: length }).map((x) => Uint32Array.from(x));
const multiplyModulo = (x: number, y: number): number => Number((BigInt(x) * BigInt(y)) % BigInt(PRIME));

/** x · y in Z_p[X]/(X^n + sign), by definition. */
function convolution(x: Uint32Array, y: Uint32Array, sign: 1 | -1): Uint32Array {
  const n = x.length;
  const out = new Array<bigint>(n).fill(0n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const product = BigInt(x[i]!) * BigInt(y[j]!);
      const at = (i + j) % n;
      out[at] = out[at]! + (i + j < n ? product : -BigInt(sign) * product);
    }
  }
  const p = BigInt(PRIME);
  return Uint32Array.from(out, (value) => Number(((value % p) + p) % p));
}

const transformed = (x: Uint32Array): Uint32Array => {
  const copy = x.slice();
  kernels.nttForward(PRIME, copy);
  return copy;
};

describe.each(availableIsas)('transforms with $name', ({ isa }) => {
  it('turns negacyclic convolutions into products', () =>
    withIsa(isa, () =>
      fc.assert(
        fc.property(
          fc.constantFrom(16, 32, 128, 256).chain((n) => fc.tuple(residues(n), residues(n))),
          ([x, y]) => {
            const product = new Uint32Array(x.length);
            kernels.nttMultiply(PRIME, transformed(x), transformed(y), product);
            kernels.nttInverse(PRIME, product);
            expect(product).toEqual(convolution(x, y, 1));
          },
        ),
        { numRuns: 12 },
      ),
    ));

  it('multiplies sparse polynomials of degree 512 to 8192', () =>
    withIsa(isa, () => {
      for (const n of [512, 1024, 8192]) {
        const x = new Uint32Array(n);
        const y = new Uint32Array(n);
        x[n - 1] = PRIME - 1;
        x[3] = 12_345;
        y[2] = 7;
        const product = new Uint32Array(n);
        kernels.nttMultiply(PRIME, transformed(x), transformed(y), product);
        kernels.nttInverse(PRIME, product);
        const expected = new Uint32Array(n);
        expected[1] = 7; // -1 · 7 · X^(n + 1) = 7 X
        expected[5] = 86_415;
        expect(product).toEqual(expected);
      }
    }));

  it.each([
    [16, 4],
    [256, 8],
    [256, 16],
    [512, 32],
    [1024, 32],
    [1024, 64],
    [1024, 1024],
  ])('transforms polynomials of degree %i with %i coefficients as all of them', (n, support) =>
    withIsa(isa, () => {
      const low = Uint32Array.from(
        { length: support },
        (_, i) => (Math.imul(i + 1, 2654435761) >>> 6) % PRIME,
      );
      const whole = new Uint32Array(n);
      whole.set(low);
      const out = new Uint32Array(n).fill(PRIME - 1);
      kernels.nttForwardLow(PRIME, low, out);
      expect(out).toEqual(transformed(whole));
    }),
  );

  it('gives the same transform as every other instruction set', () =>
    withIsa(isa, () => {
      const x = Uint32Array.from({ length: 8192 }, (_, i) => multiplyModulo(i + 1, 48_271));
      const here = transformed(x);
      const portable = withIsa(0, () => transformed(x));
      kernels.limitIsa(isa);
      expect(here).toEqual(portable);
      kernels.nttInverse(PRIME, here);
      expect(here).toEqual(x);
    }));

  it.each([
    ...[2, 4, 8, 32, 512].map((length) => ({ length, n: 8192, negacyclic: 0 as const })),
    ...[16, 32, 256].map((length) => ({ length, n: length, negacyclic: 1 as const })),
  ])('convolves sixteen columns of $length (negacyclic: $negacyclic)', ({ length, n, negacyclic }) =>
    withIsa(isa, () => {
      const half = length / 2;
      const column = (seed: number, lane: number, support: number) =>
        Uint32Array.from({ length }, (_, e) =>
          e < support ? multiplyModulo(seed + e * 16 + lane, 69_621) : 0,
        );
      const sideBySide = (seed: number, support: number) => {
        const out = new Uint32Array(length * 16);
        for (let lane = 0; lane < 16; lane++) {
          column(seed, lane, length).forEach((value, e) => {
            out[16 * e + lane] = value;
          });
        }
        kernels.nttForwardColumns(PRIME, n, out, support, negacyclic);
        return out;
      };
      const product = new Uint32Array(length * 16);
      kernels.nttMultiply(PRIME, sideBySide(5, half), sideBySide(99, length), product);
      kernels.nttInverseColumns(PRIME, n, product, negacyclic);
      for (const lane of [0, 7, 15]) {
        const sign = negacyclic === 1 ? 1 : -1;
        const expected = convolution(column(5, lane, half), column(99, lane, length), sign);
        const got = Uint32Array.from({ length }, (_, e) => product[16 * e + lane]! % PRIME);
        expect(got).toEqual(expected.map((value) => multiplyModulo(value, length)));
      }
    }),
  );

  it.each([
    ...[2, 8, 64, 512].map((length) => ({ length, n: 8192, negacyclic: 0 as const })),
    ...[16, 256].map((length) => ({ length, n: length, negacyclic: 1 as const })),
  ])('brings back the last of some rows of $length (negacyclic: $negacyclic)', ({ length, n, negacyclic }) =>
    withIsa(isa, () => {
      const rows = Uint32Array.from({ length: 16 * length }, (_, i) => multiplyModulo(i + 3, 69_621));
      const points = rows.slice();
      kernels.nttForwardColumns(PRIME, n, points, length, negacyclic);
      for (let log = 0; log <= Math.min(8, Math.log2(length)); log++) {
        const out = points.slice();
        kernels.nttInverseColumnsLast(PRIME, n, out, negacyclic, log);
        const left = out.subarray(0, (16 * length) >> log).map((word) => word % PRIME);
        const expected = left.map((_, i) => {
          const row = (((i >> 4) + 1) << log) - 1;
          return multiplyModulo(rows[16 * row + (i & 15)]!, length);
        });
        expect(left).toEqual(expected);
      }
    }),
  );

  it('multiplies tiles', () =>
    withIsa(isa, () =>
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 12 }),
          fc
            .integer({ min: 1, max: 40 })
            .chain((depth) => fc.tuple(residues(depth * 12), residues(depth * 16))),
          (rows, [a, b]) => {
            const depth = b.length / 16;
            const out = new Uint32Array(rows * 16);
            kernels.nttTile(PRIME, a.subarray(0, depth * rows), b, rows, out);
            for (const [r, c] of [
              [0, 0],
              [rows - 1, 15],
              [rows >> 1, 9],
            ] as const) {
              let sum = 0n;
              for (let k = 0; k < depth; k++) sum += BigInt(a[k * rows + r]!) * BigInt(b[k * 16 + c]!);
              expect(out[r * 16 + c]! % PRIME).toBe(Number(sum % BigInt(PRIME)));
            }
          },
        ),
        { numRuns: 20 },
      ),
    ));

  it('multiplies lanes by themselves', () =>
    withIsa(isa, () =>
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 5 }),
          fc
            .integer({ min: 1, max: 20 })
            .chain((terms) => fc.tuple(residues(terms * 4 * 16), residues(terms * 5 * 16))),
          (rows, cols, [x, y]) => {
            const terms = x.length / 64;
            const out = new Uint32Array(rows * cols * 16);
            const [left, right] = [x.subarray(0, terms * rows * 16), y.subarray(0, terms * cols * 16)];
            kernels.nttLaneProducts(PRIME, left, rows, right, cols, out);
            out.forEach((got, at) => {
              const [r, c, lane] = [Math.floor(at / 16 / cols), Math.floor(at / 16) % cols, at % 16];
              let sum = 0n;
              for (let t = 0; t < terms; t++)
                sum += BigInt(left[(t * rows + r) * 16 + lane]!) * BigInt(right[(t * cols + c) * 16 + lane]!);
              expect(got).toBe(Number(sum % BigInt(PRIME)));
            });
          },
        ),
        { numRuns: 20 },
      ),
    ));

  it('sums 4096 products of the largest residues', () =>
    withIsa(isa, () => {
      const out = new Uint32Array(8 * 16);
      const a = new Uint32Array(4096 * 8).fill(PRIME - 1);
      kernels.nttTile(PRIME, a, new Uint32Array(4096 * 16).fill(PRIME - 1), 8, out);
      expect(new Set(out.map((value) => value % PRIME))).toEqual(new Set([4096]));
    }));
});

it('refuses primes and lengths that do not fit', () => {
  expect(() => kernels.nttForward(PRIME, new Uint32Array(16384))).toThrow(/2n \| p - 1/);
  expect(() => kernels.nttForward(PRIME + 2, new Uint32Array(16))).toThrow();
  expect(() => kernels.nttForward(PRIME, new Float64Array(16) as never)).toThrow(TypeError);
});
