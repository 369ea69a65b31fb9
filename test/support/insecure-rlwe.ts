/** A small ring with the moduli of the real one, for tests of layouts only: no security at all. */
import {
  type RlweParameters,
  rlweParameters,
  standardPreset,
} from '../../inference/crypto/rlwe/parameters.js';

export const insecureTestPreset = (n: number): RlweParameters =>
  rlweParameters({ ...standardPreset, name: `insecure-test-${n}`, n, securityBits: 0 });
