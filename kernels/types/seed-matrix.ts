/**
 * Oblivious punctured matrices for the secret-shared shuffle (Chase, Ghosh, Poburinnaya, ASIACRYPT 2020): GGM trees, and
 * sums over rows expanded from their leaves.
 */

/** Columns of a row that share a ring of 1 to 64 bits. */
export interface RowSegment {
  readonly columns: number;
  readonly ringBits: number;
}

export interface SeedMatrixKernels {
  /**
   * `trees` trees of `leaves` leaves from roots [trees · 16] under a public salt [16]. seeds [trees · leaves · 16];
   * levelSums [trees · depth · 2 · 16], depth = ceil(log2(leaves)): the XOR of all left and all right nodes of a level.
   */
  seedMatrixGrow(
    roots: Uint8Array,
    leaves: number,
    salt: Uint8Array,
  ): { seeds: Uint8Array<ArrayBuffer>; levelSums: Uint8Array<ArrayBuffer> };
  /**
   * All leaves but points[t] of tree t from sums [trees · depth · 16]: at each level the sum of the side that the path to
   * points[t] does not take. The missing leaf is zero.
   */
  seedMatrixPuncture(
    sums: Uint8Array,
    points: Uint32Array,
    leaves: number,
    salt: Uint8Array,
  ): Uint8Array<ArrayBuffer>;
  /** For seeds [n · n · 16]: Σ_i v[i,j] and Σ_j v[i,j], [n · columns] for each segment. Off the main thread. */
  seedMatrixSums(
    seeds: Uint8Array,
    rows: number,
    salt: Uint8Array,
    segments: readonly RowSegment[],
  ): Promise<{ columnSums: BigUint64Array<ArrayBuffer>[]; rowSums: BigUint64Array<ArrayBuffer>[] }>;
  /** Σ_i' v[i',π(i)] - Σ_j v[i,j] for seeds that lack v[i,π(i)], [n · columns] for each segment. Off the main thread. */
  seedMatrixDifferences(
    seeds: Uint8Array,
    permutation: Uint32Array,
    salt: Uint8Array,
    segments: readonly RowSegment[],
  ): Promise<BigUint64Array<ArrayBuffer>[]>;
}
