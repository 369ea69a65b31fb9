import type { SuiteCode } from './prg.js';

/**
 * Two's-complement integers modulo 2^bits (1 to 64), one 64-bit word each, always reduced. The caller allocates `out`;
 * elementwise functions may write over their input. `y` shorter than `x` repeats over the leading axes of x.
 * Wrong types throw TypeError, wrong lengths and ranges RangeError.
 */
export interface RingKernels {
  /** x mod 2^bits, also for words that are not reduced. */
  ringMask(x: BigUint64Array, bits: number, out: BigUint64Array): void;
  ringAdd(x: BigUint64Array, y: BigUint64Array, bits: number, out: BigUint64Array): void;
  ringSubtract(x: BigUint64Array, y: BigUint64Array, bits: number, out: BigUint64Array): void;
  ringNegate(x: BigUint64Array, bits: number, out: BigUint64Array): void;
  /** factor is taken modulo 2^64. */
  ringScale(x: BigUint64Array, factor: bigint, bits: number, out: BigUint64Array): void;
  ringMultiply(x: BigUint64Array, y: BigUint64Array, bits: number, out: BigUint64Array): void;
  /** x [n, m] with row i times y[i]. */
  ringMultiplyRows(x: BigUint64Array, y: BigUint64Array, bits: number, out: BigUint64Array): void;
  /** Arithmetic shift of signed values; rounding 0 floor, 1 ceil, 2 nearest (ties up); reduced modulo 2^outBits. */
  ringShiftRight(
    x: BigUint64Array,
    bits: number,
    shift: number,
    rounding: 0 | 1 | 2,
    outBits: number,
    out: BigUint64Array,
  ): void;
  /** x [outer, extent, inner] → [outer, inner]. */
  ringSum(x: BigUint64Array, extent: number, inner: number, bits: number, out: BigUint64Array): void;
  /** Axis a of the result is axis permutation[a] of x; at most 8 axes. */
  ringPermute(x: BigUint64Array, shape: Uint32Array, permutation: Uint32Array, out: BigUint64Array): void;
  /** `rows` rows of `width` elements, words or bytes, from one place to another: each array with its distance between rows. */
  copyRows<T extends BigUint64Array | Uint8Array>(call: {
    from: T;
    fromBegin: number;
    fromStride: number;
    to: T;
    toBegin: number;
    toStride: number;
    width: number;
    rows: number;
  }): void;
  /** Rows of `width` words by index. */
  ringGatherRows(x: BigUint64Array, width: number, rows: Uint32Array, out: BigUint64Array): void;
  /** x [batch, n, k] · y [batch, k, m] → [batch, n, m]. */
  ringMatmul(
    x: BigUint64Array,
    y: BigUint64Array,
    batch: number,
    n: number,
    k: number,
    m: number,
    bits: number,
    out: BigUint64Array,
  ): void;
  /** x [n, k] · w [k, m] → [n, m] with signed w, in one thread unless given. */
  ringMatmulInt16(
    x: BigUint64Array,
    w: Int16Array,
    n: number,
    k: number,
    m: number,
    bits: number,
    out: BigUint64Array,
    threads?: number,
  ): void;
  /**
   * The same of a matrix kept panel by panel, [m / 24][k][24], the last panel as wide as is left: as the product reads it. With `adds` 1 it is
   * added to `out`.
   */
  ringMatmulPanels(
    x: BigUint64Array,
    w: BigUint64Array,
    n: number,
    k: number,
    m: number,
    bits: number,
    adds: 0 | 1,
    out: BigUint64Array,
  ): void;
  /** The same with the words of a generator's stream, eight bytes each. */
  streamMatmul(
    x: BigUint64Array,
    seed: Uint8Array,
    firstBlock: number,
    n: number,
    k: number,
    m: number,
    bits: number,
    adds: 0 | 1,
    out: BigUint64Array,
    suite?: SuiteCode,
  ): void;
  /** Words of a generator's stream, eight bytes each, modulo 2^bits. */
  streamWords(
    seed: Uint8Array,
    firstBlock: number,
    bits: number,
    out: BigUint64Array,
    suite?: SuiteCode,
  ): void;
  /** x less such words, packed. */
  streamHide(
    x: BigUint64Array,
    seed: Uint8Array,
    firstBlock: number,
    bits: number,
    out: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** Top bit of each element, one byte 0 or 1 each. */
  ringSignBit(x: BigUint64Array, bits: number, out: Uint8Array): void;
  ringSignExtend(x: BigUint64Array, fromBits: number, toBits: number, out: BigUint64Array): void;
  /** bits[i] ? x[i] : 0; bits shorter than x select whole rows. */
  ringSelect(bits: Uint8Array, x: BigUint64Array, out: BigUint64Array): void;
  /** (1 - 2·bits[i])·x[i]; bits shorter than x are of whole rows. */
  ringNegateWhere(bits: Uint8Array, x: BigUint64Array, ringBits: number, out: BigUint64Array): void;
  /** sum[i] += bits[i] ? x[i] : 0 */
  ringAddWhere(bits: Uint8Array, x: BigUint64Array, ringBits: number, sum: BigUint64Array): void;
  /** sum += factor·x; factor is taken modulo 2^64. */
  ringAddScaled(x: BigUint64Array, factor: bigint, ringBits: number, sum: BigUint64Array): void;
  /** Bytes 0 and 1 as words. */
  ringFromBits(bits: Uint8Array, out: BigUint64Array): void;
  /** Largest |value| of signed values. */
  ringMaxAbsolute(x: BigUint64Array, bits: number): number;
  /** round(x · 2^fractionBits), ties to even; saturates, and returns how many values did. */
  ringFromFloat(x: Float64Array, bits: number, fractionBits: number, out: BigUint64Array): number;
  ringToFloat(x: BigUint64Array, bits: number, fractionBits: number, out: Float64Array): void;
  /** Little-endian bit stream of `bits` bits an element: ceil(length · bits / 8) bytes. */
  ringPack(x: BigUint64Array, bits: number, out: Uint8Array): void;
  /** x - y, packed. */
  ringPackDifference(x: BigUint64Array, y: BigUint64Array, bits: number, out: Uint8Array): void;
  /** x + what `bytes` hold, which are as many; out may be x. */
  ringUnpackAdd(bytes: Uint8Array, bits: number, x: BigUint64Array, out: BigUint64Array): void;
  /** `first`: from this element on, of a stream that may be longer; else `bytes` are those of `out`. */
  ringUnpack(bytes: Uint8Array, bits: number, out: BigUint64Array, first?: number): void;
  /** One byte 0 or 1 each → eight in a byte, lowest first: ceil(length / 8) bytes. And back. */
  bitsPack(bits: Uint8Array, out: Uint8Array): void;
  bitsUnpack(bytes: Uint8Array, out: Uint8Array): void;
  /** Bits, one byte 0 or 1 each. */
  bitsXor(x: Uint8Array, y: Uint8Array, out: Uint8Array): void;
  bitsAnd(x: Uint8Array, y: Uint8Array, out: Uint8Array): void;
  bitsNot(x: Uint8Array, out: Uint8Array): void;
}
