/** Homomorphic encryption: transforms, packing, modular products. */

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

/** kIn ciphertexts [2, limbs, n] into one. */
const packing = (limbs: number, kIn: number, bound: Bound): KernelCase => ({
  name: `packing by ${kIn}, ${limbs} limbs`,
  shape: `degree ${n}`,
  unit: 'key switches',
  amount: kIn,
  bound,
  prepare: () => {
    const generator = new KeyGenerator(standardPreset, Prg.create());
    const keys = expandEvaluationKeys(standardPreset, generator.evaluationKeys()).packing.of(kIn);
    const products = new Uint32Array(kIn * 2 * limbs * n);
    for (let row = 0; row < kIn * 2 * limbs; row++) products.set(residues(n, primes[row % limbs]!), row * n);
    const out = new Uint32Array(2 * limbs * n);
    return () => kernels.rlwePack(modulusChain, n, limbs, kIn, keys, products, out);
  },
});

const TILE_DEPTH = 4096;
const TILE_ROWS = 8;

export const homomorphicCases = (): KernelCase[] => [
  transform('forward transform', (x) => kernels.nttForward(PRIME, x)),
  transform('inverse transform', (x) => kernels.nttInverse(PRIME, x)),
  packing(4, 16, target(1 / 0.15e-3)),
  packing(2, 64, target(1 / 0.1e-3)),
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
