/** Small rings with the moduli of the real ones, for tests of layouts only: no security at all. */
import { type ResidentParameters, residentPreset } from '../../inference/crypto/resident/parameters.js';
import {
  type RlweParameters,
  rlweParameters,
  standardPreset,
} from '../../inference/crypto/rlwe/parameters.js';

export const insecureTestPreset = (n: number): RlweParameters =>
  rlweParameters({ ...standardPreset, name: `insecure-test-${n}`, n, securityBits: 0 });

export const insecureResidentPreset: ResidentParameters = {
  ...residentPreset,
  name: 'insecure-resident-test',
  n: 64,
  rank: 2,
  kIn: 4,
  securityBits: 0,
};
