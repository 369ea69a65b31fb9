/** Every method's functions in fixed point beside its float curves, which training evaluates, and beside the exact functions. */
import { describe, expect, it } from 'vitest';
import type { Curve, RowShift } from '../../methods/curves.js';
import { METHODS } from '../../methods/index.js';
import { runCleartext } from '../inference/functions/harness.js';
import { evaluateCurve } from './evaluate-curve.js';

const RESTING = { ringBits: 37, fractionBits: 12 };
const LOGITS = { ringBits: 16, fractionBits: 8 };
const PROBABILITIES = { ringBits: 24, fractionBits: 11 };

/** The largest difference between the engine and the curve, and between the curve and the exact function, below these. */
interface Errors {
  readonly gelu: readonly [engine: number, curve: number];
  readonly softmax: readonly [engine: number, curve: number];
  readonly tanh: readonly [engine: number, curve: number];
}

const OURS: Errors = { gelu: [0.002, 0.0036], softmax: [0.001, 0.0017], tanh: [0.0011, 0.0041] };
/** The published pieces do not meet exactly, so that the engine may take the other one beside a border. */
const PUMA: Errors = { ...OURS, gelu: [0.0075, 0.016], softmax: [0.002, 0.011] };
const BUMBLEBEE: Errors = { ...OURS, gelu: [0.001, 0.034], softmax: [0.001, 0.0053] };
const BOLT: Errors = { gelu: [0.011, 0.0089], softmax: [0.001, 0.0006], tanh: [0.002, 0.0065] };
/** Another function than GELU and softmax: a network has to be taught it. */
const MPCFORMER: Errors = { ...OURS, gelu: [0.0025, 15.6], softmax: [0.0004, 0.88] };
const ERRORS: Readonly<Record<string, Errors>> = {
  // Exact functions; the engine's exp has 12 fraction bits.
  iron: { gelu: [0.0012, 0.0005], softmax: [0.0005, 1e-9], tanh: [0.0009, 1e-9] },
  puma: PUMA,
  'puma-prune': PUMA,
  bumblebee: BUMBLEBEE,
  'bumblebee-prune': BUMBLEBEE,
  bolt: BOLT,
  'bolt-no-we': BOLT,
  mpcformer: MPCFORMER,
  'mpcformer-prune': MPCFORMER,
};

const grid = (low: number, high: number, count: number) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const largest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

const exactGelu: Curve = { kind: 'exact', name: 'gelu' };
const exactTanh: Curve = { kind: 'exact', name: 'tanh' };
const exactExp: Curve = { kind: 'exact', name: 'exp' };

const ROWS = [grid(-9, 0, 16), grid(-1, 1, 16), [...grid(-14, -6, 15), 3], grid(0.5, 0.5001, 16)];

const SHIFT: Readonly<Record<RowShift, (row: readonly number[]) => number>> = {
  'less the maximum': (row) => Math.max(...row),
  'less the mean': (row) => row.reduce((a, b) => a + b) / row.length,
  'as they are': () => 0,
};

const softmaxBy = (curve: Curve, row: readonly number[], shift: RowShift): number[] => {
  const subtracted = SHIFT[shift](row);
  const powers = row.map((x) => evaluateCurve(curve, x - subtracted));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
};

/** Low degree, where a method has one: beside the curve, and the curve beside the exact function. */
const LOW_ERRORS: Readonly<Record<string, Omit<Errors, 'tanh'>>> = {
  cipherprune: { gelu: [0.015, 0.045], softmax: [0.002, 0.042] },
  'cipherprune-quad-softmax': { gelu: [0.015, 0.045], softmax: [0.0021, 0.55] },
  // Its feed-forward layers of low degree have no activation at all.
  'cipherprune-linear': { gelu: [0.002, 0.0036], softmax: [0.003, 0.92] },
  'cipherprune-linear-feed-forward': OURS,
  'cipherprune-squares': { gelu: [0.002, 0.0036], softmax: [0.003, 0.92] },
  'cipherprune-squares-feed-forward': OURS,
  // At 12, far out: x²/8 with 1/32 of x; a network learns to stay away.
  'cipherprune-quad': { gelu: [0.089, 12.3], softmax: [0.0021, 0.55] },
};

describe.each(METHODS)('$name', (method) => {
  const allowed = ERRORS[method.name] ?? OURS;

  const degrees = [
    { degree: 'high' as const, errors: allowed },
    ...(LOW_ERRORS[method.name] ? [{ degree: 'low' as const, errors: LOW_ERRORS[method.name]! }] : []),
  ];

  it.each(degrees)('GELU of $degree degree', async ({ degree, errors }) => {
    const curve = method.curves.activation.gelu[degree];
    const xs = grid(-12, 12, 1201);
    const engine = await runCleartext([1, xs.length], RESTING, xs, (mpc, x) =>
      method.gelu(mpc, x, degree === 'high' ? 1 : 0, { inputRange: 16, out: RESTING }),
    );
    const float = xs.map((x) => evaluateCurve(curve, x));
    const exact = xs.map((x) => evaluateCurve(exactGelu, x));
    expect(largest(engine, float)).toBeLessThan(errors.gelu[0]);
    expect(largest(float, exact)).toBeLessThan(errors.gelu[1]);
  });

  it.each(degrees)('softmax of $degree degree', async ({ degree, errors }) => {
    const { softmax, expHigh, expLow } = method.curves;
    const [curve, rows] = degree === 'high' ? [expHigh, ROWS.length] : [expLow, 0];
    const xs = ROWS.flat();
    const engine = await runCleartext([ROWS.length, 16], LOGITS, xs, (mpc, x) =>
      method.softmax(mpc, x, rows, {
        spread: Math.max(40, method.logits.leastSpread),
        largest: 20,
        out: PROBABILITIES,
      }),
    );
    const float = ROWS.flatMap((row) => softmaxBy(curve, row, softmax[degree]));
    const exact = ROWS.flatMap((row) => softmaxBy(exactExp, row, 'less the maximum'));
    expect(largest(engine, float)).toBeLessThan(errors.softmax[0]);
    expect(largest(float, exact)).toBeLessThan(errors.softmax[1]);
  });

  it('tanh', async () => {
    const xs = grid(-7, 7, 201);
    const engine = await runCleartext([1, xs.length], RESTING, xs, (mpc, x) =>
      method.head(mpc, 'tanh', x, { inputRange: 8, out: RESTING }),
    );
    const curve = xs.map((x) => evaluateCurve(method.curves.head.tanh, x));
    const errors = [
      largest(engine, curve),
      largest(
        curve,
        xs.map((x) => evaluateCurve(exactTanh, x)),
      ),
    ];
    expect(errors[0]).toBeLessThan(allowed.tanh[0]);
    expect(errors[1]).toBeLessThan(allowed.tanh[1]);
  });
});

describe('2Quad', () => {
  it('says that logits are too large for its ring', async () => {
    const { softmax } = METHODS.find(({ name }) => name === 'mpcformer')!;
    const run = runCleartext([1, 16], { ringBits: 40, fractionBits: 8 }, ROWS[0]!, (mpc, x) =>
      softmax(mpc, x, 1, { spread: 2 ** 23, largest: 2 ** 22, out: PROBABILITIES }),
    );
    await expect(run).rejects.toThrow(/logits whose squares add up in 64 bits, got logits up to 4194304/);
  });
});
