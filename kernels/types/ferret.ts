import type { SuiteCode } from './prg.js';

/** Kernels of Ferret; kernels/src/ot/ferret.h has the definitions. Blocks are 16 bytes; the lowest bit is the choice. */
export interface FerretKernels {
  /**
   * One extension by trees of 2^depth leaves, the half with delta. table [2^logTable · 16], pathCots [trees · depth ·
   * 16]; seed [16] of the public matrix and the first of its rows to use, a multiple of 64; of the trees · 2^depth
   * outputs the first ones go to `reserve`, the others to `blocks`; roots [trees · 16]; corrections [trees · depth · 16].
   */
  ferretSend(call: FerretWhole & { delta: Uint8Array; roots: Uint8Array; corrections: Uint8Array }): void;
  /** The half with choices: from corrections to reserve, blocks, and one choice byte for each of `blocks`. */
  ferretReceive(call: FerretWhole & { corrections: Uint8Array; choices: Uint8Array }): void;
  /** Pieces that so many rows are made in: the length of `pieces`. */
  ferretPieces(rows: number): number;
  /**
   * In a thread: rows of the public matrix times the table, a multiple of 64 of them, before their trees are there. The calls that are given the
   * same arrays take the pieces that are done by then and make the others. `encoded` is written until the promise settles.
   */
  ferretEncode(call: FerretMatrix & Required<FerretBegun>): Promise<number>;

  /** The same in steps, with the trees in between: leaves [trees, 2^depth, 16] of the half with delta, and the corrections for them. */
  ferretGrow(call: {
    suite?: SuiteCode;
    depth: number;
    pathCots: Uint8Array;
    delta: Uint8Array;
    roots: Uint8Array;
    corrections: Uint8Array;
    leaves: Uint8Array;
  }): void;
  /** From corrections to leaves and noisy places points [trees]; the leaf there is the sum of the others. */
  ferretGrowPunctured(call: {
    suite?: SuiteCode;
    depth: number;
    pathCots: Uint8Array;
    corrections: Uint8Array;
    leaves: Uint8Array;
    points: Uint32Array;
  }): void;
  /** Outputs of leaves, which are overwritten. */
  ferretSendLeaves(call: FerretOutputs): void;
  ferretReceiveLeaves(call: FerretOutputs & { points: Uint32Array; choices: Uint8Array }): void;
  /**
   * A tag of each leaf under a public key [16], its sum over each tree, sums [trees · 16], and two hashes of it under challenges
   * [2, 2^depth, 16], hashes [2, trees, 16]. With points, sums come from the peer and say what the tag there is.
   */
  ferretLeafHashes(call: {
    suite?: SuiteCode;
    depth: number;
    leaves: Uint8Array;
    points?: Uint32Array;
    key: Uint8Array;
    challenges: Uint8Array;
    sums: Uint8Array;
    hashes: Uint8Array;
  }): void;
}

/** Rows that were begun [trees · 2^depth · 16], and what is known of every 4,096 of them: 0 at first, 1 a thread is making them, 2 it has, 3 who needs them does. */
interface FerretBegun {
  readonly encoded?: Uint8Array;
  readonly pieces?: Int32Array;
}

export interface FerretMatrix {
  readonly suite?: SuiteCode;
  readonly logTable: number;
  readonly table: Uint8Array;
  readonly seed: Uint8Array;
  readonly firstRow: number;
}

interface FerretResult extends FerretMatrix, FerretBegun {
  readonly depth: number;
  readonly reserve: Uint8Array;
  readonly blocks: Uint8Array;
}

interface FerretWhole extends FerretResult {
  readonly pathCots: Uint8Array;
}

export interface FerretOutputs extends FerretResult {
  readonly leaves: Uint8Array;
}
