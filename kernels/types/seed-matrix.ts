import type { SuiteCode } from './prg.js';

/**
 * Oblivious punctured matrices for the secret-shared shuffle (Chase, Ghosh, Poburinnaya, ASIACRYPT 2020): GGM trees, and
 * sums over rows expanded from their leaves.
 */

export interface SeedMatrixKernels {
  /**
   * `trees` trees of `leaves` leaves from roots [trees · 16] under a public salt [16]. seeds [trees · leaves · 16];
   * levelSums [trees · depth · 2 · 16], depth = ceil(log2(leaves)): the XOR of all left and all right nodes of a level.
   */
  seedMatrixGrow(
    roots: Uint8Array,
    leaves: number,
    salt: Uint8Array,
    seeds: Uint8Array,
    levelSums: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /**
   * All leaves but points[t] of tree t from sums [trees · depth · 16]: at each level the sum of the side that the path to
   * points[t] does not take. The missing leaf is zero.
   */
  seedMatrixPuncture(
    sums: Uint8Array,
    points: Uint32Array,
    leaves: number,
    salt: Uint8Array,
    seeds: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /**
   * For seeds [n · n · 16]: Σ_i v[i,j] and Σ_j v[i,j], [n · columns] for each segment, one after the other. A segment is a
   * number of columns with the bits of their ring. Off the main thread.
   */
  seedMatrixSums(call: {
    seeds: Uint8Array;
    rows: number;
    salt: Uint8Array;
    columns: Uint32Array;
    ringBits: Uint32Array;
    columnSums: BigUint64Array;
    rowSums: BigUint64Array;
    suite?: SuiteCode;
  }): Promise<number>;
  /** Σ_i' v[i',π(i)] - Σ_j v[i,j] for seeds that lack v[i,π(i)], in the same form. Off the main thread. */
  seedMatrixDifferences(call: {
    seeds: Uint8Array;
    permutation: Uint32Array;
    salt: Uint8Array;
    columns: Uint32Array;
    ringBits: Uint32Array;
    differences: BigUint64Array;
    suite?: SuiteCode;
  }): Promise<number>;
}
