/** Small rings with the moduli of the real ones, for tests of layouts only: no security at all. */
import { type ResidentParameters, residentPreset } from '../../inference/crypto/resident/parameters.js';
import { Prg } from '../../inference/crypto/prg.js';
import { expandEvaluationKeys, KeyGenerator } from '../../inference/crypto/rlwe/keys.js';
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

/** Both parties' keys of one connection, and the generator behind them, which goes on. */
export function insecureKeys(parameters: RlweParameters, seed: number) {
  const random = Prg.insecureForTests(seed);
  const generator = new KeyGenerator(parameters, random);
  return { random, generator, keys: expandEvaluationKeys(parameters, generator.evaluationKeys()) };
}
