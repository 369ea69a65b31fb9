import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { withIsa } from '../support/isa.js';
import { floats, onEveryIsa, onTwoThreads } from './float-support.js';

afterEach(onTwoThreads);

function naiveGemm(
  [transposeA, transposeB]: readonly [boolean, boolean],
  [m, n, k]: readonly [number, number, number],
  a: Float32Array,
  b: Float32Array,
): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let p = 0; p < k; p++)
      sum += a[transposeA ? p * m + i : i * k + p]! * b[transposeB ? j * k + p : p * n + j]!;
    return sum;
  });
}

describe('floatGemm', () => {
  const size = fc.integer({ min: 1, max: 70 });
  it('multiplies any shapes in all layouts, with bias and on top of C', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.boolean(), fc.boolean()),
        fc.tuple(size, size, fc.integer({ min: 1, max: 300 })),
        fc.boolean(),
        fc.boolean(),
        (transposes, sizes, withBias, accumulate) => {
          const [m, n, k] = sizes;
          const [a, b, bias, before] = [floats(m * k), floats(k * n), floats(n), floats(m * n)];
          const product = naiveGemm(transposes, sizes, a, b);
          onEveryIsa(() => {
            const c = before.slice();
            const added = withBias && !accumulate ? bias : null;
            const [transposeA, transposeB] = transposes;
            kernels.floatGemm({
              transposeA,
              transposeB,
              m,
              n,
              k,
              a,
              b,
              c,
              bias: added,
              accumulate,
              batch: 1,
            });
            product.forEach((value, at) => {
              const expected = value + (accumulate ? before[at]! : 0) + (added ? bias[at % n]! : 0);
              expect(Math.abs(c[at]! - expected)).toBeLessThan(2e-5);
            });
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('multiplies batches, with one matrix for all where it does not advance', () => {
    const [batch, m, n, k] = [3, 5, 7, 4];
    const [a, b] = [floats(batch * m * k), floats(k * n)];
    const c = new Float32Array(batch * m * n);
    kernels.floatGemm({ m, n, k, a, b, c, batch, strideA: true });
    const whole = naiveGemm([false, false], [batch * m, n, k], a, b);
    whole.forEach((value, at) => {
      expect(c[at]).toBeCloseTo(value, 5);
    });
  });

  it('gives the same bits on any number of threads', () => {
    const [m, n, k] = [301, 173, 517];
    const [a, b] = [floats(m * k), floats(k * n)];
    const results = [1, 2, 5].map((threads) => {
      kernels.setFloatThreads(threads);
      const c = new Float32Array(m * n);
      kernels.floatGemm({ transposeB: true, m, n, k, a, b, c, batch: 1 });
      return c;
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('refuses arrays of other lengths and types before it touches them', () => {
    const call = (c: unknown) => () =>
      kernels.floatGemm({ m: 2, n: 2, k: 2, a: floats(4), b: floats(4), c: c as Float32Array, batch: 1 });
    expect(call(floats(3))).toThrow(TypeError);
    expect(call(new Float64Array(4))).toThrow(TypeError);
    expect(call(null)).toThrow(TypeError);
  });
});

/** The nearest bfloat16, ties to even. */
function toBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(Uint32Array.of(rounded).buffer)[0]!;
}

describe.skipIf(!kernels.hasBfloat16())('floatGemm in bfloat16', () => {
  const size = fc.integer({ min: 1, max: 70 });
  it('is the product of the rounded numbers, in any shape and layout, with bias and on top of C', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.boolean(), fc.boolean()),
        fc.tuple(size, size, fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 500, max: 600 }))),
        fc.boolean(),
        fc.boolean(),
        (transposes, sizes, withBias, accumulate) => {
          const [m, n, k] = sizes;
          const [a, b, bias, c] = [floats(m * k), floats(k * n), floats(n), floats(m * n)];
          const before = c.slice();
          const product = naiveGemm(transposes, sizes, a.map(toBfloat16), b.map(toBfloat16));
          const added = withBias && !accumulate ? bias : null;
          const [transposeA, transposeB] = transposes;
          const options = { bias: added, accumulate, batch: 1, bfloat16: true };
          kernels.floatGemm({ transposeA, transposeB, m, n, k, a, b, c, ...options });
          product.forEach((value, at) => {
            const expected = value + (accumulate ? before[at]! : 0) + (added ? bias[at % n]! : 0);
            expect(Math.abs(c[at]! - expected)).toBeLessThan(2e-5);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('rounds to nearest, ties to even', () => {
    const ulp = 2 ** -7;
    const x = Float32Array.of(1 + ulp / 2, 1 + 1.5 * ulp, 1 + 0.51 * ulp, -1 - 0.49 * ulp, 3e38, 0);
    const c = new Float32Array(x.length);
    kernels.floatGemm({ m: x.length, n: 1, k: 1, a: x, b: Float32Array.of(1), c, batch: 1, bfloat16: true });
    expect([...c]).toEqual([1, 1 + 2 * ulp, 1 + ulp, -1, toBfloat16(3e38), 0]);
  });

  it('gives the same bits on any number of threads', () => {
    const [m, n, k] = [301, 173, 1517];
    const [a, b] = [floats(m * k), floats(k * n)];
    const results = [1, 2, 5].map((threads) => {
      kernels.setFloatThreads(threads);
      const c = new Float32Array(m * n);
      kernels.floatGemm({ transposeB: true, m, n, k, a, b, c, batch: 1, bfloat16: true });
      return c;
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('is single precision where the processor may not use it', () => {
    const [a, b] = [floats(12), floats(12)];
    const run = (bfloat16: boolean) => {
      const c = new Float32Array(9);
      kernels.floatGemm({ m: 3, n: 3, k: 4, a, b, c, batch: 1, bfloat16 });
      return c;
    };
    withIsa(1, () => {
      expect(kernels.hasBfloat16()).toBe(false);
      expect(run(true)).toEqual(run(false));
    });
    expect(run(true)).not.toEqual(run(false));
  });
});
