/**
 * The two halves of the protocols made from random COTs. Blocks are 16 bytes each, `tweak` is the index of the first;
 * `corrections` are packed bits, choice XOR random bit. The caller allocates `share` and `message`. See
 * kernels/src/cot-product.h and kernels/src/comparison.h.
 */
export interface LeafKernels {
  /** Bits 0 to bits-1 of each value (of its complement if `complement` is 1) XOR the random choice bits, packed. */
  cotCorrections(
    values: BigUint64Array,
    bits: number,
    complement: 0 | 1,
    random: Uint8Array,
    corrections: Uint8Array,
  ): void;
  cotProductMessageBytes(items: number, bits: number, ringBits: number, width: number, signed: 0 | 1): number;
  /** Shares of y[i] · x[i, :]: the sender knows x [items, width], the receiver y [items], of `bits` bits. The top bit of y
   * multiplies top[i, :] in place of x[i, :]. */
  cotProductSend(
    delta: Uint8Array,
    blocks: Uint8Array,
    tweak: number,
    corrections: Uint8Array,
    x: BigUint64Array,
    top: BigUint64Array,
    bits: number,
    ringBits: number,
    width: number,
    signed: 0 | 1,
    share: BigUint64Array,
    message: Uint8Array,
  ): void;
  cotProductReceive(
    blocks: Uint8Array,
    tweak: number,
    y: BigUint64Array,
    message: Uint8Array,
    bits: number,
    ringBits: number,
    width: number,
    signed: 0 | 1,
    share: BigUint64Array,
  ): void;
  /** Digits of the ringBits - 1 low bits that one comparison is cut into. */
  comparisonDigits(ringBits: number): number;
  comparisonMessageBytes(count: number, ringBits: number): number;
  /** Shares modulo 2^digits of a number that is negative exactly when the low bits of the parties' x carry. */
  comparisonSend(
    delta: Uint8Array,
    blocks: Uint8Array,
    tweak: number,
    corrections: Uint8Array,
    x: BigUint64Array,
    ringBits: number,
    share: BigUint64Array,
    message: Uint8Array,
  ): void;
  comparisonReceive(
    blocks: Uint8Array,
    tweak: number,
    x: BigUint64Array,
    message: Uint8Array,
    ringBits: number,
    share: BigUint64Array,
  ): void;
}
