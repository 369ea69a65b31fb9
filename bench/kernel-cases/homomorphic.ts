/** Homomorphic encryption: transforms, key switching, modular products. */

import { kernels } from '#kernels';
import { Prg } from '../../inference/crypto/prg.js';
import { expandEvaluationKeys, KeyGenerator } from '../../inference/crypto/rlwe/keys.js';
import { standardPreset } from '../../inference/crypto/rlwe/parameters.js';
import { type Bound, type KernelCase, target } from './kernel-case.js';

const { n, primes, modulusChain } = standardPreset;
const PRIME = primes[0]!;

/** Numbers without a pattern below the prime. */
const residues = (count: number, prime = PRIME): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 0) % prime);

const transform = (name: string, run: (x: Uint32Array) => void): KernelCase => ({
  name,
  shape: `degree ${n}, one limb`,
  unit: 'transforms',
  amount: 1,
  bound: target(1 / 8e-6),
  prepare: () => {
    const x = residues(n);
    return () => run(x);
  },
});

/** ct [2, limbs, n] → the same text under another automorphism, under the same key. */
const keySwitch = (limbs: number, bound: Bound): KernelCase => ({
  name: `automorphism with key switch, ${limbs} limbs`,
  shape: `degree ${n}`,
  unit: 'key switches',
  amount: 1,
  bound,
  prepare: () => {
    const generator = new KeyGenerator(standardPreset, Prg.create());
    const { galoisKeys } = expandEvaluationKeys(standardPreset, generator.evaluationKeys());
    const ct = new Uint32Array(2 * limbs * n);
    for (let half = 0; half < 2; half++)
      for (let limb = 0; limb < limbs; limb++) ct.set(residues(n, primes[limb]!), (half * limbs + limb) * n);
    const out = new Uint32Array(ct.length);
    return () => kernels.rlweAutomorphism(modulusChain, n, limbs, galoisKeys, 0, ct, out);
  },
});

const TILE_DEPTH = 4096;
const TILE_ROWS = 8;

export const homomorphicCases = (): KernelCase[] => [
  transform('forward transform', (x) => kernels.nttForward(PRIME, x)),
  transform('inverse transform', (x) => kernels.nttInverse(PRIME, x)),
  keySwitch(4, target(1 / 0.35e-3)),
  keySwitch(2, target(1 / 0.15e-3)),
  {
    name: 'product of 26-bit residues',
    shape: `${TILE_ROWS} x ${TILE_DEPTH} x 16`,
    unit: 'multiply-adds',
    amount: TILE_ROWS * TILE_DEPTH * 16,
    bound: { rate: 27e9, reason: 'one vpmadd52luq for eight of them, one core, measured elsewhere' },
    prepare: () => {
      const a = residues(TILE_DEPTH * TILE_ROWS);
      const b = residues(TILE_DEPTH * 16);
      const out = new Uint32Array(TILE_ROWS * 16);
      return () => kernels.nttTile(PRIME, a, b, TILE_ROWS, out);
    },
  },
];
