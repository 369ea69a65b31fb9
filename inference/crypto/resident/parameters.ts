/**
 * Parameters of weights that stay at the client (kernels/src/rlwe/resident.h): module learning with errors of dimension
 * rank · n over Z_Q[X]/(X^n + 1), Q a product of 26-bit primes. Secrets are uniform in {-1, 0, 1}, errors centred binomial of 21
 * bits (variance 10.5), as in the rest of the linear layers.
 */
import { standardPreset } from '../rlwe/parameters.js';

export interface ResidentParameters {
  readonly name: string;
  readonly n: number;
  readonly rank: number;
  /** Features of an input block; blocks of outputs have n / kIn. */
  readonly kIn: number;
  /** The modulus; its last entries are primes that the kernels' context asks for and nothing here uses. */
  readonly modulusChain: Uint32Array;
  readonly limbs: number;
  readonly securityBits: number;
}

/**
 * 128 bits. The homomorphic encryption standard (Albrecht et al., 2018, table 1: ternary secret, width 3.2) allows moduli of 109 bits
 * in dimension 4096 and 218 in 8192: in proportion to the dimension, as everywhere in its table, so 136 in dimension
 * 5 · 1024. This modulus has 130 (docs/reference/security-parameters.md). The structure of modules of rank 5 is that of Kyber (rank
 * 2 to 4): no attack on it is known that does better than on learning with errors of the same dimension.
 */
export const residentPreset: ResidentParameters = {
  name: 'mlwe-5x1024-130',
  n: 1024,
  rank: 5,
  kIn: 32,
  modulusChain: standardPreset.modulusChain,
  limbs: standardPreset.primes.length,
  securityBits: 128,
};

export const modulusBits = ({ modulusChain, limbs }: ResidentParameters): number =>
  modulusChain.subarray(0, limbs).reduce((bits, p) => bits + Math.log2(p), 0);
