import type { SuiteCode } from './prg.js';

/** Kernels of oblivious transfer; kernels/src/ot/ot.h has the definitions. Blocks are 16 bytes. */
export interface OtKernels {
  /** rows [128, columns / 8] of bits → blocks [columns · 16]; columns is a multiple of 8. */
  transposeBits(rows: Uint8Array, blocks: Uint8Array): void;

  /** roots [trees · 16] → leaves [trees, 2^depth, 16] and sums [trees, depth, 2, 16] of the left and right nodes of each
   * level. */
  pprfGrow(roots: Uint8Array, depth: number, leaves: Uint8Array, sums: Uint8Array, suite?: SuiteCode): void;
  /** points [trees] and the sums [trees, depth, 16] of the sides off the path → all leaves but the points', which are
   * zero. */
  pprfGrowPunctured(
    points: Uint32Array,
    sums: Uint8Array,
    depth: number,
    leaves: Uint8Array,
    suite?: SuiteCode,
  ): void;

  /** Keys of leaves [count · 16]: round keys [count, 176] of AES, [count, 16] of ChaCha. */
  softSpokenKeys(leaves: Uint8Array, keys: Uint8Array, suite?: SuiteCode): void;
  /** Random choices: corrections [tiles, trees - 1, 512], choices [tiles · 4096], blocks [tiles · 4096 · 16]. */
  softSpokenReceive(
    k: number,
    keys: Uint8Array,
    firstTile: number,
    corrections: Uint8Array,
    choices: Uint8Array,
    blocks: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** blocks [tiles · 4096 · 16] of the sender with `delta` [16] from the peer's corrections. */
  softSpokenSend(
    k: number,
    keys: Uint8Array,
    delta: Uint8Array,
    firstTile: number,
    corrections: Uint8Array,
    blocks: Uint8Array,
    suite?: SuiteCode,
  ): void;

  /**
   * A refill in two steps, with the bit matrix in between: rows [129, tiles · 512 + 64] of the half with choices, whose last row
   * is the choices; [128, …] of the half with delta.
   */
  softSpokenReceiveRows(call: SoftSpokenRows): void;
  softSpokenSendRows(call: SoftSpokenRows & { delta: Uint8Array }): void;
  /** The first of the columns of rows [128 or 129, stride] as blocks [columns · 16] and, of row 129, choices [columns], or none. */
  rowsToBlocks(call: { rows: Uint8Array; stride: number; blocks: Uint8Array; choices: Uint8Array }): void;

  /**
   * Inner products over GF(2^128) (kernels/src/ot/field-dots.h): sums[row] of the first elements of each row [rows, stride] with
   * public challenges [count · 16].
   */
  fieldDots(call: { elements: Uint8Array; stride: number; challenges: Uint8Array; sums: Uint8Array }): void;
}

export interface SoftSpokenRows {
  readonly suite?: SuiteCode;
  readonly k: number;
  readonly keys: Uint8Array;
  readonly firstTile: number;
  readonly tiles: number;
  readonly corrections: Uint8Array;
  readonly rows: Uint8Array;
}
