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
   * A universal hash of each of the 128 columns of blocks [groups · 128 · 16], under public challenges [groups · 16]
   * (kernels/src/ot/column-hash.h): hashes [128 · 16], block p holding bit p of every column's hash; of choices [groups · 128],
   * which may be left empty, the hash [16].
   */
  columnHash(call: {
    blocks: Uint8Array;
    choices: Uint8Array;
    challenges: Uint8Array;
    hashes: Uint8Array;
    choiceHash: Uint8Array;
  }): void;
}
