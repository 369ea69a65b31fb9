/** Tensors of several lanes as one, and one as several. Everything here is local. */
import { type Shape, sizeOf } from '../../core/shape.js';
import type { PrivateTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { Backend } from '../backend.js';

/** Where each part begins and ends if parts of these lengths lie one after another. */
function ranges(lengths: readonly number[]): readonly (readonly [begin: number, end: number])[] {
  let end = 0;
  return lengths.map((length) => {
    const begin = end;
    end += length;
    return [begin, end] as const;
  });
}

const sizes = (shapes: readonly Shape[]): readonly number[] => shapes.map(sizeOf);

/** Tensors [...] of one format → their elements as rows of `width` [n, width], or [n] without a width */
export function joinTensors(mpc: Backend, parts: readonly SharedTensor[], width?: number): SharedTensor {
  const shapeOf = (size: number) => (width === undefined ? [size] : [size / width, width]);
  return mpc.concat(
    parts.map((part) => mpc.reshape(part, shapeOf(sizeOf(part.shape)))),
    0,
  );
}

/** The inverse: x [n, ...] cut along its first axis into tensors of these shapes */
export function cutTensor(mpc: Backend, x: SharedTensor, shapes: readonly Shape[]): SharedTensor[] {
  const width = sizeOf(x.shape.slice(1));
  return ranges(sizes(shapes).map((size) => size / width)).map(([begin, end], part) =>
    mpc.reshape(mpc.slice(x, 0, begin, end), shapes[part]!),
  );
}

export const joinBits = (mpc: Backend, parts: readonly SharedBits[]): SharedBits =>
  mpc.concatBits(
    parts.map((part) => mpc.reshapeBits(part, [sizeOf(part.shape)])),
    0,
  );

export const cutBits = (mpc: Backend, bits: SharedBits, shapes: readonly Shape[]): SharedBits[] =>
  ranges(sizes(shapes)).map(([begin, end], part) =>
    mpc.reshapeBits(mpc.sliceBits(bits, 0, begin, end), shapes[part]!),
  );

/** What was opened, as the parts that went in. */
export const cutElements = <T extends BigUint64Array | Uint8Array>(
  data: T,
  shapes: readonly Shape[],
): readonly T[] => ranges(sizes(shapes)).map(([begin, end]) => data.slice(begin, end) as T);

/** Private tensors of one owner and format → [n] */
export function joinPrivate(parts: readonly PrivateTensor[]): PrivateTensor {
  const { kind, owner, ringBits, fractionBits } = parts[0]!;
  const places = ranges(sizes(parts.map(({ shape }) => shape)));
  const shape = [places.at(-1)![1]];
  const format = { shape, ringBits, fractionBits };
  if (parts[0]!.value === null) return { kind, owner, ...format, value: null };
  const data = new BigUint64Array(shape[0]!);
  parts.forEach(({ value }, part) => {
    data.set(value!.data, places[part]![0]);
  });
  return { kind, owner, ...format, value: { ...format, data } };
}
