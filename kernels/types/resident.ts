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
  /** The client: encrypts x [rows, inputs] · matrix + mask [rows, outputs]. Resolves to the number of residues of `blocks` that
   * are not below their prime; out is undefined unless that is 0. */
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
  }): Promise<number>;
  /** The server: x · matrix + mask modulo 2^ringBits, [rows, outputs]. noise[0] as in rlweDecryptPacked. */
  residentDecrypt(call: {
    primes: Uint32Array;
    layout: Uint32Array;
    secretSeed: Uint8Array;
    bytes: Uint8Array;
    rows: number;
    threads: number;
    out: BigUint64Array;
    noise: BigUint64Array;
  }): Promise<void>;
}
