import { afterEach, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { cipherPrune } from '../../methods/cipherprune/index.js';
import { gelu, geluHigh, geluLow, tanh } from '../../methods/cipherprune/numbers.js';
import { type Curve, exactCurves } from '../../methods/curves.js';
import { powerCurve } from '../../methods/parts/power-exponential.js';
import { curveNumbers } from '../../training/ops/curve-numbers.js';
import { geluDerivative, tanhDerivative } from '../methods/cipherprune/derivatives.js';
import { floats, onEveryIsa, onTwoThreads } from './float-support.js';

afterEach(onTwoThreads);

describe('floatCurve', () => {
  const { curves } = cipherPrune;
  type Function = (x: number) => number;
  const functions: readonly [string, Curve, Function, Function][] = [
    ['geluHigh', curves.activation.gelu.high, (x) => gelu(x, geluHigh), (x) => geluDerivative(x, geluHigh)],
    ['geluLow', curves.activation.gelu.low, (x) => gelu(x, geluLow), (x) => geluDerivative(x, geluLow)],
    [
      'power of exp',
      powerCurve({ squarings: 4, zeroBelow: -13 }),
      (x) => (x < 13 && x > -13 ? (1 - Math.abs(x) / 16) ** 16 : 0),
      (x) => (x < 13 && x > -13 ? (1 - Math.abs(x) / 16) ** 15 : 0),
    ],
    ['tanh', curves.head.tanh, (x) => tanh(x), tanhDerivative],
    ['exactExp', exactCurves.expHigh, (x) => Math.exp(-Math.abs(x)), (x) => Math.exp(-Math.abs(x))],
    ['exactTanh', exactCurves.head.tanh, Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  ];
  for (const [name, curve, value, slope] of functions)
    it(`${name} is the function of its numbers, and its slope`, () => {
      const isExp = name.toLowerCase().includes('exp');
      const x = Float32Array.from(floats(1003, 20), (v) => (isExp ? -Math.abs(v) : v));
      onEveryIsa(() => {
        const [y, derivative] = [new Float32Array(x.length), new Float32Array(x.length)];
        kernels.floatCurve({ curve: curveNumbers(curve), x, y, derivative });
        x.forEach((v, i) => {
          expect(Math.abs(y[i]! - value(v))).toBeLessThan(5e-6 * (1 + Math.abs(v)));
          expect(Math.abs(derivative[i]! - slope(v))).toBeLessThan(2e-5);
        });
      });
    });

  it('refuses what is no curve', () => {
    const call = (numbers: number[]) => () =>
      kernels.floatCurve({
        curve: Float64Array.from(numbers),
        x: floats(4),
        y: new Float32Array(4),
        derivative: null,
      });
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
      const saved = {
        normalized: new Float32Array(rows * columns),
        inverseDeviation: new Float32Array(rows),
      };
      const own = { rows, columns, x, residual, gamma, beta, rowWeight: weights, epsilon };
      kernels.floatLayerNorm({ ...own, inputDropout: 0, outputDropout: 0, seed: 0, y, ...saved });
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
      const saved = {
        normalized: new Float32Array(rows * columns),
        inverseDeviation: new Float32Array(rows),
      };
      const own = { rows, columns, x, residual: null, gamma: ones, beta: zeros, rowWeight: null };
      kernels.floatLayerNorm({
        ...own,
        epsilon: 1e-5,
        inputDropout: 0,
        outputDropout: 0.25,
        seed,
        y,
        ...saved,
      });
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
      const own = { parameter: parameter.slice(), mean: mean.slice(), square: square.slice() };
      const corrections = { correction1: 1 / (1 - beta1 ** 3), correction2: 1 / (1 - beta2 ** 3) };
      const numbers = { gradientScale: 0.5, rate, beta1, beta2, epsilon, decay, ...corrections };
      kernels.floatAdamW({ ...own, gradient, ...numbers });
      own.parameter.forEach((value, i) => {
        expect(value).toBeCloseTo(expected(parameter[i]!, mean[i]!, square[i]!, gradient[i]! * 0.5, 3), 5);
      });
    });
  });

  it('updates the named rows of a table and no others', () => {
    const [rows, columns] = [6, 9];
    const table = floats(rows * columns);
    const gradient = floats(2 * columns);
    const own = table.slice();
    const moments = { mean: new Float32Array(table.length), square: new Float32Array(table.length) };
    const ids = Int32Array.of(4, 1);
    const corrections = { correction1: 1 / (1 - beta1), correction2: 1 / (1 - beta2) };
    const numbers = { gradientScale: 1, rate, beta1, beta2, epsilon, decay, ...corrections };
    const update = (named: Int32Array) =>
      kernels.floatAdamWRows({
        columns,
        count: 2,
        parameter: own,
        ...moments,
        rows: named,
        gradient,
        ...numbers,
      });
    update(ids);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < columns; i++) {
        const at = row * columns + i;
        const place = ids.indexOf(row);
        const value = place < 0 ? table[at]! : expected(table[at]!, 0, 0, gradient[place * columns + i]!, 1);
        expect(own[at]).toBeCloseTo(value, 5);
      }
    expect(() => update(Int32Array.of(0, 6))).toThrow(TypeError);
  });
});

describe('sums', () => {
  it('add up columns and squares', () => {
    const [rows, columns] = [150, 23];
    const x = floats(rows * columns);
    onEveryIsa(() => {
      const sums = new Float32Array(columns);
      kernels.floatColumnSums({ x, rows, columns, out: sums });
      sums.forEach((sum, j) => {
        let expected = 0;
        for (let i = 0; i < rows; i++) expected += x[i * columns + j]!;
        expect(sum).toBeCloseTo(expected, 4);
      });
      expect(kernels.floatSumOfSquares({ x })).toBeCloseTo(
        x.reduce((sum, v) => sum + v * v, 0),
        6,
      );
    });
  });

  it('add and multiply pairs', () => {
    const [x, y] = [floats(1001), floats(1001)];
    onEveryIsa(() => {
      const [sum, product] = [new Float32Array(1001), new Float32Array(1001)];
      kernels.floatAdd({ x, y, out: sum });
      kernels.floatMultiply({ x, y, out: product });
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
    kernels.floatEmbedding({
      batch,
      tokens,
      columns,
      words,
      types,
      wordTable: word,
      positionTable: position,
      typeTable: type,
      out,
    });
    out.forEach((value, at) => {
      const [row, j] = [Math.floor(at / columns), at % columns];
      const sum =
        word[words[row]! * columns + j]! +
        position[(row % tokens) * columns + j]! +
        type[types[row]! * columns + j]!;
      expect(value).toBeCloseTo(sum, 6);
    });
    const grads = [word, position, type].map((table) => new Float32Array(table.length));
    kernels.floatEmbeddingGrad({
      batch,
      tokens,
      columns,
      words,
      types,
      dy: out,
      dWord: grads[0]!,
      dPosition: grads[1]!,
      dType: grads[2]!,
    });
    const rowsOfWord1 = [0, 2, 5];
    const expected = rowsOfWord1.reduce((sum, row) => sum + out[row * columns + 2]!, 0);
    expect(grads[0]![1 * columns + 2]).toBeCloseTo(expected, 5);
    expect([...grads[1]!.slice(3 * columns)].every((value) => value === 0)).toBe(true);
  });

  it('gathers rows and puts them back', () => {
    const x = floats(5 * 3);
    const rows = Int32Array.of(4, 0, 2);
    const [gathered, back] = [new Float32Array(9), new Float32Array(15).fill(7)];
    kernels.floatGatherRows({ columns: 3, x, rows, out: gathered });
    expect([...gathered]).toEqual([4, 0, 2].flatMap((row) => [...x.subarray(3 * row, 3 * row + 3)]));
    kernels.floatScatterRows({ columns: 3, x: gathered, rows, out: back });
    back.forEach((value, i) => {
      expect(value).toBe(rows.includes(Math.floor(i / 3)) ? x[i] : 0);
    });
    expect(() =>
      kernels.floatGatherRows({ columns: 3, x, rows: Int32Array.of(5), out: new Float32Array(3) }),
    ).toThrow(/rows/);
    expect(() =>
      kernels.floatScatterRows({ columns: 3, x: gathered, rows: Int32Array.of(0, 1, -1), out: back }),
    ).toThrow(/rows/);
  });

  it('refuses sizes whose product would wrap around', () => {
    const none = new Float32Array(0);
    const call = () =>
      kernels.floatMix({
        high: curveNumbers(cipherPrune.curves.head.tanh),
        low: curveNumbers(cipherPrune.curves.head.tanh),
        rows: 2 ** 33,
        columns: 2 ** 33,
        x: none,
        rowHigh: none,
        y: none,
      });
    expect(call).toThrow(/product/);
  });

  it('refuses ids beyond the table', () => {
    const call = () =>
      kernels.floatEmbedding({
        batch: 1,
        tokens: 1,
        columns: 2,
        words: Int32Array.of(3),
        types: Int32Array.of(0),
        wordTable: floats(6),
        positionTable: floats(2),
        typeTable: floats(2),
        out: floats(2),
      });
    expect(call).toThrow(/words/);
  });
});
