import type { SuiteCode } from './prg.js';

/**
 * RLWE with packed products (kernels/src/rlwe). `primes` lists the five limbs of the modulus and, last, the three special primes. A
 * layout is thirteen words: n, batch, rows, tokens, inputs, outputs, kIn, kOut, limbs, downLimbs, ringBits, aBits, bBits. Strides are the
 * distances of neighbours along [batch, row, column] in words. Seeds are 16 bytes; a seed must never be used twice, except
 * that both parties expand the same public one. Asynchronous functions run on threads of their own; their buffers must not
 * change meanwhile. `invalid` counts received residues that are not below their prime.
 */
export interface RlweKernels {
  /** Uniform in -1, 0, 1. out [n]. */
  rlweSecret(seed: Uint8Array, out: Int32Array, suite?: SuiteCode): void;
  /** out: limbs · n residues of 26 bits, packed by limb. */
  rlwePublicKey(
    primes: Uint32Array,
    secret: Int32Array,
    publicSeed: Uint8Array,
    errorSeed: Uint8Array,
    out: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** out [2, limbs, n]. Returns `invalid`. */
  rlweExpandPublicKey(
    primes: Uint32Array,
    n: number,
    publicSeed: Uint8Array,
    bytes: Uint8Array,
    out: Uint32Array,
    suite?: SuiteCode,
  ): number;
  /** For packing by kIn, a power of two: out kIn · 8 · n residues. */
  rlwePackingKeys(
    primes: Uint32Array,
    secret: Int32Array,
    kIn: number,
    publicSeed: Uint8Array,
    errorSeed: Uint8Array,
    out: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** out [8, 2, kIn, n]. Returns `invalid`. */
  rlweExpandPackingKeys(
    primes: Uint32Array,
    n: number,
    kIn: number,
    publicSeed: Uint8Array,
    bytes: Uint8Array,
    out: Uint32Array,
    suite?: SuiteCode,
  ): number;
  /** Keys for kIn, expanded → those for kIn / 2. */
  rlweHalvePackingKeys(
    primes: Uint32Array,
    n: number,
    kIn: number,
    keys: Uint32Array,
    out: Uint32Array,
  ): void;
  /** products [kIn, 2, limbs, n] (half b, half a), at most four limbs → [2, limbs, n]: coefficient kIn·m + kIn - 1 of the t-th product's phase at
   * kIn·m + t. */
  rlwePack(
    primes: Uint32Array,
    n: number,
    limbs: number,
    kIn: number,
    keys: Uint32Array,
    products: Uint32Array,
    out: Uint32Array,
  ): void;
  /** x: the client's share [batch, rows, inputs]; out: the b halves. */
  rlweEncryptPacked(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    secret: Int32Array;
    x: BigUint64Array;
    strides: Uint32Array;
    publicSeed: Uint8Array;
    errorSeed: Uint8Array;
    suite?: SuiteCode;
    threads: number;
    out: Uint8Array;
  }): Promise<void>;
  /** weights [batch, inputs, outputs]: 16-bit integers, or words modulo 2^weightBits read as signed. An answer is half a of all
   * groups, then half b. They are made in one call, or half a before inputs and mask are there (both may be empty) and half b under the same
   * seeds later: the same bits. Resolves to `invalid`; out is undefined unless that is 0. */
  rlweEvaluatePacked(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    /** Both, half a, half b. */
    halves: 0 | 1 | 2;
    /** Of halves made apart, which half a writes and half b reads: [groups, packed limbs, n]; else empty. */
    kept: Uint32Array;
    publicKey: Uint32Array;
    /** For the layout's kIn; empty for 1. */
    packingKeys: Uint32Array;
    /** For the last group, which is packed by no more than it takes. */
    lastPackingKeys: Uint32Array;
    inputs: Uint8Array;
    publicSeed: Uint8Array;
    weights: Int16Array | BigUint64Array;
    weightBits: number;
    weightStrides: Uint32Array;
    mask: BigUint64Array;
    maskStrides: Uint32Array;
    floodBits: number;
    secretSeed: Uint8Array;
    suite?: SuiteCode;
    threads: number;
    out: Uint8Array;
    /** [1]: so many bytes of `out` are ready, from the front, while the job runs. */
    ready: Int32Array;
  }): Promise<number>;
  /** out [batch, rows, outputs]. Resolves to `invalid`; noise[0] is the largest distance of a phase from what it was
   * rounded to, in units of 2^-64 of the modulus. */
  rlweDecryptPacked(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    secret: Int32Array;
    bytes: Uint8Array;
    threads: number;
    out: BigUint64Array;
    strides: Uint32Array;
    noise: BigUint64Array;
  }): Promise<number>;
}
