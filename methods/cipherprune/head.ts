/**
 * The head's activation, where every rounding is exact: one row only, which leads to what the client is told. With local
 * truncation the answer holds random numbers that the client knows, times the classifier's weights; so repeats of one text
 * would tell the weights (docs/threat-model.md). Wide rings, since a row costs little.
 */

import type { Backend } from '../../inference/backends/backend.js';
import { type LineTable, madeOnce } from '../../inference/core/line-table.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import { type Clamped, clamp } from '../../inference/functions/clamp.js';
import { convert, convertExactly, signedBits, wideningBits } from '../../inference/functions/fixed-point.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';
import type { Method } from '../method.js';
import {
  type CipherPruneNumbers,
  type GeluApproximation,
  type TanhApproximation,
  tanh as curveOfTanh,
} from './numbers.js';
import { type OddLine, oddLines, SLOPE_BITS } from './odd-lines.js';

const FRACTION_BITS = 12;
const COEFFICIENT_BITS = 12;
/** Holds a clamped number's square with all its bits. */
const WIDE_BITS = 64;
const PRODUCT_BITS = 37;
/** Clamped numbers and the polynomials of them stay below. */
const CLAMPED_RANGE = 4;

/** x [n] → x clamped to ±clip and what lies above, at FRACTION_BITS */
async function clampExactly(
  mpc: Backend,
  x: SharedTensor,
  clip: number,
  { inputRange }: ActivationPlan,
): Promise<Clamped> {
  const format = { ringBits: signedBits(inputRange + clip, FRACTION_BITS), fractionBits: FRACTION_BITS };
  const narrow = await convertExactly(mpc, x, format, inputRange);
  return clamp(mpc, narrow, [{ count: x.shape[0]!, clip }], inputRange, FRACTION_BITS);
}

/** y [n] in WIDE_BITS → c0 + c1 z + w (c2 + c3 z + c4 w), z = y²/8, w = z², in PRODUCT_BITS */
async function evenPolynomial(
  mpc: Backend,
  y: SharedTensor,
  [c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0]: readonly number[],
): Promise<SharedTensor> {
  const square = mpc.reinterpret(await mpc.square(y), 2 * FRACTION_BITS + 3);
  const z = await mpc.round(square, FRACTION_BITS + 3);
  const w = await mpc.round(await mpc.square(z), FRACTION_BITS);
  const small = mpc.narrow(z, w.ringBits);

  // c2 + c3 z + c4 w, below 8, returns to FRACTION_BITS, so that its product with w fits.
  const upper = mpc.add(mpc.scale(small, c3, COEFFICIENT_BITS), mpc.scale(w, c4, COEFFICIENT_BITS));
  const format = { ringBits: w.ringBits, fractionBits: FRACTION_BITS };
  const factor = await convertExactly(mpc, mpc.addPublic(upper, c2), format, 8);
  const product = await mpc.multiply(w, factor);
  const line = mpc.addPublic(mpc.scale(small, c1, COEFFICIENT_BITS), c0);
  const result = { ringBits: PRODUCT_BITS, fractionBits: FRACTION_BITS };
  return convertExactly(mpc, mpc.add(product, line), result, CLAMPED_RANGE);
}

const widenClamped = (mpc: Backend, y: SharedTensor): Promise<SharedTensor> =>
  convert(mpc, y, { ringBits: WIDE_BITS, fractionBits: FRACTION_BITS }, CLAMPED_RANGE);

/** As finely as tanh is tabulated ahead: x is rounded to it, exactly. */
const TABLE_FRACTION_BITS = 10;
/** More bits of an index would take more memory than they are worth. */
const MOST_TABLE_BITS = 15;
/** Added to entries, which have no sign. */
const LEAST = -2;

/** tanh of every x in [-inputRange, inputRange) */
function tanhTable(approximation: TanhApproximation, ringBits: number, out: RingFormat): LineTable {
  const size = 2 ** ringBits;
  const offset = { ringBits: out.fractionBits + 2, fractionBits: out.fractionBits };
  const entries = madeOnce(() =>
    BigUint64Array.from({ length: size }, (_, word) => {
      const x = (word < size / 2 ? word : word - size) * 2 ** -TABLE_FRACTION_BITS;
      return BigInt(Math.round((curveOfTanh(x, approximation) - LEAST) * 2 ** offset.fractionBits));
    }),
  );
  const index = { ringBits, fractionBits: TABLE_FRACTION_BITS };
  return { index, isRounded: true, line: null, offset, entries, least: LEAST, out };
}

/**
 * By lines: the multiple of x of each slope is rounded, exactly, while x is compared with all borders; each border's bit then selects what its line adds to the
 * one before.
 */
function byLines(lines: readonly OddLine[]) {
  const [middle, ...outer] = lines as [OddLine, ...OddLine[]];
  const below = outer.map((line) => ({ ...line, begin: -line.begin, offset: -line.offset })).reverse();
  const [lowest, ...above] = [...below, middle, ...outer] as [OddLine, ...OddLine[]];
  /** Where each line but the lowest begins, upwards: those below zero end where they begin above it. */
  const borders = [...below, ...outer].map(({ begin }) => begin);
  const slopes = [...new Set(lines.map(({ slope }) => slope))].filter((slope) => slope !== 0);
  return async (
    mpc: Backend,
    x: SharedTensor,
    { inputRange, out }: ActivationPlan,
  ): Promise<SharedTensor> => {
    const n = x.shape[0]!;
    const range = inputRange * Math.max(1, ...slopes.map(Math.abs));
    const { fractionBits } = out;
    const result = { ringBits: wideningBits(range, fractionBits), fractionBits };
    const compared = mpc.narrow(x, signedBits(inputRange + borders.at(-1)!, x.fractionBits));
    const steep = slopes.map((slope) => mpc.reshape(mpc.scale(x, slope, SLOPE_BITS), [1, n]));
    const [reached, rounded] = await sideBySide<SharedBits, [SharedTensor]>(
      mpc,
      async (lane) =>
        lane.not(
          await lane.areNegative(
            compared,
            borders.map((border) => [{ rows: n, value: -border }]),
          ),
        ),
      (lane) => convertExactly(lane, mpc.concat(steep, 0), result, range),
    );
    const onLine = ({ slope, offset }: OddLine): SharedTensor => {
      const place = slopes.indexOf(slope);
      if (slope === 0) return mpc.constant(offset, [1, n], result.ringBits, fractionBits);
      return mpc.addPublic(mpc.slice(rounded, 0, place, place + 1), offset);
    };
    const values = [lowest, ...above].map(onLine);
    const steps = above.map((_, i) => mpc.subtract(values[i + 1]!, values[i]!));
    const chosen = mpc.sum(await mpc.multiplex(reached, mpc.concat(steps, 0)), 0);
    const sum = mpc.add(mpc.reshape(values[0]!, [n]), chosen);
    return convert(mpc, sum, out, CLAMPED_RANGE);
  };
}

/** How far lines may be from the curve: with all roundings 0.001. */
const LINES_ERROR = 0.0008;

function tanhOf(approximation: TanhApproximation) {
  let lines: ReturnType<typeof byLines> | null = null;
  const linesOf = () =>
    byLines(oddLines((x) => curveOfTanh(x, approximation), approximation.clip, LINES_ERROR));
  const tables = new Map<string, LineTable>();
  /** One object a format, null where it would be too long. */
  const tableOf = ({ inputRange, out }: ActivationPlan): LineTable | null => {
    const ringBits = signedBits(inputRange, TABLE_FRACTION_BITS);
    if (ringBits > MOST_TABLE_BITS) return null;
    const key = [ringBits, out.ringBits, out.fractionBits].join();
    const table = tables.get(key) ?? tanhTable(approximation, ringBits, out);
    tables.set(key, table);
    return table;
  };
  return protocol('tanh', async function tanh(mpc: Backend, x: SharedTensor, plan: ActivationPlan) {
    const otherwise = (lane: Backend, y: SharedTensor) => {
      lines ??= linesOf();
      return lines(lane, y, plan);
    };
    const table = mpc.lines ? tableOf(plan) : null;
    return table ? mpc.lines!(x, table, otherwise) : otherwise(mpc, x);
  });
}

/** y/2 plus the polynomial plus what lies above the clip: what gelu.ts computes in high degree. */
const geluOf = ({ clip, coefficients }: GeluApproximation) =>
  protocol('gelu', async function gelu(mpc: Backend, x: SharedTensor, plan: ActivationPlan) {
    const { inner, above } = await clampExactly(mpc, x, clip, plan);
    const wide = await widenClamped(mpc, inner);
    const even = await evenPolynomial(mpc, wide, coefficients);
    const half = mpc.reinterpret(mpc.narrow(wide, PRODUCT_BITS), FRACTION_BITS + 1);
    const format = { ringBits: PRODUCT_BITS, fractionBits: FRACTION_BITS + 1 };
    const tail = await convert(mpc, above, format, plan.inputRange);
    const sum = mpc.add(mpc.add(half, tail), mpc.narrow(mpc.shiftLeft(even, 1), PRODUCT_BITS));
    return convertExactly(mpc, sum, plan.out, plan.inputRange + 1);
  });

const relu = protocol('relu', async (mpc: Backend, x: SharedTensor, plan: ActivationPlan) => {
  const format = { ringBits: wideningBits(plan.inputRange, FRACTION_BITS), fractionBits: FRACTION_BITS };
  const small = await convertExactly(mpc, x, format, plan.inputRange);
  const positive = await mpc.multiplex(mpc.not(await mpc.isNegative(small)), small);
  return convertExactly(mpc, positive, plan.out, plan.inputRange);
});

/** The activations of a head by name: x [1, features] → [1, features] in `plan.out` */
export function headOf({ tanh, geluHigh }: Pick<CipherPruneNumbers, 'tanh' | 'geluHigh'>): Method['head'] {
  const exact = { tanh: tanhOf(tanh), gelu: geluOf(geluHigh), relu };
  return async (mpc, name, x, plan) =>
    mpc.reshape(await exact[name](mpc, mpc.reshape(x, [x.shape[1]!]), plan), x.shape);
}
