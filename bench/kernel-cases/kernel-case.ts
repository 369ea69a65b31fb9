/** One kernel at one size, and what it is held against. */

export interface Bound {
  /** Units of work a second. */
  readonly rate: number;
  readonly reason: string;
}

export interface KernelCase {
  readonly name: string;
  readonly shape: string;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** Units of one run. */
  readonly amount: number;
  readonly bound: Bound;
  /** Makes the buffers and returns one run. */
  prepare(): () => unknown;
}

/** So many nanoseconds each, or so many times a second: what the design wants of one core. */
export const target = (rate: number): Bound => ({ rate, reason: 'design target, one core' });

/** Numbers without a pattern that a kernel could profit from. */
export const words = (count: number, bits: number): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) => BigInt.asUintN(bits, BigInt(i + 1) * 0x9e3779b97f4a7c15n));

export const bytes = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 0xff);

/** BERT-base with 128 tokens. */
export const ROWS = 128;
export const HIDDEN = 768;
export const RING_BITS = 37;
