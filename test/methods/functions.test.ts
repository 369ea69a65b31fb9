/** Every method's functions in fixed point beside its float curves, which training evaluates, and beside the exact functions. */
import { describe, expect, it } from 'vitest';
import { type Curve, evaluateCurve } from '../../methods/curves.js';
import { METHODS } from '../../methods/index.js';
import { runCleartext } from '../inference/functions/harness.js';

const RESTING = { ringBits: 37, fractionBits: 12 };
const LOGITS = { ringBits: 16, fractionBits: 8 };
const PROBABILITIES = { ringBits: 24, fractionBits: 11 };

/** The largest difference between the engine and the curve, and between the curve and the exact function, below these. */
interface Errors {
  readonly gelu: readonly [engine: number, curve: number];
  readonly softmax: readonly [engine: number, curve: number];
  readonly tanh: readonly [engine: number, curve: number];
}

const OURS: Errors = { gelu: [0.004, 0.004], softmax: [0.004, 0.002], tanh: [0.002, 0.005] };
const ERRORS: Readonly<Record<string, Errors>> = {
  cipherprune: OURS,
  'cipherprune-prune': OURS,
  dense: OURS,
  puma: { ...OURS, gelu: [0.004, 0.02], softmax: [0.004, 0.006] },
  'puma-prune': { ...OURS, gelu: [0.004, 0.02], softmax: [0.004, 0.006] },
  bumblebee: { ...OURS, gelu: [0.004, 0.02], softmax: [0.004, 0.004] },
  'bumblebee-prune': { ...OURS, gelu: [0.004, 0.02], softmax: [0.004, 0.004] },
};

const grid = (low: number, high: number, count: number) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const largest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

const exactGelu: Curve = { kind: 'exact', name: 'gelu' };
const exactTanh: Curve = { kind: 'exact', name: 'tanh' };
const exactExp: Curve = { kind: 'exact', name: 'exp' };

const ROWS = [grid(-9, 0, 16), grid(-1, 1, 16), [...grid(-14, -6, 15), 3], grid(0.5, 0.5001, 16)];

const softmaxBy = (curve: Curve, row: readonly number[]): number[] => {
  const top = Math.max(...row);
  const powers = row.map((x) => evaluateCurve(curve, x - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
};

describe.each(METHODS)('$name', (method) => {
  const allowed = ERRORS[method.name]!;

  it('GELU', async () => {
    const { high } = method.curves.activation.gelu;
    const xs = grid(-12, 12, 1201);
    const engine = await runCleartext([1, xs.length], RESTING, xs, (mpc, x) =>
      method.gelu(mpc, x, 1, { inputRange: 16, out: RESTING }),
    );
    const curve = xs.map((x) => evaluateCurve(high, x));
    const errors = [
      largest(engine, curve),
      largest(
        curve,
        xs.map((x) => evaluateCurve(exactGelu, x)),
      ),
    ];
    console.log(method.name, 'gelu', errors);
    expect(errors[0]).toBeLessThan(allowed.gelu[0]);
    expect(errors[1]).toBeLessThan(allowed.gelu[1]);
  });

  it('softmax', async () => {
    const { expHigh } = method.curves;
    const xs = ROWS.flat();
    const engine = await runCleartext([ROWS.length, 16], LOGITS, xs, (mpc, x) =>
      method.softmax(mpc, x, ROWS.length, { spread: Math.max(40, method.logits.leastSpread), out: PROBABILITIES }),
    );
    const curve = ROWS.flatMap((row) => softmaxBy(expHigh, row));
    const exact = ROWS.flatMap((row) => softmaxBy(exactExp, row));
    const errors = [largest(engine, curve), largest(curve, exact)];
    console.log(method.name, 'softmax', errors);
    expect(errors[0]).toBeLessThan(allowed.softmax[0]);
    expect(errors[1]).toBeLessThan(allowed.softmax[1]);
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
    console.log(method.name, 'tanh', errors);
    expect(errors[0]).toBeLessThan(allowed.tanh[0]);
    expect(errors[1]).toBeLessThan(allowed.tanh[1]);
  });
});
