import type { SuiteCode } from './prg.js';

/**
 * The two halves of reading a table at a shared index (kernels/src/cot/look-up.h). As in cot.ts, blocks are 16 bytes each,
 * `random` are the receiver's random bits, and the caller allocates `share`, `corrections` and `message`.
 */
/** A table of 2^indexBits entries modulo 2^ringBits; of more, the receiver chooses among 2^indexBits. */
export interface LookUpShape {
  /** 1 to 12. */
  readonly indexBits: number;
  readonly ringBits: number;
}

export interface LookUpKernels {
  lookUpMessageBytes(call: LookUpShape & { items: number }): number;
  /**
   * x [items]: the sender's share of the place, modulo the table's length, a power of two of at least 2^indexBits entries. The
   * receiver's index are the top indexBits bits of its share, whose other bits are 0.
   */
  lookUpSend(
    call: LookUpShape & {
      delta: Uint8Array;
      blocks: Uint8Array;
      tweak: number;
      suite?: SuiteCode;
      corrections: Uint8Array;
      table: BigUint64Array;
      x: BigUint64Array;
      share: BigUint64Array;
      message: Uint8Array;
    },
  ): void;
  /** The receiver's corrections, and in `share` the pads that wait for the answer. */
  lookUpBegin(
    call: LookUpShape & {
      blocks: Uint8Array;
      tweak: number;
      suite?: SuiteCode;
      random: Uint8Array;
      x: BigUint64Array;
      share: BigUint64Array;
      corrections: Uint8Array;
    },
  ): void;
  lookUpFinish(
    call: LookUpShape & {
      x: BigUint64Array;
      message: Uint8Array;
      share: BigUint64Array;
    },
  ): void;
  /** Without a secret: out[i] = table[x[i] modulo the table's length], a power of two. */
  lookUpPlain(call: { table: BigUint64Array; x: BigUint64Array; out: BigUint64Array }): void;
}
