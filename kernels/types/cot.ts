import type { SuiteCode } from './prg.js';

/**
 * The two halves of the protocols made from random COTs. Blocks are 16 bytes each, `tweak` is the index of the first;
 * `random` are the receiver's random bits, one byte each; `corrections` are packed bits, choice XOR random bit. The caller
 * allocates `share`, `pads`, `corrections` and `message`. See kernels/src/cot/cot-product.h and kernels/src/cot/comparison.h.
 */
/**
 * Factors of `bits` bits, of which the top one is a sign if `signed`, times rows of `width` words modulo 2^ringBits, of which the `dropped` lowest
 * bits do not count (0 unless given).
 */
export interface CotPlan {
  readonly bits: number;
  readonly ringBits: number;
  readonly width: number;
  readonly signed: boolean;
  readonly dropped?: number | undefined;
}

export interface CotKernels {
  cotProductMessageBytes(
    call: CotPlan & {
      items: number;
    },
  ): number;
  /** Shares of y[i] · x[i, :]: the sender knows x [items, width], the receiver y [items], of `bits` bits. The top bit of y
   * multiplies top[i, :] in place of x[i, :]. */
  cotProductSend(
    call: CotPlan & {
      delta: Uint8Array;
      blocks: Uint8Array;
      tweak: number;
      suite?: SuiteCode;
      corrections: Uint8Array;
      x: BigUint64Array;
      top: BigUint64Array;
      share: BigUint64Array;
      message: Uint8Array;
    },
  ): void;
  /** The receiver's corrections and the part of its share that does not wait for the answer. With none ([0]) y becomes what the COTs chose. */
  cotProductBegin(
    call: CotPlan & {
      blocks: Uint8Array;
      tweak: number;
      suite?: SuiteCode;
      random: Uint8Array;
      y: BigUint64Array;
      share: BigUint64Array;
      corrections: Uint8Array;
    },
  ): void;
  cotProductFinish(
    call: CotPlan & {
      y: BigUint64Array;
      message: Uint8Array;
      share: BigUint64Array;
    },
  ): void;
  /** y[i] · x[i, :] of the receiver's own share x, rounded like the sender's, with halves down. */
  cotProductOwn(
    call: CotPlan & {
      y: BigUint64Array;
      x: BigUint64Array;
      product: BigUint64Array;
    },
  ): void;
  /** Bits of a factor, from the lowest on, for which x is rounded. */
  cotProductCoarseBits(plan: CotPlan): number;
  /** Digits of the ringBits - 1 low bits that one comparison is cut into. */
  comparisonDigits(ringBits: number): number;
  /** Words of `pads` for one comparison. */
  comparisonPadWords(ringBits: number): number;
  /** Bits of the last of these words that are in use. */
  comparisonPadBits(ringBits: number): number;
  /** Words of the sender's `tables` for one comparison of at most 33 ring bits. */
  comparisonTableWords(ringBits: number): number;
  comparisonMessageBytes(count: number, ringBits: number): number;
  /** Shares modulo 2^digits of a number that is negative exactly when the low bits of the parties' x carry. COTs may carry
   * several messages, each with pads of its own: `pad` is 0 to 1023. */
  comparisonSend(call: {
    delta: Uint8Array;
    blocks: Uint8Array;
    tweak: number;
    suite?: SuiteCode;
    corrections: Uint8Array;
    x: BigUint64Array;
    ringBits: number;
    share: BigUint64Array;
    message: Uint8Array;
    pad: number;
  }): void;
  comparisonBegin(call: {
    blocks: Uint8Array;
    tweak: number;
    suite?: SuiteCode;
    random: Uint8Array;
    x: BigUint64Array;
    ringBits: number;
    pads: BigUint64Array;
    corrections: Uint8Array;
    pad: number;
  }): void;
  comparisonFinish(call: {
    x: BigUint64Array;
    message: Uint8Array;
    ringBits: number;
    pads: BigUint64Array;
    share: BigUint64Array;
  }): void;
  /** The sender's pads before it knows anything else: tables [count · tableWords]. */
  comparisonTables(call: {
    delta: Uint8Array;
    blocks: Uint8Array;
    tweak: number;
    suite?: SuiteCode;
    ringBits: number;
    tables: BigUint64Array;
    pad: number;
  }): void;
  /** As comparisonSend, from tables; `corrections`: by which bits the receiver's choices differ from its random bits. */
  comparisonAnswer(call: {
    tables: BigUint64Array;
    corrections: Uint8Array;
    x: BigUint64Array;
    ringBits: number;
    share: BigUint64Array;
    message: Uint8Array;
  }): void;
  /**
   * Rows of bits selected by the bit that a COT chose (kernels/src/cot/selected-rows.h): x and share [items, width] in words of `bits` bits, 64, or
   * fewer if there is one; a COT for each row. It selects y [items] modulo 2^numberBits besides, if that is not 0.
   */
  selectedRowsSend(call: {
    width: number;
    bits: number;
    numberBits: number;
    delta: Uint8Array;
    blocks: Uint8Array;
    tweak: number;
    suite?: SuiteCode;
    x: BigUint64Array;
    y: BigUint64Array;
    share: BigUint64Array;
    numbers: BigUint64Array;
    message: Uint8Array;
  }): void;
  /** The receiver's pads, in `share` and `numbers`. */
  selectedRowsBegin(call: {
    width: number;
    bits: number;
    numberBits: number;
    blocks: Uint8Array;
    tweak: number;
    suite?: SuiteCode;
    share: BigUint64Array;
    numbers: BigUint64Array;
  }): void;
}
