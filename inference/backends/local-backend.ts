/**
 * The local half of `Backend`: what every backend does to the words that it holds, without a message. A backend that
 * holds shares does the same to each share; where parties differ (public values are added by one of them, shares are
 * rounded in opposite directions) the subclass says how.
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../core/errors.js';
import { concatAxis, gatherFirstAxis, repeat, replaceAxis, sliceAxis } from '../core/layout.js';
import { encode, type RingFormat } from '../core/ring-tensor.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import type { PartyId, PrivateTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import type { RowShifts } from './backend.js';

/** What this process holds of a shared tensor: a share, or in the cleartext backend the value. */
export interface LocalTensor extends SharedTensor {
  readonly data: BigUint64Array;
}

/** Likewise for bits, one byte 0 or 1 each. */
export interface LocalBits extends SharedBits {
  readonly data: Uint8Array;
}

/** As the kernels number them: floor, ceil, nearest. */
export type Rounding = 0 | 1 | 2;

export const localTensor = (data: BigUint64Array, shape: Shape, format: RingFormat): LocalTensor => ({
  kind: 'arithmetic',
  shape,
  ringBits: format.ringBits,
  fractionBits: format.fractionBits,
  data,
});

export const localBits = (data: Uint8Array, shape: Shape): LocalBits => ({ kind: 'boolean', shape, data });

/** The words behind the seam's opaque types. */
export const dataOf = (x: SharedTensor): BigUint64Array => (x as LocalTensor).data;
export const bitsOf = (bits: SharedBits): Uint8Array => (bits as LocalBits).data;

export const describe = ({ shape, ringBits, fractionBits }: SharedTensor | PrivateTensor): string =>
  `${formatShape(shape)} in ${ringBits} bits with ${fractionBits} fraction bits`;

/** @throws TensorMismatchError unless both have the same ring and scale */
export function expectSameFormat(operation: string, x: SharedTensor, y: SharedTensor | PrivateTensor): void {
  if (x.ringBits !== y.ringBits || x.fractionBits !== y.fractionBits) {
    throw new TensorMismatchError(`${operation}: expected ${describe(x)}, got ${describe(y)}`);
  }
}

const isSuffix = (suffix: Shape, shape: Shape): boolean =>
  suffix.length <= shape.length && sameShape(suffix, shape.slice(shape.length - suffix.length));

export const isPrefix = (prefix: Shape, shape: Shape): boolean =>
  prefix.length <= shape.length && sameShape(prefix, shape.slice(0, prefix.length));

/** What `multiply` accepts: y of x's shape or a prefix of it, in x's ring or a smaller one. */
export function expectFactor(x: SharedTensor, y: SharedTensor): void {
  const fits = y.ringBits === x.ringBits || (y.ringBits < x.ringBits && y.ringBits >= 2);
  if (!fits || !isPrefix(y.shape, x.shape)) {
    throw new TensorMismatchError(`multiply: expected a prefix of ${describe(x)}, got ${describe(y)}`);
  }
}

/** What `square` accepts: x's own ring, or one up to twice its bits less one. */
export function expectSquareRing(x: SharedTensor, ringBits: number): void {
  if (ringBits === x.ringBits || (ringBits > x.ringBits && ringBits < 2 * x.ringBits && ringBits <= 64))
    return;
  throw new TensorMismatchError(
    `square: expected ${x.ringBits} to ${2 * x.ringBits - 1} bits for ${describe(x)}, got ${ringBits}`,
  );
}

/** What `truncateReduce` and `round` accept. */
export function expectDropped(x: SharedTensor, bits: number): void {
  if (!(bits >= 0 && bits < x.ringBits))
    throw new TensorMismatchError(
      `truncation: expected to drop 0 to ${x.ringBits - 1} bits of ${describe(x)}, got ${bits}`,
    );
}

export abstract class LocalBackend {
  abstract readonly self: PartyId;
  /** Does this process add public values? Exactly one party does. */
  protected abstract readonly addsPublicValues: boolean;
  /** How `truncateReduce` rounds what this process holds. */
  protected abstract readonly truncation: Rounding;

  add(x: SharedTensor, y: SharedTensor): LocalTensor {
    return this.#elementwise('add', x, y, kernels.ringAdd);
  }

  subtract(x: SharedTensor, y: SharedTensor): LocalTensor {
    return this.#elementwise('subtract', x, y, kernels.ringSubtract);
  }

  negate(x: SharedTensor): LocalTensor {
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringNegate(dataOf(x), x.ringBits, out);
    return localTensor(out, x.shape, x);
  }

  addPublic(x: SharedTensor, value: number | Float64Array): LocalTensor {
    const shape = typeof value === 'number' ? [1] : [value.length];
    if (typeof value !== 'number' && value.length !== x.shape.at(-1)) {
      throw new TensorMismatchError(
        `addPublic: expected a row of ${describe(x)}, got ${value.length} values`,
      );
    }
    const encoded = encode(typeof value === 'number' ? Float64Array.of(value) : value, shape, x);
    return this.addsPublicValues ? this.#addWords(x, encoded.data) : (x as LocalTensor);
  }

  addPrivate(x: SharedTensor, value: PrivateTensor): LocalTensor {
    expectSameFormat('addPrivate', x, value);
    if (!isSuffix(value.shape, x.shape)) {
      throw new TensorMismatchError(
        `addPrivate: expected a suffix of ${formatShape(x.shape)}, got ${formatShape(value.shape)}`,
      );
    }
    return value.value === null ? (x as LocalTensor) : this.#addWords(x, value.value.data);
  }

  scale(x: SharedTensor, factor: number, fractionBits: number): LocalTensor {
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringScale(dataOf(x), BigInt(Math.round(factor * 2 ** fractionBits)), x.ringBits, out);
    return localTensor(out, x.shape, {
      ringBits: x.ringBits,
      fractionBits: x.fractionBits + fractionBits,
    });
  }

  reinterpret(x: SharedTensor, fractionBits: number): LocalTensor {
    return localTensor(dataOf(x), x.shape, { ringBits: x.ringBits, fractionBits });
  }

  shiftLeft(x: SharedTensor, bits: number): LocalTensor {
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringScale(dataOf(x), 1n << BigInt(bits), x.ringBits, out);
    return localTensor(out, x.shape, { ringBits: x.ringBits, fractionBits: x.fractionBits + bits });
  }

  expand(x: SharedTensor, bits: number): LocalTensor {
    const ringBits = x.ringBits + bits;
    if (bits < 0 || ringBits > 64) {
      throw new TensorMismatchError(`expand: expected 0 to ${64 - x.ringBits} more bits, got ${bits}`);
    }
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringScale(dataOf(x), 1n << BigInt(bits), ringBits, out);
    return localTensor(out, x.shape, { ringBits, fractionBits: x.fractionBits + bits });
  }

  sum(x: SharedTensor, axis: number): LocalTensor {
    if (!(axis >= 0 && axis < x.shape.length)) {
      throw new TensorMismatchError(`sum: expected an axis of ${formatShape(x.shape)}, got ${axis}`);
    }
    const extent = x.shape[axis]!;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const out = new BigUint64Array(sizeOf(x.shape.slice(0, axis)) * inner);
    if (out.length > 0 && extent > 0) kernels.ringSum(dataOf(x), extent, inner, x.ringBits, out);
    return localTensor(
      out,
      x.shape.filter((_, i) => i !== axis),
      x,
    );
  }

  slice(x: SharedTensor, axis: number, begin: number, end: number): LocalTensor {
    const data = sliceAxis(dataOf(x), x.shape, axis, begin, end);
    return localTensor(data, replaceAxis(x.shape, axis, end - begin), x);
  }

  concat(parts: readonly SharedTensor[], axis: number): LocalTensor {
    const first = parts[0];
    if (!first) throw new TensorMismatchError('concat: expected at least one tensor, got none');
    for (const part of parts) expectSameFormat('concat', first, part);
    const { data, shape } = concatAxis(parts as readonly LocalTensor[], axis);
    return localTensor(data, shape, first);
  }

  reshape(x: SharedTensor, shape: Shape): LocalTensor {
    expectSameSize('reshape', x.shape, shape);
    return localTensor(dataOf(x), shape, x);
  }

  transpose(x: SharedTensor, permutation: readonly number[]): LocalTensor {
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringPermute(dataOf(x), Uint32Array.from(x.shape), Uint32Array.from(permutation), out);
    return localTensor(
      out,
      permutation.map((axis) => x.shape[axis]!),
      x,
    );
  }

  gatherRows(x: SharedTensor, rows: Uint32Array): LocalTensor {
    const data = gatherFirstAxis(dataOf(x), x.shape, rows);
    return localTensor(data, replaceAxis(x.shape, 0, rows.length), x);
  }

  broadcastRows(x: SharedTensor, rows: number): LocalTensor {
    return localTensor(repeat(dataOf(x), rows), [rows, ...x.shape], x);
  }

  narrow(x: SharedTensor, ringBits: number): LocalTensor {
    if (ringBits > x.ringBits) {
      throw new TensorMismatchError(`narrow: expected at most ${x.ringBits} bits, got ${ringBits}`);
    }
    if (ringBits === x.ringBits) return x as LocalTensor;
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringMask(dataOf(x), ringBits, out);
    return localTensor(out, x.shape, { ringBits, fractionBits: x.fractionBits });
  }

  truncateReduce(x: SharedTensor, bits: number): LocalTensor {
    expectDropped(x, bits);
    if (bits === 0) return x as LocalTensor;
    const ringBits = x.ringBits - bits;
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringShiftRight(dataOf(x), x.ringBits, bits, this.truncation, ringBits, out);
    return localTensor(out, x.shape, { ringBits, fractionBits: x.fractionBits - bits });
  }

  constant(values: Float64Array | number, shape: Shape, ringBits: number, fractionBits: number): LocalTensor {
    const all = typeof values === 'number' ? new Float64Array(sizeOf(shape)).fill(values) : values;
    const { data } = encode(all, shape, { ringBits, fractionBits });
    if (!this.addsPublicValues) data.fill(0n);
    return localTensor(data, shape, { ringBits, fractionBits });
  }

  xor(a: SharedBits, b: SharedBits): LocalBits {
    if (!sameShape(a.shape, b.shape)) {
      throw new TensorMismatchError(`xor: expected ${formatShape(a.shape)}, got ${formatShape(b.shape)}`);
    }
    const out = new Uint8Array(sizeOf(a.shape));
    kernels.bitsXor(bitsOf(a), bitsOf(b), out);
    return localBits(out, a.shape);
  }

  not(a: SharedBits): LocalBits {
    if (!this.addsPublicValues) return a as LocalBits;
    const out = new Uint8Array(sizeOf(a.shape));
    kernels.bitsNot(bitsOf(a), out);
    return localBits(out, a.shape);
  }

  sliceBits(a: SharedBits, axis: number, begin: number, end: number): LocalBits {
    return localBits(
      sliceAxis(bitsOf(a), a.shape, axis, begin, end),
      replaceAxis(a.shape, axis, end - begin),
    );
  }

  concatBits(parts: readonly SharedBits[], axis: number): LocalBits {
    const { data, shape } = concatAxis(parts as readonly LocalBits[], axis);
    return localBits(data, shape);
  }

  reshapeBits(a: SharedBits, shape: Shape): LocalBits {
    expectSameSize('reshapeBits', a.shape, shape);
    return localBits(bitsOf(a), shape);
  }

  /** Rows of the first axis of bits by public indices. */
  gatherBitRows(a: SharedBits, rows: Uint32Array): LocalBits {
    return localBits(gatherFirstAxis(bitsOf(a), a.shape, rows), replaceAxis(a.shape, 0, rows.length));
  }

  /** What this process holds of x, with each copy's values added [copies, ...]. @throws TensorMismatchError unless they cover x */
  protected shiftedRows(x: SharedTensor, copies: readonly RowShifts[]): BigUint64Array {
    const words = dataOf(x);
    const width = sizeOf(x.shape.slice(1));
    const out = new BigUint64Array(copies.length * words.length);
    let place = 0;
    for (const [copy, shifts] of copies.entries()) {
      const { data } = encode(
        Float64Array.from(shifts, ({ value }) => value),
        [shifts.length],
        x,
      );
      for (const [i, { rows }] of shifts.entries()) {
        const begin = place - copy * words.length;
        const part = words.subarray(begin, begin + rows * width);
        if (part.length > 0)
          kernels.ringAdd(
            part,
            data.subarray(i, i + 1),
            x.ringBits,
            out.subarray(place, place + part.length),
          );
        place += rows * width;
      }
      if (place !== (copy + 1) * words.length)
        throw new TensorMismatchError(
          `areNegative: expected values for the rows of ${describe(x)}, got others`,
        );
    }
    return out;
  }

  #elementwise(
    operation: string,
    x: SharedTensor,
    y: SharedTensor,
    kernel: typeof kernels.ringAdd,
  ): LocalTensor {
    expectSameFormat(operation, x, y);
    if (!sameShape(x.shape, y.shape)) {
      throw new TensorMismatchError(`${operation}: expected ${describe(x)}, got ${describe(y)}`);
    }
    const out = new BigUint64Array(sizeOf(x.shape));
    kernel(dataOf(x), dataOf(y), x.ringBits, out);
    return localTensor(out, x.shape, x);
  }

  #addWords(x: SharedTensor, words: BigUint64Array): LocalTensor {
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringAdd(dataOf(x), words, x.ringBits, out);
    return localTensor(out, x.shape, x);
  }
}

function expectSameSize(operation: string, from: Shape, to: Shape): void {
  if (sizeOf(from) !== sizeOf(to)) {
    throw new TensorMismatchError(
      `${operation}: expected the size of ${formatShape(from)}, got ${formatShape(to)}`,
    );
  }
}
