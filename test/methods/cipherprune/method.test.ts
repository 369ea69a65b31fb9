import { describe, expect, it } from 'vitest';
import { cipherPrune, cipherPruneWith } from '../../../methods/cipherprune/index.js';
import {
  type CipherPruneNumbers,
  gelu,
  cipherPruneNumbers as numbers,
  tanh,
} from '../../../methods/cipherprune/numbers.js';
import type { Piecewise } from '../../../methods/curves.js';
import { METHODS, methodNamed } from '../../../methods/index.js';
import { methodOf, methodReference } from '../../../methods/reference.js';
import { runCleartext } from '../../inference/functions/harness.js';

const evaluate = ({ squarings, bounds, segments }: Piecewise, x: number): number => {
  const segment = segments[bounds.filter((bound) => x >= bound).length]!;
  return segment.reduceRight((sum, c) => sum * x + c, 0) ** (2 ** squarings);
};

const ARGUMENTS = [-2.85, -1.3, -0.4, 0.7, 1.6, 2.85];
const OUT = { ringBits: 37, fractionBits: 12 };
const PLAN = { inputRange: 16, out: OUT };
const INPUT = { ringBits: 37, fractionBits: 12 };

describe('numbers are read in full by training and by the engine', () => {
  const changed: readonly [string, CipherPruneNumbers][] = [
    [
      'c0 of GELU',
      {
        ...numbers,
        geluHigh: { ...numbers.geluHigh, coefficients: [0.05, 3.03556441, -3.13071884, 2, -0.5] },
      },
    ],
    [
      'c1 of GELU',
      {
        ...numbers,
        geluHigh: { ...numbers.geluHigh, coefficients: [0.00354964, 2.9, -3.13071884, 2, -0.5] },
      },
    ],
    [
      'c2 of GELU',
      { ...numbers, geluHigh: { ...numbers.geluHigh, coefficients: [0.00354964, 3.03556441, -3, 2, -0.5] } },
    ],
    [
      'c3 of GELU, a whole number',
      {
        ...numbers,
        geluHigh: { ...numbers.geluHigh, coefficients: [0.00354964, 3.03556441, -2, 1, -0.5] },
      },
    ],
    ['the clip of GELU', { ...numbers, geluHigh: { ...numbers.geluHigh, clip: 2.75 } }],
    ['c1 of low GELU', { ...numbers, geluLow: { ...numbers.geluLow, coefficients: [0.0356495, 2.25] } }],
  ];
  it.each(changed)('%s', async (_, own) => {
    const method = cipherPruneWith('changed', 'prune-reduce', own);
    const isLow = own.geluLow !== numbers.geluLow;
    const { high, low } = method.curves.activation.gelu;
    const engine = await runCleartext([1, ARGUMENTS.length], INPUT, ARGUMENTS, (mpc, x) =>
      method.gelu(mpc, x, isLow ? 0 : 1, PLAN),
    );
    const before = await runCleartext([1, ARGUMENTS.length], INPUT, ARGUMENTS, (mpc, x) =>
      cipherPrune.gelu(mpc, x, isLow ? 0 : 1, PLAN),
    );
    expect([...engine]).not.toEqual([...before]);
    ARGUMENTS.forEach((x, i) => {
      const value = gelu(x, isLow ? own.geluLow : own.geluHigh);
      expect(evaluate((isLow ? low : high) as Piecewise, x)).toBeCloseTo(value, 9);
      expect(Math.abs(engine[i]! - value)).toBeLessThan(0.02);
    });
  });

  it('tanh', async () => {
    const own = { ...numbers, tanh: { ...numbers.tanh, coefficients: [0.9, -2.1, 3.7, -3.4, 1.2] as const } };
    const method = cipherPruneWith('changed', 'prune-reduce', own);
    const engine = await runCleartext([1, ARGUMENTS.length], INPUT, ARGUMENTS, (mpc, x) =>
      method.head(mpc, 'tanh', x, PLAN),
    );
    ARGUMENTS.forEach((x, i) => {
      expect(evaluate(method.curves.head.tanh as Piecewise, x)).toBeCloseTo(tanh(x, own.tanh), 9);
      expect(Math.abs(engine[i]! - tanh(x, own.tanh))).toBeLessThan(0.01);
    });
  });

  it('where exp is 0', () => {
    const method = cipherPruneWith('changed', 'prune-reduce', { ...numbers, exp: { zeroBelow: -15 } });
    expect(method.logits).toEqual({ zeroBelow: -15, visible: false, leastSpread: 17 });
  });

  it('refuses numbers whose form the protocols do not compute', () => {
    const wrong = (part: Partial<CipherPruneNumbers>) => () =>
      cipherPruneWith('wrong', 'nothing', { ...numbers, ...part });
    expect(wrong({ geluHigh: { ...numbers.geluHigh, coefficients: [0, 3, -3, 2, -0.6] } })).toThrow(
      /last is -0.5/,
    );
    expect(wrong({ geluLow: { ...numbers.geluLow, coefficients: [0, 2.13] } })).toThrow(/in eighths/);
  });
});

describe('methods', () => {
  it('have distinct names', () => {
    expect(new Set(METHODS.map(({ name }) => name)).size).toBe(METHODS.length);
  });

  it('are refused by name, with the names that exist', () => {
    expect(() => methodNamed('nothing')).toThrow(/expected one of cipherprune, .* got "nothing"/);
  });

  it('are refused with other numbers than a model was made for', () => {
    const reference = methodReference(cipherPrune);
    expect(methodOf(reference)).toBe(cipherPrune);
    expect(() => methodOf({ ...reference, numbers: '0'.repeat(64) })).toThrow(/made for/);
  });
});
