import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { Prg } from '../../../../inference/crypto/prg.js';
import { packingDeviation } from '../../../../inference/crypto/rlwe/noise-budget.js';
import { type RlweParameters, standardPreset } from '../../../../inference/crypto/rlwe/parameters.js';
import { insecureKeys, insecureTestPreset } from '../../../support/insecure-rlwe.js';
import { availableIsas, withIsa } from '../../../support/isa.js';

/** b + a·s by limb, as residues. */
function phase(
  parameters: RlweParameters,
  limbs: number,
  secret: Int32Array,
  ct: Uint32Array,
): Uint32Array[] {
  const { n, primes } = parameters;
  return primes.slice(0, limbs).map((p, l) => {
    const a = ct.slice((limbs + l) * n, (limbs + l + 1) * n);
    const s = Uint32Array.from(secret, (x) => (x + p) % p);
    const product = new Uint32Array(n);
    kernels.nttForward(p, a);
    kernels.nttForward(p, s);
    kernels.nttMultiply(p, a, s, product);
    kernels.nttInverse(p, product);
    return product.map((x, i) => (x + ct[l * n + i]!) % p);
  });
}

const centred = (x: number, p: number): number => (x > p / 2 ? x - p : x);

/** [rows] of n residues, the l-th modulo the primes in turn. */
function randomResidues({ n, primes }: RlweParameters, limbs: number, rows: number): Uint32Array {
  const words = new Uint32Array(Prg.insecureForTests(limbs).bytes(4 * rows * n).buffer);
  return words.map((word, i) => word % primes[Math.floor(i / n) % limbs]!);
}

describe.each([
  { parameters: insecureTestPreset(256), name: 'n = 256', kIns: [2, 4, 16, 64] },
  { parameters: standardPreset, name: 'n = 8192', kIns: [2, 16, 64] },
])('packing, $name', ({ parameters, kIns }) => {
  const { generator, keys } = insecureKeys(parameters, 1);
  const { n, primes, modulusChain } = parameters;
  const secret = generator.secretKey.data;

  it.each(availableIsas)('interleaves wanted coefficients, but for small noise ($name)', ({ isa }) =>
    withIsa(isa, () => {
      for (const kIn of kIns)
        for (const limbs of kIn === 4 ? [1, 2, 3, 4] : [kIn === 64 ? 2 : 4]) {
          const products = randomResidues(parameters, limbs, kIn * 2 * limbs);
          const out = new Uint32Array(2 * limbs * n);
          kernels.rlwePack(modulusChain, n, limbs, kIn, keys.packing.of(kIn), products, out);
          const after = phase(parameters, limbs, secret, out);
          for (let t = 0; t < kIn; t++) {
            const product = products.subarray(t * 2 * limbs * n, (t + 1) * 2 * limbs * n);
            const before = phase(parameters, limbs, secret, product);
            for (let l = 0; l < limbs; l++) {
              const p = primes[l]!;
              let worst = 0;
              for (let at = 0; at < n; at += kIn) {
                const noise = (after[l]![at + t]! - before[l]![at + kIn - 1]! + p) % p;
                worst = Math.max(worst, Math.abs(centred(noise, p)));
              }
              expect(worst).toBeLessThan(8 * packingDeviation(parameters, limbs));
              expect(worst).toBeGreaterThan(0);
            }
          }
        }
    }),
  );

  it('has the noise that the budget says', () => {
    const [kIn, limbs] = [kIns.at(-1)!, 4];
    const products = randomResidues(parameters, limbs, kIn * 2 * limbs);
    const out = new Uint32Array(2 * limbs * n);
    kernels.rlwePack(modulusChain, n, limbs, kIn, keys.packing.of(kIn), products, out);
    const [p] = primes as [number];
    const [after] = phase(parameters, limbs, secret, out) as [Uint32Array];
    let squares = 0;
    for (let t = 0; t < kIn; t++) {
      const product = products.subarray(t * 2 * limbs * n, (t + 1) * 2 * limbs * n);
      const [before] = phase(parameters, limbs, secret, product) as [Uint32Array];
      for (let at = 0; at < n; at += kIn)
        squares += centred((after[at + t]! - before[at + kIn - 1]! + p) % p, p) ** 2;
    }
    // n samples: a deviation is known to within some n^-1/2.
    const ratio = Math.sqrt(squares / n) / packingDeviation(parameters, limbs);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.2);
  });

  it('uses a ternary secret', () => {
    const counts = [-1, 0, 1].map((value) => secret.filter((x) => x === value).length);
    expect(counts.reduce((a, b) => a + b)).toBe(n);
    for (const count of counts) expect(Math.abs(count - n / 3)).toBeLessThan(6 * Math.sqrt((n * 2) / 9));
  });
});
