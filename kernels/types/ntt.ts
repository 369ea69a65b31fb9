/**
 * Transforms modulo primes below 2^26 with 2n | prime - 1, for tests and benchmarks: the RLWE kernels use them natively.
 * Words are residues; lengths are powers of two.
 */
export interface NttKernels {
  /** Negacyclic transform in place, reduced, in a private order that all instruction sets share. x [n], n >= 16. */
  nttForward(prime: number, x: Uint32Array): void;
  /** The same of a polynomial of which only the first coefficients, x, are not zero. */
  nttForwardLow(prime: number, x: Uint32Array, out: Uint32Array): void;
  nttInverse(prime: number, x: Uint32Array): void;
  /** out = x · y, elementwise. */
  nttMultiply(prime: number, x: Uint32Array, y: Uint32Array, out: Uint32Array): void;
  /** 16 cyclic transforms side by side, x [length][16], length at most 2n; rows from `support` on are taken as zero. With
   * negacyclic = 1, modulo X^n + 1, and the length is n. */
  nttForwardColumns(prime: number, n: number, x: Uint32Array, support: number, negacyclic: 0 | 1): void;
  /** Back, times length. */
  nttInverseColumns(prime: number, n: number, x: Uint32Array, negacyclic: 0 | 1): void;
  /** The same of each 2^log rows' last alone, which come to the first rows. */
  nttInverseColumnsLast(prime: number, n: number, x: Uint32Array, negacyclic: 0 | 1, log: number): void;
  /** a [depth][rows] and b [depth][16] → aᵀ·b [rows][16], below 2·prime; 1 to 8 rows, depth at most 4096. */
  nttTile(prime: number, a: Uint32Array, b: Uint32Array, rows: number, out: Uint32Array): void;
  /** 16 lanes, each by itself: x [terms][rows][16] and y [terms][cols][16] → sum of x·y [rows][cols][16]; 1 to 4 rows, at most 4096
   * terms. */
  nttLaneProducts(
    prime: number,
    x: Uint32Array,
    rows: number,
    y: Uint32Array,
    cols: number,
    out: Uint32Array,
  ): void;
}
