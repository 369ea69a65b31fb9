/**
 * The local half of `Backend`: what every backend does to the words that it holds, without a message. A backend that
 * holds shares does the same to each share; where parties differ (public values are added by one of them, shares are
 * rounded in opposite directions) the subclass says how.
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../core/errors.js';
import { concatAxis, gatherFirstAxis, repeat, replaceAxis, sliceAxis } from '../core/layout.js';
import { encode, type RingFormat } from '../core/ring-tensor.js';
import { type Shape, sizeOf } from '../core/shape.js';
import type { PartyId, PrivateTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { takeBytes, takeWords } from '../core/words.js';
import type { LocalOperations, RowShifts } from './backend.js';
import * as operations from './operations.js';

/** What this process holds of a shared tensor: a share, or in the cleartext backend the value. */
export interface LocalTensor extends SharedTensor {
  readonly data: BigUint64Array;
}

/** Likewise for bits, one byte 0 or 1 each. */
export interface LocalBits extends SharedBits {
  readonly data: Uint8Array;
}

/** As the kernels number them. */
export const ROUNDING = { floor: 0, ceil: 1, nearest: 2 } as const;
export type Rounding = (typeof ROUNDING)[keyof typeof ROUNDING];

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

export abstract class LocalBackend implements LocalOperations {
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
    const out = takeWords(sizeOf(x.shape));
    kernels.ringNegate(dataOf(x), x.ringBits, out);
    return localTensor(out, x.shape, x);
  }

  addPublic(x: SharedTensor, value: number | Float64Array): LocalTensor {
    operations.addPublic(x, value);
    const values = typeof value === 'number' ? Float64Array.of(value) : value;
    const encoded = encode(values, [values.length], x);
    return this.addsPublicValues ? this.#addWords(x, encoded.data) : (x as LocalTensor);
  }

  addPrivate(x: SharedTensor, value: PrivateTensor): LocalTensor {
    operations.addPrivate(x, value);
    return value.value === null ? (x as LocalTensor) : this.#addWords(x, value.value.data);
  }

  scale(x: SharedTensor, factor: number, fractionBits: number): LocalTensor {
    const out = takeWords(sizeOf(x.shape));
    kernels.ringScale(dataOf(x), BigInt(Math.round(factor * 2 ** fractionBits)), x.ringBits, out);
    return localTensor(out, x.shape, operations.scale(x, fractionBits));
  }

  combine(x: SharedTensor, factors: readonly number[], fractionBits: number): LocalTensor {
    const given = operations.combine(x, factors, fractionBits);
    const words = BigUint64Array.from(factors, (factor) =>
      BigInt.asUintN(x.ringBits, BigInt(Math.round(factor * 2 ** fractionBits))),
    );
    const out = takeWords(sizeOf(given.shape));
    kernels.ringMatmul(words, dataOf(x), 1, 1, factors.length, out.length, x.ringBits, out);
    return localTensor(out, given.shape, given);
  }

  reinterpret(x: SharedTensor, fractionBits: number): LocalTensor {
    return localTensor(dataOf(x), x.shape, operations.reinterpret(x, fractionBits));
  }

  shiftLeft(x: SharedTensor, bits: number): LocalTensor {
    const out = takeWords(sizeOf(x.shape));
    kernels.ringScale(dataOf(x), 1n << BigInt(bits), x.ringBits, out);
    return localTensor(out, x.shape, operations.scale(x, bits));
  }

  expand(x: SharedTensor, bits: number): LocalTensor {
    const given = operations.expand(x, bits);
    const out = takeWords(sizeOf(x.shape));
    kernels.ringScale(dataOf(x), 1n << BigInt(bits), given.ringBits, out);
    return localTensor(out, x.shape, given);
  }

  sum(x: SharedTensor, axis: number): LocalTensor {
    const given = operations.sum(x, axis);
    const extent = x.shape[axis]!;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const out = takeWords(sizeOf(given.shape));
    if (extent === 0) out.fill(0n);
    else if (out.length > 0) kernels.ringSum(dataOf(x), extent, inner, x.ringBits, out);
    return localTensor(out, given.shape, x);
  }

  slice(x: SharedTensor, axis: number, begin: number, end: number): LocalTensor {
    const { shape } = operations.slice(x, axis, begin, end);
    return localTensor(sliceAxis(dataOf(x), x.shape, axis, begin, end), shape, x);
  }

  concat(parts: readonly SharedTensor[], axis: number): LocalTensor {
    const given = operations.concat(parts, axis);
    const { data } = concatAxis(parts as readonly LocalTensor[], axis);
    return localTensor(data, given.shape, given);
  }

  reshape(x: SharedTensor, shape: Shape): LocalTensor {
    return localTensor(dataOf(x), operations.reshape(x, shape).shape, x);
  }

  transpose(x: SharedTensor, permutation: readonly number[]): LocalTensor {
    const out = takeWords(sizeOf(x.shape));
    kernels.ringPermute(dataOf(x), Uint32Array.from(x.shape), Uint32Array.from(permutation), out);
    return localTensor(out, operations.transpose(x, permutation).shape, x);
  }

  gatherRows(x: SharedTensor, rows: Uint32Array): LocalTensor {
    const data = gatherFirstAxis(dataOf(x), x.shape, rows);
    return localTensor(data, operations.gatherRows(x, rows).shape, x);
  }

  broadcastRows(x: SharedTensor, rows: number): LocalTensor {
    return localTensor(repeat(dataOf(x), rows), operations.broadcastRows(x, rows).shape, x);
  }

  narrow(x: SharedTensor, ringBits: number): LocalTensor {
    const given = operations.narrow(x, ringBits);
    if (ringBits === x.ringBits) return x as LocalTensor;
    const out = takeWords(sizeOf(x.shape));
    kernels.ringMask(dataOf(x), ringBits, out);
    return localTensor(out, x.shape, given);
  }

  narrowLoosely(x: SharedTensor, ringBits: number, _range: number): LocalTensor {
    const given = operations.narrow(x, ringBits);
    const out = takeWords(sizeOf(x.shape));
    kernels.ringMask(dataOf(x), ringBits, out);
    return localTensor(out, x.shape, given);
  }

  truncateReduce(x: SharedTensor, bits: number): LocalTensor {
    const given = operations.truncate(x, bits);
    if (bits === 0) return x as LocalTensor;
    const out = takeWords(sizeOf(x.shape));
    kernels.ringShiftRight(dataOf(x), x.ringBits, bits, this.truncation, given.ringBits, out);
    return localTensor(out, x.shape, given);
  }

  constant(values: Float64Array | number, shape: Shape, ringBits: number, fractionBits: number): LocalTensor {
    const format = { ringBits, fractionBits };
    if (!this.addsPublicValues) return localTensor(takeWords(sizeOf(shape)).fill(0n), shape, format);
    if (typeof values !== 'number') return localTensor(encode(values, shape, format).data, shape, format);
    const [word] = encode(Float64Array.of(values), [1], format).data;
    return localTensor(takeWords(sizeOf(shape)).fill(word!), shape, format);
  }

  xor(a: SharedBits, b: SharedBits): LocalBits {
    const out = takeBytes(sizeOf(operations.bitwise('xor', a, b)));
    kernels.bitsXor(bitsOf(a), bitsOf(b), out);
    return localBits(out, a.shape);
  }

  not(a: SharedBits): LocalBits {
    if (!this.addsPublicValues) return a as LocalBits;
    const out = takeBytes(sizeOf(a.shape));
    kernels.bitsNot(bitsOf(a), out);
    return localBits(out, a.shape);
  }

  sliceBits(a: SharedBits, axis: number, begin: number, end: number): LocalBits {
    const shape = operations.sliceBits(a, axis, begin, end);
    return localBits(sliceAxis(bitsOf(a), a.shape, axis, begin, end), shape);
  }

  concatBits(parts: readonly SharedBits[], axis: number): LocalBits {
    const { data, shape } = concatAxis(parts as readonly LocalBits[], axis);
    return localBits(data, shape);
  }

  reshapeBits(a: SharedBits, shape: Shape): LocalBits {
    return localBits(bitsOf(a), operations.reshapeBits(a, shape));
  }

  /** Rows of the first axis of bits by public indices. */
  gatherBitRows(a: SharedBits, rows: Uint32Array): LocalBits {
    return localBits(gatherFirstAxis(bitsOf(a), a.shape, rows), replaceAxis(a.shape, 0, rows.length));
  }

  /** What this process holds of x, with each copy's values added [copies, ...]. @throws TensorMismatchError unless they cover x */
  protected shiftedRows(x: SharedTensor, copies: readonly RowShifts[]): BigUint64Array {
    const words = dataOf(x);
    const width = sizeOf(x.shape.slice(1));
    const out = takeWords(copies.length * words.length);
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
          `areNegative: expected values for the rows of ${operations.describe(x)}, got others`,
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
    operations.elementwise(operation, x, y);
    const out = takeWords(sizeOf(x.shape));
    kernel(dataOf(x), dataOf(y), x.ringBits, out);
    return localTensor(out, x.shape, x);
  }

  #addWords(x: SharedTensor, words: BigUint64Array): LocalTensor {
    const out = takeWords(sizeOf(x.shape));
    kernels.ringAdd(dataOf(x), words, x.ringBits, out);
    return localTensor(out, x.shape, x);
  }
}
