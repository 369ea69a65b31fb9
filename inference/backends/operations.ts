/**
 * What each operation of the seam takes, and the shape and format of what it gives: once, for every backend, for lanes of a
 * batch, and for what counts costs. All of it is public.
 *
 * Every function throws TensorMismatchError where its arguments do not fit.
 */
import { TensorMismatchError } from '../core/errors.js';
import { concatShape, replaceAxis, sliceShape } from '../core/layout.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import type { PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import type { RowShifts, ShuffleRows, Weight } from './backend.js';
import { type LineTable, lowFactorOf } from '../core/line-table.js';
import type { TournamentStep } from '../core/tournament.js';
import { MOST_CONJUNCTS } from '../material/correlation.js';

/** A shape with a ring and a scale. */
export interface TensorFormat extends RingFormat {
  readonly shape: Shape;
}

type Bits = Pick<SharedBits, 'shape'>;

export const describe = ({ shape, ringBits, fractionBits }: TensorFormat): string =>
  `${formatShape(shape)} in ${ringBits} bits with ${fractionBits} fraction bits`;

/** Made where something does not fit, and not before: operations are thousands in a text. */
const mismatch = (operation: string, expected: string, got: string): TensorMismatchError =>
  new TensorMismatchError(`${operation}: expected ${expected}, got ${got}`);

const isSuffix = (suffix: Shape, shape: Shape): boolean =>
  suffix.length <= shape.length && sameShape(suffix, shape.slice(shape.length - suffix.length));

const isPrefix = (prefix: Shape, shape: Shape): boolean =>
  prefix.length <= shape.length && sameShape(prefix, shape.slice(0, prefix.length));

function expectSameFormat(operation: string, x: TensorFormat, y: TensorFormat): void {
  if (x.ringBits !== y.ringBits || x.fractionBits !== y.fractionBits)
    throw mismatch(operation, describe(x), describe(y));
}

function expectAxis(operation: string, shape: Shape, axis: number): void {
  const fits = Number.isInteger(axis) && axis >= 0 && axis < shape.length;
  if (!fits) throw mismatch(operation, `an axis of ${formatShape(shape)}`, `${axis}`);
}

const moved = (
  { shape, ringBits, fractionBits }: TensorFormat,
  ring: number,
  scale: number,
): TensorFormat => ({
  shape,
  ringBits: ringBits + ring,
  fractionBits: fractionBits + scale,
});

const reshaped = ({ ringBits, fractionBits }: TensorFormat, shape: Shape): TensorFormat => ({
  shape,
  ringBits,
  fractionBits,
});

// ---- local ---------------------------------------------------------------------------------------------------------

/** `add` and `subtract`. */
export function elementwise(operation: string, x: SharedTensor, y: SharedTensor): TensorFormat {
  expectSameFormat(operation, x, y);
  if (!sameShape(x.shape, y.shape)) throw mismatch(operation, describe(x), describe(y));
  return x;
}

export function addPublic(x: SharedTensor, value: number | Float64Array): TensorFormat {
  const fits = typeof value === 'number' || value.length === x.shape.at(-1);
  if (!fits)
    throw mismatch(
      'addPublic',
      `a row of ${describe(x)}`,
      `${typeof value === 'number' ? 1 : value.length} values`,
    );
  return x;
}

export function addPrivate(x: SharedTensor, value: PrivateTensor): TensorFormat {
  expectSameFormat('addPrivate', x, value);
  const fits = isSuffix(value.shape, x.shape);
  if (!fits) throw mismatch('addPrivate', `a suffix of ${formatShape(x.shape)}`, formatShape(value.shape));
  return x;
}

/** `scale` and `shiftLeft`: the scale grows, the ring stays. */
export const scale = (x: SharedTensor, fractionBits: number): TensorFormat => moved(x, 0, fractionBits);

export function combine(x: SharedTensor, factors: readonly number[], fractionBits: number): TensorFormat {
  expectAxis('combine', x.shape, 0);
  if (factors.length !== x.shape[0]) throw mismatch('combine', `${x.shape[0]} factors`, `${factors.length}`);
  return { ...moved(x, 0, fractionBits), shape: x.shape.slice(1) };
}

export const reinterpret = (x: SharedTensor, fractionBits: number): TensorFormat => ({
  shape: x.shape,
  ringBits: x.ringBits,
  fractionBits,
});

export function expand(x: SharedTensor, bits: number): TensorFormat {
  const most = 64 - x.ringBits;
  if (!(bits >= 0 && bits <= most)) throw mismatch('expand', `0 to ${most} more bits`, `${bits}`);
  return moved(x, bits, bits);
}

export function sum(x: SharedTensor, axis: number): TensorFormat {
  expectAxis('sum', x.shape, axis);
  return reshaped(
    x,
    x.shape.filter((_, i) => i !== axis),
  );
}

export const slice = (x: SharedTensor, axis: number, begin: number, end: number): TensorFormat =>
  reshaped(x, sliceShape(x.shape, axis, begin, end));

export function concat(parts: readonly SharedTensor[], axis: number): TensorFormat {
  const shape = concatShape(
    parts.map((part) => part.shape),
    axis,
  );
  for (const part of parts) expectSameFormat('concat', parts[0]!, part);
  return reshaped(parts[0]!, shape);
}

function expectSameSize(operation: string, from: Shape, to: Shape): void {
  if (sizeOf(from) !== sizeOf(to))
    throw mismatch(operation, `the size of ${formatShape(from)}`, formatShape(to));
}

export function reshape(x: SharedTensor, shape: Shape): TensorFormat {
  expectSameSize('reshape', x.shape, shape);
  return reshaped(x, shape);
}

export const transpose = (x: SharedTensor, permutation: readonly number[]): TensorFormat =>
  reshaped(
    x,
    permutation.map((axis) => x.shape[axis]!),
  );

export const gatherRows = (x: SharedTensor, rows: Uint32Array): TensorFormat =>
  reshaped(x, replaceAxis(x.shape, 0, rows.length));

export const broadcastRows = (x: SharedTensor, rows: number): TensorFormat => reshaped(x, [rows, ...x.shape]);

export function narrow(x: SharedTensor, ringBits: number): TensorFormat {
  if (!(ringBits <= x.ringBits)) throw mismatch('narrow', `at most ${x.ringBits} bits`, `${ringBits}`);
  return moved(x, ringBits - x.ringBits, 0);
}

/** `truncateReduce` and `round`. */
export function truncate(x: SharedTensor, bits: number): TensorFormat {
  const fits = bits >= 0 && bits < x.ringBits;
  if (!fits) throw mismatch('truncation', `to drop 0 to ${x.ringBits - 1} bits of ${describe(x)}`, `${bits}`);
  return moved(x, -bits, -bits);
}

/** `xor` and `and`. */
export function bitwise(operation: string, a: Bits, b: Bits): Shape {
  if (!sameShape(a.shape, b.shape)) throw mismatch(operation, formatShape(a.shape), formatShape(b.shape));
  return a.shape;
}

export const sliceBits = (a: Bits, axis: number, begin: number, end: number): Shape =>
  sliceShape(a.shape, axis, begin, end);

export const concatBits = (parts: readonly Bits[], axis: number): Shape =>
  concatShape(
    parts.map(({ shape }) => shape),
    axis,
  );

export function reshapeBits(a: Bits, shape: Shape): Shape {
  expectSameSize('reshapeBits', a.shape, shape);
  return shape;
}

// ---- communicating -------------------------------------------------------------------------------------------------

const product = (x: SharedTensor, y: { readonly fractionBits: number }, shape: Shape): TensorFormat => ({
  shape,
  ringBits: x.ringBits,
  fractionBits: x.fractionBits + y.fractionBits,
});

export function linear(x: SharedTensor, w: Weight): TensorFormat & { readonly rows: number } {
  const fits = x.shape.length === 2 && x.shape[1] === w.inputs;
  if (!fits) throw mismatch('linear', `[rows, ${w.inputs}]`, formatShape(x.shape));
  const rows = x.shape[0]!;
  return { ...product(x, w, [rows, w.outputs]), rows };
}

/** x [batch, n, k] · y [batch, k, m] */
export interface MatmulFormat extends TensorFormat {
  readonly extents: {
    readonly batch: number;
    readonly n: number;
    readonly k: number;
    readonly m: number;
    readonly ringBits: number;
  };
}

export function matmul(x: SharedTensor, y: SharedTensor): MatmulFormat {
  const [batch, n, k] = x.shape as [number, number, number];
  const [yBatch, yInner, m] = y.shape as [number, number, number];
  const areMatrices = x.shape.length === 3 && y.shape.length === 3 && batch === yBatch && k === yInner;
  const fits = areMatrices && x.ringBits === y.ringBits;
  if (!fits) throw mismatch('matmul', '[batch, n, k] and [batch, k, m]', `${describe(x)} and ${describe(y)}`);
  return { ...product(x, y, [batch, n, m]), extents: { batch, n, k, m, ringBits: x.ringBits } };
}

/** y of x's shape or a prefix of it, in x's ring or a smaller one. */
export function multiply(x: SharedTensor, y: SharedTensor): TensorFormat {
  const isRing = y.ringBits === x.ringBits || (y.ringBits < x.ringBits && y.ringBits >= 2);
  const fits = isRing && isPrefix(y.shape, x.shape);
  if (!fits) throw mismatch('multiply', `a prefix of ${describe(x)}`, describe(y));
  return product(x, y, x.shape);
}

/** Lowest bits of a product that its caller cuts off (Backend.linear: `into`). */
export const droppedBits = ({ fractionBits }: TensorFormat, into?: RingFormat): number =>
  into ? Math.max(0, fractionBits - into.fractionBits) : 0;

/** Into x's own ring, or one up to twice its bits less one. */
export function square(x: SharedTensor, ringBits: number): TensorFormat {
  const isLarger = ringBits > x.ringBits && ringBits < 2 * x.ringBits && ringBits <= 64;
  if (ringBits !== x.ringBits && !isLarger)
    throw mismatch('square', `${x.ringBits} to ${2 * x.ringBits - 1} bits for ${describe(x)}`, `${ringBits}`);
  return { shape: x.shape, ringBits, fractionBits: 2 * x.fractionBits };
}

export function multiplyPrivate(x: SharedTensor, y: PrivateTensor): TensorFormat {
  const fits = y.shape.length === 1 && x.shape.at(-1) === y.shape[0];
  if (!fits) throw mismatch('multiplyPrivate', `a row of ${describe(x)}`, describe(y));
  return product(x, y, x.shape);
}

export function widen(x: SharedTensor, ringBits: number): TensorFormat {
  const fits = ringBits >= x.ringBits && x.ringBits >= 2 && ringBits <= 64;
  if (!fits) throw mismatch('widen', `${x.ringBits} to 64 bits for ${describe(x)}`, `${ringBits}`);
  return moved(x, ringBits - x.ringBits, 0);
}

export const areNegative = (x: SharedTensor, copies: readonly RowShifts[]): Shape => [
  copies.length,
  ...x.shape,
];

export const toArithmetic = ({ shape }: Bits, ringBits: number): TensorFormat => ({
  shape,
  ringBits,
  fractionBits: 0,
});

/** Bits of x's shape or a prefix of it. */
export function multiplex(bits: Bits, x: SharedTensor, ringBits: number): TensorFormat {
  const fits = isPrefix(bits.shape, x.shape);
  if (!fits) throw mismatch('multiplex', `a prefix of ${formatShape(x.shape)}`, formatShape(bits.shape));
  if (ringBits === x.ringBits) return x;
  const isWhole = bits.shape.length === x.shape.length;
  if (!isWhole)
    throw mismatch('multiplex', `a bit for each of ${formatShape(x.shape)}`, formatShape(bits.shape));
  return widen(x, ringBits);
}

/** A table of 4,096 entries: more would cost more than other ways to the same function. */
const MOST_INDEX_BITS = 12;

/** A table with an entry for every value of x's ring. */
export function lookUp(x: SharedTensor, table: RingTensor): TensorFormat {
  const fits =
    x.ringBits <= MOST_INDEX_BITS && table.shape.length === 1 && table.data.length === 2 ** x.ringBits;
  if (!fits)
    throw mismatch(
      'lookUp',
      `at most ${MOST_INDEX_BITS} bits and a table of 2^bits entries`,
      `${x.ringBits} bits and ${table.data.length} entries`,
    );
  return reshaped(table, x.shape);
}

/** x [n], cut to the table's formats. */
export function lines(x: SharedTensor, { index, line, out }: LineTable): TensorFormat {
  const formats = line ? [index, line.factor, lowFactorOf(line)] : [index];
  const fits = formats.every(
    ({ ringBits, fractionBits }) =>
      x.fractionBits >= fractionBits && x.ringBits >= ringBits + x.fractionBits - fractionBits,
  );
  if (!fits || x.shape.length !== 1) {
    const expected = formats
      .map((f) => `${f.ringBits} bits at ${f.fractionBits} fraction bits`)
      .join(' and ');
    throw mismatch('lines', `a vector with ${expected}`, describe(x));
  }
  return { ...out, shape: x.shape };
}

/** x [rows, columns] → [rows] */
export function largest(x: SharedTensor, steps: readonly TournamentStep[]): TensorFormat {
  const [rows, columns] = x.shape as [number, number];
  let left = columns;
  const fits = steps.every(({ groups, arity }) => {
    const holds = arity >= 2 && arity <= MOST_CONJUNCTS + 1 && groups < left && groups * arity >= left;
    left = groups;
    return holds;
  });
  const isMatrix = x.shape.length === 2 && fits && left === 1;
  if (!isMatrix) throw mismatch('largest', 'a matrix and steps from its columns to one', describe(x));
  return reshaped(x, [rows]);
}

/** Tables of e^v for every number v of the ring. */
const MOST_EXPONENT_BITS = 18;

export function exponential(x: SharedTensor, fractionBits: number): TensorFormat {
  const { ringBits } = x;
  const integerBits = ringBits - x.fractionBits;
  const fits = integerBits >= 3 && integerBits <= 14 && ringBits <= MOST_EXPONENT_BITS && x.fractionBits >= 0;
  if (!fits) {
    const expected = `3 to 14 bits in front of the point and at most ${MOST_EXPONENT_BITS} in all`;
    throw mismatch('exponential', expected, describe(x));
  }
  return { shape: x.shape, ringBits: fractionBits + 2, fractionBits };
}

/** → how many rows all of them have */
export function shuffle({ tensors, bits }: ShuffleRows): number {
  const shapes = [...tensors, ...bits].map(({ shape }) => shape);
  const rows = shapes[0]?.[0] ?? 0;
  for (const shape of shapes)
    if (shape[0] !== rows) throw mismatch('shuffle', `${rows} rows`, formatShape(shape));
  return rows;
}
