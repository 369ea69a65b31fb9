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

const OURS: Errors = { gelu: [0.002, 0.0036], softmax: [0.001, 0.0017], tanh: [0.0011, 0.0041] };
/** The published pieces do not meet exactly, so that the engine may take the other one beside a border. */
const PUMA: Errors = { ...OURS, gelu: [0.0075, 0.016], softmax: [0.002, 0.011] };
const BUMBLEBEE: Errors = { ...OURS, gelu: [0.001, 0.034], softmax: [0.001, 0.0053] };
const BOLT: Errors = { gelu: [0.011, 0.0089], softmax: [0.001, 0.0006], tanh: [0.002, 0.0065] };
/** Another function than GELU and softmax: a network has to be taught it. */
const MPCFORMER: Errors = { ...OURS, gelu: [0.0025, 15.6], softmax: [0.0003, 0.88] };
const ERRORS: Readonly<Record<string, Errors>> = {
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

const softmaxBy = (curve: Curve, row: readonly number[], moved: boolean): number[] => {
  const top = moved ? Math.max(...row) : 0;
  const powers = row.map((x) => evaluateCurve(curve, x - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
};

describe.each(METHODS)('$name', (method) => {
  const allowed = ERRORS[method.name] ?? OURS;

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
    expect(errors[0]).toBeLessThan(allowed.gelu[0]);
    expect(errors[1]).toBeLessThan(allowed.gelu[1]);
  });

  it('softmax', async () => {
    const { expHigh } = method.curves;
    const xs = ROWS.flat();
    const engine = await runCleartext([ROWS.length, 16], LOGITS, xs, (mpc, x) =>
      method.softmax(mpc, x, ROWS.length, {
        spread: Math.max(40, method.logits.leastSpread),
        out: PROBABILITIES,
      }),
    );
    const curve = ROWS.flatMap((row) =>
      softmaxBy(expHigh, row, method.curves.softmax === 'less the maximum'),
    );
    const exact = ROWS.flatMap((row) => softmaxBy(exactExp, row, true));
    const errors = [largest(engine, curve), largest(curve, exact)];
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
    expect(errors[0]).toBeLessThan(allowed.tanh[0]);
    expect(errors[1]).toBeLessThan(allowed.tanh[1]);
  });
});
