/**
 * Products with a matrix that the client holds encrypted (kernels/src/rlwe/resident.h). `primes` lists the limbs of the modulus
 * and, last, a special prime that is not used. A layout is ten words: n, rank, inputs, outputs, kIn, limbs, downLimbs, ringBits,
 * aBits, bBits. Outputs come in blocks of n / kIn. All are asynchronous and run on threads of their own; their buffers must not
 * change meanwhile. Seeds are 16 bytes; secretSeed of a product must never be used twice.
 */
export interface ResidentKernels {
  /** Blocks first, ..., first + count - 1 of outputs of matrix [inputs, outputs]; the same seeds always give the same bytes. */
  residentEncrypt(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    publicSeed: Uint8Array;
    secretSeed: Uint8Array;
    matrix: Int16Array;
    first: number;
    count: number;
    threads: number;
    out: Uint8Array;
  }): Promise<void>;
  /** The client: encrypts x [rows, inputs] · matrix + mask [rows, outputs]: half a of each row, then blocks of outputs. ready[0] says how many
   * bytes of out are done, from the front. Resolves to the number of residues of `blocks` that are not below their prime; what
   * came of those is never ready. */
  residentMultiply(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    publicSeed: Uint8Array;
    blocks: Uint8Array;
    x: BigUint64Array;
    mask: BigUint64Array;
    rows: number;
    floodBits: number;
    secretSeed: Uint8Array;
    threads: number;
    out: Uint8Array;
    ready: Int32Array;
  }): Promise<number>;
  /** The server: halves a of the rows, transformed [rows · downLimbs · rank · n]. */
  residentHalves(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    bytes: Uint8Array;
    rows: number;
    threads: number;
    halves: Uint32Array;
  }): Promise<void>;
  /** Blocks first, ..., first + count - 1 of x · matrix + mask modulo 2^ringBits, [rows, outputs], from their bytes. noise[0] as in
   * rlweDecryptPacked, of these blocks. */
  residentDecrypt(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    secretSeed: Uint8Array;
    halves: Uint32Array;
    bytes: Uint8Array;
    rows: number;
    first: number;
    count: number;
    threads: number;
    out: BigUint64Array;
    noise: BigUint64Array;
  }): Promise<void>;
}
