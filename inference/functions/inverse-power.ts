/**
 * x^-p for p = 1 (reciprocal) and p = 1/2 (inverse square root) of positive x within public bounds.
 *
 * The bounds are cut into intervals of equal ratio; one batch of comparisons finds the interval, and its bits give the two
 * coefficients of the line a - b·x that is closest there, as sums of public steps over the bits: one product is left. The largest
 * relative error of the line falls with the square of the interval: for p = 1 below 0.0007 at 10 intervals an octave, for
 * p = 1/2 at 6.
 */
import type { Backend } from '../backends/backend.js';
import type { LineTable } from '../core/line-table.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { SharedBits, SharedTensor } from '../core/tensors.js';
import { shrink, signedBits, widenNonNegative } from './fixed-point.js';
import { type CompletePlan, type InversePowerPlan, intervals, scaledLines } from './inverse-power-lines.js';
import { lineTableOf } from './inverse-power-table.js';
import { scoped, scopedLocally } from './scoped.js';
import { sideBySide } from './side-by-side.js';

/** An octave, unless the plan says otherwise. */
const RECIPROCAL_INTERVALS = 10;
const INVERSE_SQRT_INTERVALS = 6;

/** x [n] → [borders, n]: is x at or above the border? Compared with 1/64 of the lowest border as unit. */
async function compareWithBorders(
  mpc: Backend,
  x: SharedTensor,
  borders: readonly number[],
  high: number,
): Promise<SharedBits | null> {
  if (borders.length === 0) return null;
  const fractionBits = Math.min(x.fractionBits, Math.max(0, 6 - Math.floor(Math.log2(borders[0]!))));
  const small = shrink(mpc, x, { ringBits: signedBits(2 * high, fractionBits), fractionBits });
  const rows = small.shape[0]!;
  return scoped(mpc, async () => {
    const below = await mpc.areNegative(
      small,
      borders.map((border) => [{ rows, value: -border }]),
    );
    return mpc.not(below);
  });
}

/** values [steps + 1] → the first one and the steps to the others, whole numbers of units. */
function stepsOf(values: readonly number[], fractionBits: number): { first: number; steps: number[] } {
  const unit = 2 ** fractionBits;
  // Differences of rounded values, so that a sum of steps is a rounded value.
  const rounded = values.map((value) => Math.round(value * unit));
  return {
    first: rounded[0]! / unit,
    steps: rounded.slice(1).map((value, i) => (value - rounded[i]!) / unit),
  };
}

/** bits [steps, n], values [steps + 1] → the value of the interval [n] in the given format. Local. */
function lookUp(
  mpc: Backend,
  bits: SharedTensor | null,
  values: readonly number[],
  rows: number,
  { ringBits, fractionBits }: RingFormat,
): SharedTensor {
  const { first: lowest, steps } = stepsOf(values, fractionBits);
  const first = mpc.constant(lowest, [rows], ringBits, fractionBits);
  return bits === null ? first : mpc.add(first, mpc.combine(mpc.narrow(bits, ringBits), steps, fractionBits));
}

/** Lines between borders, scaled, and x as their factor. Local. */
function borderedLines(mpc: Backend, x: SharedTensor, plan: CompletePlan, power: number) {
  const { borders, lines } = intervals(plan, power);
  const scaled = scaledLines(lines, plan, x.fractionBits);
  const { factorBits } = scaled;
  const ringBits = signedBits(2 * plan.high, factorBits);
  return { ...scaled, borders, factor: shrink(mpc, x, { ringBits, fractionBits: factorBits }) };
}

/** By comparison with the borders. */
async function byIntervals(
  mpc: Backend,
  x: SharedTensor,
  plan: CompletePlan,
  power: number,
): Promise<SharedTensor> {
  const { high, out } = plan;
  const { borders, as, bs, factor, slopeBits, fractionBits, ringBits } = borderedLines(mpc, x, plan, power);
  // The factor reaches the product's ring while the interval is found: a product in one ring goes one way.
  const [bits, wide] = await sideBySide<SharedTensor | null, [SharedTensor]>(
    mpc,
    async (lane) => {
      const reached = await compareWithBorders(lane, x, borders, high);
      return reached && lane.toArithmetic(reached, ringBits);
    },
    (lane) => widenNonNegative(lane, factor, ringBits),
  );
  const chosen = (values: readonly number[], scale: number): SharedTensor =>
    scopedLocally(mpc, () => lookUp(mpc, bits, values, x.shape[0]!, { ringBits, fractionBits: scale }));
  const product = await mpc.multiply(chosen(bs, slopeBits), wide);
  return shrink(mpc, mpc.subtract(chosen(as, fractionBits), product), out);
}

/**
 * The same, where rows are few: what each border adds to the line, at x, is selected by the border's bit, a message less than bits as numbers
 * and a product.
 */
async function bySelection(
  mpc: Backend,
  x: SharedTensor,
  plan: CompletePlan,
  power: number,
): Promise<SharedTensor> {
  const { high, out } = plan;
  const { borders, as, bs, factor, slopeBits, fractionBits, ringBits } = borderedLines(mpc, x, plan, power);
  const [bits, wide] = await sideBySide<SharedBits | null, [SharedTensor]>(
    mpc,
    (lane) => compareWithBorders(lane, x, borders, high),
    (lane) => widenNonNegative(lane, factor, ringBits),
  );
  const [a, b] = [stepsOf(as, fractionBits), stepsOf(bs, slopeBits)];
  const line = (offset: number, slope: number): SharedTensor =>
    mpc.addPublic(mpc.scale(wide, -slope, slopeBits), offset);
  return scoped(mpc, async () => {
    const first = line(a.first, b.first);
    if (bits === null) return shrink(mpc, first, out);
    const rows = x.shape[0]!;
    const added = b.steps.map((slope, i) => mpc.reshape(line(a.steps[i]!, slope), [1, rows]));
    const chosen = await mpc.multiplex(bits, mpc.concat(added, 0));
    return shrink(mpc, mpc.add(first, mpc.sum(chosen, 0)), out);
  });
}

/** By a long table where one was made ahead; a plan that says how close the lines are has its own. */
function inversePower(
  mpc: Backend,
  x: SharedTensor,
  given: InversePowerPlan,
  power: number,
  intervalsPerOctave: number,
): Promise<SharedTensor> {
  const plan = { numerator: 1, intervalsPerOctave, ...given };
  const table = mpc.lines && !given.intervalsPerOctave ? lineTableOf(x, plan, power) : null;
  if (!table) return byIntervals(mpc, x, plan, power);
  const compared = power === 1 ? byIntervals : bySelection;
  const { out } = plan;
  // Slopes are not taken apart here: so large a ring is reached behind the lines.
  const least = { ...out, ringBits: out.ringBits - (table.line?.lowBits ?? 0) };
  return mpc.lines!(x, table, async (lane, y) => {
    const result = await compared(lane, y, { ...plan, out: least }, power);
    return least.ringBits === out.ringBits ? result : widenNonNegative(lane, result, out.ringBits);
  });
}

/** What `inverseSqrt` reads where it was made ahead, for x in this format; null where it would be too long. */
export const inverseSqrtTable = (x: RingFormat, plan: InversePowerPlan): LineTable | null =>
  lineTableOf(x, { numerator: 1, intervalsPerOctave: INVERSE_SQRT_INTERVALS, ...plan }, 1 / 2);

/** x [n] → 1/x [n] */
export const reciprocal = protocol('reciprocal', (mpc: Backend, x: SharedTensor, plan: InversePowerPlan) =>
  scoped(mpc, () => inversePower(mpc, x, plan, 1, RECIPROCAL_INTERVALS)),
);

/** x [n] → 1/sqrt(x) [n] */
export const inverseSqrt = protocol('inverseSqrt', (mpc: Backend, x: SharedTensor, plan: InversePowerPlan) =>
  scoped(mpc, () => inversePower(mpc, x, plan, 1 / 2, INVERSE_SQRT_INTERVALS)),
);
