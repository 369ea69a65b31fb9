/** Moving whole blocks of row-major data: slices, concatenations, rows. One implementation for words and for bits. */
import { kernels } from '#kernels';
import { TensorMismatchError } from './errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from './shape.js';
import { takeBytes, takeWords } from './words.js';

/** Ring elements, or bits of one byte each. */
export type Elements = BigUint64Array | Uint8Array;

/** Of any content; taken (words.ts). */
function emptyLike<T extends Elements>(data: T, length: number): T {
  return (data instanceof BigUint64Array ? takeWords(length) : takeBytes(length)) as T;
}

/** How many blocks lie before an axis, how long it is, and how many elements lie after it. */
function split(
  operation: string,
  shape: Shape,
  axis: number,
): { outer: number; extent: number; inner: number } {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw new TensorMismatchError(`${operation}: expected an axis of ${formatShape(shape)}, got ${axis}`);
  }
  return {
    outer: sizeOf(shape.slice(0, axis)),
    extent: shape[axis]!,
    inner: sizeOf(shape.slice(axis + 1)),
  };
}

export const replaceAxis = (shape: Shape, axis: number, extent: number): Shape =>
  shape.map((old, i) => (i === axis ? extent : old));

/** The shape of indices `begin` to `end` (exclusive) of one axis. */
export function sliceShape(shape: Shape, axis: number, begin: number, end: number): Shape {
  const { extent } = split('slice', shape, axis);
  if (!(begin >= 0 && begin <= end && end <= extent)) {
    throw new TensorMismatchError(`slice: expected a range within 0..${extent}, got ${begin}..${end}`);
  }
  return replaceAxis(shape, axis, end - begin);
}

/** Indices `begin` to `end` (exclusive) of one axis. */
export function sliceAxis<T extends Elements>(
  data: T,
  shape: Shape,
  axis: number,
  begin: number,
  end: number,
): T {
  sliceShape(shape, axis, begin, end);
  const { outer, extent, inner } = split('slice', shape, axis);
  const width = (end - begin) * inner;
  const out = emptyLike(data, outer * width);
  kernels.copyRows<Elements>({
    from: data,
    fromBegin: begin * inner,
    fromStride: extent * inner,
    to: out,
    toBegin: 0,
    toStride: width,
    width,
    rows: outer,
  });
  return out;
}

export interface Part<T extends Elements> {
  readonly shape: Shape;
  readonly data: T;
}

/** The shape of parts one after another along an axis; all other extents agree. */
export function concatShape(shapes: readonly Shape[], axis: number): Shape {
  const first = shapes[0];
  if (!first) throw new TensorMismatchError('concat: expected at least one tensor, got none');
  const total = shapes.reduce((sum, shape) => sum + split('concat', shape, axis).extent, 0);
  const whole = replaceAxis(first, axis, total);
  for (const shape of shapes)
    if (!sameShape(replaceAxis(shape, axis, total), whole))
      throw new TensorMismatchError(
        `concat: expected ${formatShape(first)} but for axis ${axis}, got ${formatShape(shape)}`,
      );
  return whole;
}

/** The parts one after another along an axis; all other extents agree. */
export function concatAxis<T extends Elements>(parts: readonly Part<T>[], axis: number): Part<T> {
  const shape = concatShape(
    parts.map((part) => part.shape),
    axis,
  );
  const total = shape[axis]!;
  const splits = parts.map((part) => split('concat', part.shape, axis));
  const { outer, inner } = splits[0]!;
  const data = emptyLike(parts[0]!.data, sizeOf(shape));
  let before = 0;
  parts.forEach((part, p) => {
    const width = splits[p]!.extent * inner;
    kernels.copyRows<Elements>({
      from: part.data,
      fromBegin: 0,
      fromStride: width,
      to: data,
      toBegin: before,
      toStride: total * inner,
      width,
      rows: outer,
    });
    before += width;
  });
  return { shape, data };
}

/** Rows of the first axis by index. */
export function gatherFirstAxis<T extends Elements>(data: T, shape: Shape, rows: Uint32Array): T {
  const { extent, inner } = split('gatherRows', shape, 0);
  const out = emptyLike(data, rows.length * inner);
  rows.forEach((row, i) => {
    if (row >= extent) throw new TensorMismatchError(`gatherRows: expected rows below ${extent}, got ${row}`);
    out.set(data.subarray(row * inner, (row + 1) * inner) as never, i * inner);
  });
  return out;
}

/** The data `times` times in a row. */
export function repeat<T extends Elements>(data: T, times: number): T {
  const out = emptyLike(data, data.length * times);
  for (let i = 0; i < times; i++) out.set(data as never, i * data.length);
  return out;
}
