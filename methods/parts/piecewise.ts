/**
 * Any piecewise polynomial of one variable, as PUMA, BumbleBee and MPCFormer want their GELU: which piece holds is found by one
 * batch of comparisons with the borders, all pieces are evaluated, one is selected. The numbers are those of the curve that
 * training evaluates.
 *
 * Powers are taken of z = y / 2^unit, y = x where a piece of degree 2 or more holds and 0 elsewhere, so that they stay near 1 and
 * their coefficients lose nothing. A power is a product of two smaller ones: with z at 14 fraction bits they go from 17 bits into
 * 33, are truncated to 14 again and widened for the sum.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { sizeOf } from '../../inference/core/shape.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import { convert, shrink, signedBits, wideningBits } from '../../inference/functions/fixed-point.js';
import type { Piecewise } from '../curves.js';

const FRACTION_BITS = 14;
const COEFFICIENT_BITS = 13;
/** Pieces meet: a unit of 2^-6 is wrong by less than they are. */
const COMPARISON_FRACTION_BITS = 6;

type Polynomial = readonly number[];

/** What follows from the numbers alone. */
interface Pieces {
  readonly bounds: readonly number[];
  readonly segments: readonly Polynomial[];
  /** Pieces of degree 2 or more: the first and the last. */
  readonly first: number;
  readonly last: number;
  /** Powers of x that they have. */
  readonly degrees: readonly number[];
}

/** What follows from the range of an argument. */
interface Widths {
  readonly inputRange: number;
  /** The largest |y| where a curved piece holds. */
  readonly reach: number;
  readonly unit: number;
  /** The largest |z|. */
  readonly largest: number;
  /** A bound on the value of curved pieces. */
  readonly result: number;
  readonly sumBits: number;
}

const valueAt = (polynomial: Polynomial, x: number): number =>
  polynomial.reduceRight((sum, c) => sum * x + c, 0);
const isCurved = (polynomial: Polynomial): boolean => polynomial.length > 2;
const isLine = (polynomial: Polynomial): boolean => polynomial[0] === 0 && (polynomial[1] ?? 1) === 1;

/** @throws RangeError if the curve is squared, or has other pieces than 0, x and polynomials side by side */
function piecesOf({ squarings, bounds, segments }: Piecewise): Pieces {
  const curved = segments.map(isCurved);
  const [first, last] = [curved.indexOf(true), curved.lastIndexOf(true)];
  const inner = segments.slice(first, last + 1);
  const outer = [...segments.slice(0, Math.max(0, first)), ...segments.slice(last + 1)];
  if (squarings !== 0 || first < 0 || !inner.every(isCurved) || !outer.every(isLine))
    throw new RangeError('piecewise: expected polynomials side by side between pieces 0 and x');
  const degrees = new Set(inner.flatMap((s) => s.flatMap((c, k) => (k > 0 && c !== 0 ? [k] : []))));
  return { bounds, segments, first, last, degrees: [...degrees].sort((a, b) => a - b) };
}

/** Samples of a bounded piece's argument. */
const SAMPLES = 64;

function widthsOf({ bounds, segments, first, last }: Pieces, inputRange: number): Widths {
  const borders = (s: number) => [bounds[s - 1] ?? -inputRange, bounds[s] ?? inputRange] as const;
  const reach = Math.max(Math.abs(borders(first)[0]), Math.abs(borders(last)[1]));
  let result = 1;
  for (let s = first; s <= last; s++)
    for (let i = 0; i <= SAMPLES; i++) {
      const [low, high] = borders(s);
      result = Math.max(result, 1.5 * Math.abs(valueAt(segments[s]!, low + ((high - low) * i) / SAMPLES)));
    }
  // Powers of up to 1.25: half a unit would make coefficients eight times larger.
  const unit = Math.max(0, Math.ceil(Math.log2(reach / 1.25)));
  return {
    inputRange,
    reach,
    unit,
    // With what rounding adds.
    largest: 1.02 * Math.max(1, reach / 2 ** unit),
    result,
    sumBits: wideningBits(result, FRACTION_BITS + COEFFICIENT_BITS),
  };
}

/** x [n] → whether each piece holds [pieces, n]: differences of nested comparisons. Local but for these. */
async function selectors(
  mpc: Backend,
  x: SharedTensor,
  bounds: readonly number[],
  range: number,
): Promise<SharedBits[]> {
  const rows = x.shape[0]!;
  const largest = Math.max(...bounds.map(Math.abs));
  const coarse = shrink(mpc, x, {
    ringBits: signedBits(range + largest, COMPARISON_FRACTION_BITS),
    fractionBits: COMPARISON_FRACTION_BITS,
  });
  const below = await mpc.areNegative(
    coarse,
    bounds.map((bound) => [{ rows, value: -bound }]),
  );
  const is = bounds.map((_, i) => mpc.reshapeBits(mpc.sliceBits(below, 0, i, i + 1), [rows]));
  const between = is.slice(1).map((bits, i) => mpc.xor(is[i]!, bits));
  return [is[0]!, ...between, mpc.not(is.at(-1)!)];
}

/** Several choices of numbers in one round: bits [n] and x [n] each, of one format → [n] each */
async function chosen(
  mpc: Backend,
  choices: readonly (readonly [bits: SharedBits, x: SharedTensor])[],
): Promise<SharedTensor[]> {
  const n = choices[0]![1].shape[0]!;
  const bits = mpc.concatBits(
    choices.map(([each]) => each),
    0,
  );
  const all = await mpc.multiplex(
    bits,
    mpc.concat(
      choices.map(([, x]) => x),
      0,
    ),
  );
  return choices.map((_, i) => mpc.slice(all, 0, i * n, (i + 1) * n));
}

/** z^k [n] as factors at FRACTION_BITS, each made once from two smaller ones. */
function factorsOf(mpc: Backend, z: SharedTensor, largest: number) {
  const known = new Map([[1, Promise.resolve(z)]]);
  const range = (k: number) => largest ** k;
  async function made(k: number): Promise<SharedTensor> {
    const format = { ringBits: wideningBits(range(k), FRACTION_BITS), fractionBits: FRACTION_BITS };
    const productBits = format.ringBits + FRACTION_BITS;
    const half = await factor(k >> 1);
    if (k % 2 === 0) {
      const ringBits = Math.max(half.ringBits, (productBits >> 1) + 1);
      const wide = await convert(mpc, half, { ...format, ringBits }, range(k >> 1));
      return shrink(mpc, await mpc.square(wide, Math.max(ringBits, productBits)), format);
    }
    const other = { ...format, ringBits: productBits };
    const wide = await convert(mpc, await factor(k - (k >> 1)), other, range(k - (k >> 1)));
    return shrink(mpc, await mpc.multiply(wide, half), format);
  }
  function factor(k: number): Promise<SharedTensor> {
    const promise = known.get(k) ?? made(k);
    known.set(k, promise);
    return promise;
  }
  return factor;
}

/** Values of all curved pieces at y [n] = z · 2^unit, in a ring where only these must fit. */
async function curvedValues(
  mpc: Backend,
  z: SharedTensor,
  { segments, first, last, degrees }: Pieces,
  { unit, largest, sumBits, result }: Widths,
): Promise<SharedTensor[]> {
  const factor = factorsOf(mpc, z, largest);
  const powers: SharedTensor[] = [];
  for (const k of degrees) {
    const format = { ringBits: sumBits, fractionBits: FRACTION_BITS };
    powers.push(await convert(mpc, await factor(k), format, largest ** k));
  }
  const small = { ringBits: wideningBits(result, FRACTION_BITS), fractionBits: FRACTION_BITS };
  return segments.slice(first, last + 1).map((polynomial) => {
    const terms = degrees.map((k, i) =>
      mpc.scale(powers[i]!, (polynomial[k] ?? 0) * 2 ** (unit * k), COEFFICIENT_BITS),
    );
    const sum = terms.reduce((a, b) => mpc.add(a, b));
    return shrink(mpc, mpc.addPublic(sum, polynomial[0] ?? 0), small);
  });
}

/** y [n] → z, the same number read in other units */
function inUnits(mpc: Backend, y: SharedTensor, { unit, reach }: Widths): SharedTensor {
  const fractionBits = FRACTION_BITS - unit;
  const format = { ringBits: wideningBits(reach, fractionBits), fractionBits };
  return mpc.reinterpret(shrink(mpc, y, format), FRACTION_BITS);
}

/** x [n] → the piece that holds, in `plan.out` */
async function selected(
  mpc: Backend,
  x: SharedTensor,
  pieces: Pieces,
  widths: Widths,
  { out }: ActivationPlan,
): Promise<SharedTensor> {
  const { bounds, segments, first, last } = pieces;
  const { inputRange, result } = widths;
  const holds = await selectors(mpc, x, bounds, inputRange);
  const isInner = holds.slice(first, last + 1).reduce((a, b) => mpc.xor(a, b));
  const straight = segments.flatMap((s, i) => (!isCurved(s) && s.length > 1 ? [holds[i]!] : []));
  const [y, ...lines] = await chosen(
    mpc,
    [isInner, ...straight].map((bits) => [bits, x] as const),
  );
  const values = await curvedValues(mpc, inUnits(mpc, y!, widths), pieces, widths);
  const parts = await chosen(
    mpc,
    values.map((value, i) => [holds[first + i]!, value] as const),
  );
  const inner = await convert(
    mpc,
    parts.reduce((a, b) => mpc.add(a, b)),
    out,
    result,
  );
  if (lines.length === 0) return inner;
  return mpc.add(
    inner,
    await convert(
      mpc,
      lines.reduce((a, b) => mpc.add(a, b)),
      out,
      inputRange,
    ),
  );
}

/** The function of a curve: x, any shape → the same shape in `plan.out` */
export function piecewiseOf(name: string, curve: Piecewise) {
  const pieces = piecesOf(curve);
  return protocol(
    name,
    async function piecewise(mpc: Backend, x: SharedTensor, plan: ActivationPlan): Promise<SharedTensor> {
      const { inputRange } = plan;
      const widths = widthsOf(pieces, inputRange);
      const fractionBits = Math.max(FRACTION_BITS - widths.unit, COMPARISON_FRACTION_BITS);
      const format = { ringBits: wideningBits(inputRange + widths.reach, fractionBits), fractionBits };
      const flat = await convert(mpc, mpc.reshape(x, [sizeOf(x.shape)]), format, inputRange);
      if (pieces.bounds.length > 0)
        return mpc.reshape(await selected(mpc, flat, pieces, widths, plan), x.shape);
      const [value] = await curvedValues(mpc, inUnits(mpc, flat, widths), pieces, widths);
      return mpc.reshape(await convert(mpc, value!, plan.out, widths.result), x.shape);
    },
  );
}
