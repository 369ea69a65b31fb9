import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { splitmix32 } from '../../data/synthetic.js';
import { kernels } from '../../kernels/addon.js';
import {
  exp,
  expDerivative,
  expHigh,
  expLow,
  gelu,
  geluDerivative,
  geluHigh,
  geluLow,
  tanh,
  tanhDerivative,
} from '../../model/approximations.js';
import { type CurveName, curveNumbers } from '../../training/curves.js';

const isas = Array.from({ length: kernels.detectedIsa() + 1 }, (_, isa) => isa);
const random = splitmix32(3);
const floats = (size: number, scale = 1) =>
  Float32Array.from({ length: size }, () => scale * (random() - 0.5));

afterEach(() => {
  kernels.limitIsa(2);
  kernels.setFloatThreads(2);
});

const onEveryIsa = (body: () => void): void => {
  for (const isa of isas) {
    kernels.limitIsa(isa);
    body();
  }
};

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
            kernels.floatGemm(...transposes, m, n, k, a, b, c, added, accumulate, 1, false, false, false);
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
    kernels.floatGemm(false, false, m, n, k, a, b, c, null, false, batch, true, false, false);
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
      kernels.floatGemm(false, true, m, n, k, a, b, c, null, false, 1, false, false, false);
      return c;
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('refuses arrays of other lengths and types before it touches them', () => {
    const call = (c: unknown) => () =>
      kernels.floatGemm(
        false,
        false,
        2,
        2,
        2,
        floats(4),
        floats(4),
        c as Float32Array,
        null,
        false,
        1,
        false,
        false,
        false,
      );
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
          kernels.floatGemm(...transposes, m, n, k, a, b, c, added, accumulate, 1, false, false, true);
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
    kernels.floatGemm(
      false,
      false,
      x.length,
      1,
      1,
      x,
      Float32Array.of(1),
      c,
      null,
      false,
      1,
      false,
      false,
      true,
    );
    expect([...c]).toEqual([1, 1 + 2 * ulp, 1 + ulp, -1, toBfloat16(3e38), 0]);
  });

  it('gives the same bits on any number of threads', () => {
    const [m, n, k] = [301, 173, 1517];
    const [a, b] = [floats(m * k), floats(k * n)];
    const results = [1, 2, 5].map((threads) => {
      kernels.setFloatThreads(threads);
      const c = new Float32Array(m * n);
      kernels.floatGemm(false, true, m, n, k, a, b, c, null, false, 1, false, false, true);
      return c;
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('is single precision where the processor may not use it', () => {
    const [a, b] = [floats(12), floats(12)];
    const run = (bfloat16: boolean) => {
      const c = new Float32Array(9);
      kernels.floatGemm(false, false, 3, 3, 4, a, b, c, null, false, 1, false, false, bfloat16);
      return c;
    };
    kernels.limitIsa(1);
    expect(kernels.hasBfloat16()).toBe(false);
    expect(run(true)).toEqual(run(false));
    kernels.limitIsa(2);
    expect(run(true)).not.toEqual(run(false));
  });
});

describe('floatCurve', () => {
  const functions: readonly [CurveName, (x: number) => number, (x: number) => number][] = [
    ['geluHigh', (x) => gelu(x, geluHigh), (x) => geluDerivative(x, geluHigh)],
    ['geluLow', (x) => gelu(x, geluLow), (x) => geluDerivative(x, geluLow)],
    ['expHigh', (x) => exp(-Math.abs(x), expHigh), (x) => expDerivative(-Math.abs(x), expHigh)],
    ['expLow', (x) => exp(-Math.abs(x), expLow), (x) => expDerivative(-Math.abs(x), expLow)],
    ['tanh', tanh, tanhDerivative],
    ['exactExp', (x) => Math.exp(-Math.abs(x)), (x) => Math.exp(-Math.abs(x))],
    ['exactTanh', Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  ];
  for (const [name, value, slope] of functions)
    it(`${name} is the function of model/approximations.ts, and its slope`, () => {
      const isExp = name.toLowerCase().includes('exp');
      const x = Float32Array.from(floats(1003, 20), (v) => (isExp ? -Math.abs(v) : v));
      onEveryIsa(() => {
        const [y, derivative] = [new Float32Array(x.length), new Float32Array(x.length)];
        kernels.floatCurve(curveNumbers(name), x, y, derivative);
        x.forEach((v, i) => {
          expect(Math.abs(y[i]! - value(v))).toBeLessThan(5e-6 * (1 + Math.abs(v)));
          expect(Math.abs(derivative[i]! - slope(v))).toBeLessThan(2e-5);
        });
      });
    });

  it('refuses what is no curve', () => {
    const call = (numbers: number[]) => () =>
      kernels.floatCurve(Float64Array.from(numbers), floats(4), new Float32Array(4), null);
    expect(call([0, 0, 2])).toThrow(TypeError);
    expect(call([0, 0, 99, 1])).toThrow(TypeError);
    expect(call([0, 0, 2, 1, 0.5, 1, 2])).toThrow(TypeError);
  });
});

describe('floatLayerNorm', () => {
  it('normalizes rows of a sum and multiplies them by their weights', () => {
    const [rows, columns, epsilon] = [5, 37, 1e-5];
    const [x, residual, gamma, beta] = [
      floats(rows * columns, 4),
      floats(rows * columns),
      floats(columns),
      floats(columns),
    ];
    const weights = Float32Array.of(1, 0.5, 0, 1, 0.25);
    onEveryIsa(() => {
      const y = new Float32Array(rows * columns);
      const saved = [new Float32Array(rows * columns), new Float32Array(rows)] as const;
      kernels.floatLayerNorm(rows, columns, x, residual, gamma, beta, weights, epsilon, 0, 0, 0, y, ...saved);
      for (let row = 0; row < rows; row++) {
        const sum = Array.from(
          { length: columns },
          (_, i) => x[row * columns + i]! + residual[row * columns + i]!,
        );
        const mean = sum.reduce((a, b) => a + b) / columns;
        const deviation = Math.sqrt(sum.reduce((a, b) => a + (b - mean) ** 2, 0) / columns + epsilon);
        sum.forEach((value, i) => {
          const expected = weights[row]! * (((value - mean) / deviation) * gamma[i]! + beta[i]!);
          expect(y[row * columns + i]).toBeCloseTo(expected, 5);
        });
      }
    });
  });

  it('drops a share of the numbers, the same ones for the same seed, and scales the rest', () => {
    const [rows, columns] = [200, 100];
    const x = floats(rows * columns);
    const ones = new Float32Array(columns).fill(1);
    const zeros = new Float32Array(columns);
    const run = (seed: number): Float32Array => {
      const y = new Float32Array(rows * columns);
      const saved = [new Float32Array(rows * columns), new Float32Array(rows)] as const;
      kernels.floatLayerNorm(rows, columns, x, null, ones, zeros, null, 1e-5, 0, 0.25, seed, y, ...saved);
      return y;
    };
    const first = run(7);
    const dropped = first.filter((value) => value === 0).length / first.length;
    expect(dropped).toBeGreaterThan(0.23);
    expect(dropped).toBeLessThan(0.27);
    expect(run(7)).toEqual(first);
    expect(run(8)).not.toEqual(first);
  });
});

describe('floatAdamW', () => {
  const [beta1, beta2, epsilon, decay, rate] = [0.9, 0.99, 1e-6, 0.1, 0.05];
  const expected = (p: number, m: number, v: number, g: number, step: number): number => {
    const [mean, square] = [beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g];
    const update = mean / (1 - beta1 ** step) / (Math.sqrt(square / (1 - beta2 ** step)) + epsilon);
    return p - rate * decay * p - rate * update;
  };

  it('does one step of Adam with decoupled weight decay', () => {
    const size = 41;
    const [parameter, mean, gradient] = [floats(size), floats(size), floats(size)];
    const square = floats(size).map(Math.abs);
    onEveryIsa(() => {
      const own = [parameter.slice(), mean.slice(), square.slice()] as const;
      const corrections = [1 / (1 - beta1 ** 3), 1 / (1 - beta2 ** 3)] as const;
      kernels.floatAdamW(...own, gradient, 0.5, rate, beta1, beta2, epsilon, decay, ...corrections);
      own[0].forEach((value, i) => {
        expect(value).toBeCloseTo(expected(parameter[i]!, mean[i]!, square[i]!, gradient[i]! * 0.5, 3), 5);
      });
    });
  });

  it('updates the named rows of a table and no others', () => {
    const [rows, columns] = [6, 9];
    const table = floats(rows * columns);
    const gradient = floats(2 * columns);
    const own = table.slice();
    const moments = [new Float32Array(table.length), new Float32Array(table.length)] as const;
    const ids = Int32Array.of(4, 1);
    const numbers = [1, rate, beta1, beta2, epsilon, decay, 1 / (1 - beta1), 1 / (1 - beta2)] as const;
    kernels.floatAdamWRows(columns, 2, own, ...moments, ids, gradient, ...numbers);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < columns; i++) {
        const at = row * columns + i;
        const place = ids.indexOf(row);
        const value = place < 0 ? table[at]! : expected(table[at]!, 0, 0, gradient[place * columns + i]!, 1);
        expect(own[at]).toBeCloseTo(value, 5);
      }
    const beyond = () =>
      kernels.floatAdamWRows(columns, 2, own, ...moments, Int32Array.of(0, 6), gradient, ...numbers);
    expect(beyond).toThrow(TypeError);
  });
});

describe('sums', () => {
  it('add up columns and squares', () => {
    const [rows, columns] = [150, 23];
    const x = floats(rows * columns);
    onEveryIsa(() => {
      const sums = new Float32Array(columns);
      kernels.floatColumnSums(x, rows, columns, sums);
      sums.forEach((sum, j) => {
        let expected = 0;
        for (let i = 0; i < rows; i++) expected += x[i * columns + j]!;
        expect(sum).toBeCloseTo(expected, 4);
      });
      expect(kernels.floatSumOfSquares(x)).toBeCloseTo(
        x.reduce((sum, v) => sum + v * v, 0),
        6,
      );
    });
  });

  it('add and multiply pairs', () => {
    const [x, y] = [floats(1001), floats(1001)];
    onEveryIsa(() => {
      const [sum, product] = [new Float32Array(1001), new Float32Array(1001)];
      kernels.floatAdd(x, y, sum);
      kernels.floatMultiply(x, y, product);
      expect(sum).toEqual(x.map((value, i) => value + y[i]!));
      expect(product).toEqual(x.map((value, i) => value * y[i]!));
    });
  });
});

describe('floatEmbedding', () => {
  it('adds the rows of three tables and spreads gradients back', () => {
    const [batch, tokens, columns] = [2, 3, 4];
    const words = Int32Array.of(1, 0, 1, 2, 2, 1);
    const types = Int32Array.of(0, 0, 1, 0, 1, 1);
    const [word, position, type] = [floats(3 * columns), floats(5 * columns), floats(2 * columns)];
    const out = new Float32Array(batch * tokens * columns);
    kernels.floatEmbedding(batch, tokens, columns, words, types, word, position, type, out);
    out.forEach((value, at) => {
      const [row, j] = [Math.floor(at / columns), at % columns];
      const sum =
        word[words[row]! * columns + j]! +
        position[(row % tokens) * columns + j]! +
        type[types[row]! * columns + j]!;
      expect(value).toBeCloseTo(sum, 6);
    });
    const grads = [word, position, type].map((table) => new Float32Array(table.length));
    kernels.floatEmbeddingGrad(batch, tokens, columns, words, types, out, grads[0]!, grads[1]!, grads[2]!);
    const rowsOfWord1 = [0, 2, 5];
    const expected = rowsOfWord1.reduce((sum, row) => sum + out[row * columns + 2]!, 0);
    expect(grads[0]![1 * columns + 2]).toBeCloseTo(expected, 5);
    expect([...grads[1]!.slice(3 * columns)].every((value) => value === 0)).toBe(true);
  });

  it('gathers rows and puts them back', () => {
    const x = floats(5 * 3);
    const rows = Int32Array.of(4, 0, 2);
    const [gathered, back] = [new Float32Array(9), new Float32Array(15).fill(7)];
    kernels.floatGatherRows(3, x, rows, gathered);
    expect([...gathered]).toEqual([4, 0, 2].flatMap((row) => [...x.subarray(3 * row, 3 * row + 3)]));
    kernels.floatScatterRows(3, gathered, rows, back);
    back.forEach((value, i) => {
      expect(value).toBe(rows.includes(Math.floor(i / 3)) ? x[i] : 0);
    });
    expect(() => kernels.floatGatherRows(3, x, Int32Array.of(5), new Float32Array(3))).toThrow(/rows/);
    expect(() => kernels.floatScatterRows(3, gathered, Int32Array.of(0, 1, -1), back)).toThrow(/rows/);
  });

  it('refuses sizes whose product would wrap around', () => {
    const none = new Float32Array(0);
    const call = () =>
      kernels.floatMix(curveNumbers('tanh'), curveNumbers('tanh'), 2 ** 33, 2 ** 33, none, none, none);
    expect(call).toThrow(/product/);
  });

  it('refuses ids beyond the table', () => {
    const call = () =>
      kernels.floatEmbedding(
        1,
        1,
        2,
        Int32Array.of(3),
        Int32Array.of(0),
        floats(6),
        floats(2),
        floats(2),
        floats(2),
      );
    expect(call).toThrow(/words/);
  });
});
