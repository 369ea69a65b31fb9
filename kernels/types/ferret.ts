import type { SuiteCode } from './prg.js';

/** Kernels of Ferret; kernels/src/ot/ferret.h has the definitions. Blocks are 16 bytes; the lowest bit is the choice. */
export interface FerretKernels {
  /**
   * One extension by trees of 2^depth leaves, the half with delta. table [2^logTable · 16], pathCots [trees · depth ·
   * 16]; seed [16] of the public matrix and the first of its rows to use, a multiple of 64; of the trees · 2^depth
   * outputs the first ones go to `reserve`, the others to `blocks`; roots [trees · 16]; corrections [trees · depth · 16].
   */
  ferretSend(
    depth: number,
    logTable: number,
    table: Uint8Array,
    pathCots: Uint8Array,
    seed: Uint8Array,
    firstRow: number,
    reserve: Uint8Array,
    blocks: Uint8Array,
    delta: Uint8Array,
    roots: Uint8Array,
    corrections: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** The half with choices: from corrections to reserve, blocks, and one choice byte for each of `blocks`. */
  ferretReceive(
    depth: number,
    logTable: number,
    table: Uint8Array,
    pathCots: Uint8Array,
    seed: Uint8Array,
    firstRow: number,
    reserve: Uint8Array,
    blocks: Uint8Array,
    corrections: Uint8Array,
    choices: Uint8Array,
    suite?: SuiteCode,
  ): void;
}
