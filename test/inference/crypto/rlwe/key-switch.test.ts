import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { Prg } from '../../../../inference/crypto/prg.js';
import { expandEvaluationKeys, KeyGenerator } from '../../../../inference/crypto/rlwe/keys.js';
import { keySwitchDeviation } from '../../../../inference/crypto/rlwe/noise-budget.js';
import { type RlweParameters, standardPreset } from '../../../../inference/crypto/rlwe/parameters.js';
import { insecureTestPreset } from '../../../support/insecure-rlwe.js';
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

/** x(X^g) by definition. */
function substituted(x: Uint32Array, g: number, p: number): Uint32Array {
  const n = x.length;
  const out = new Uint32Array(n);
  x.forEach((value, e) => {
    const to = (e * g) % (2 * n);
    out[to % n] = to < n ? value : (p - value) % p;
  });
  return out;
}

const centred = (x: number, p: number): number => (x > p / 2 ? x - p : x);

describe.each([
  { parameters: insecureTestPreset(256), name: 'n = 256' },
  { parameters: standardPreset, name: 'n = 8192' },
])('automorphism with key switch, $name', ({ parameters }) => {
  const generator = new KeyGenerator(parameters, Prg.insecureForTests(1));
  const keys = expandEvaluationKeys(parameters, generator.evaluationKeys());
  const { n, primes, modulusChain } = parameters;
  const secret = generator.secretKey.data;

  it.each(availableIsas)('is the substitution of the phase, but for small noise ($name)', ({ isa }) =>
    withIsa(isa, () => {
      for (const limbs of [2, 4, 5]) {
        const random = new Uint32Array(Prg.insecureForTests(limbs).bytes(8 * limbs * n).buffer);
        const ct = random.map((word, i) => word % primes[Math.floor(i / n) % limbs]!);
        for (const logStep of [0, 2, 3, 5, 6]) {
          const out = new Uint32Array(ct.length);
          kernels.rlweAutomorphism(modulusChain, n, limbs, keys.galoisKeys, logStep, ct, out);
          const before = phase(parameters, limbs, secret, ct);
          const after = phase(parameters, limbs, secret, out);
          for (let l = 0; l < limbs; l++) {
            const p = primes[l]!;
            const expected = substituted(before[l]!, 1 + n / 2 ** logStep, p);
            let worst = 0;
            after[l]!.forEach((value, i) => {
              worst = Math.max(worst, Math.abs(centred((value - expected[i]! + p) % p, p)));
            });
            expect(worst).toBeLessThan(8 * keySwitchDeviation(parameters, limbs));
            expect(worst).toBeGreaterThan(0);
          }
        }
      }
    }),
  );

  it('uses a ternary secret', () => {
    const counts = [-1, 0, 1].map((value) => secret.filter((x) => x === value).length);
    expect(counts.reduce((a, b) => a + b)).toBe(n);
    for (const count of counts) expect(Math.abs(count - n / 3)).toBeLessThan(6 * Math.sqrt((n * 2) / 9));
  });
});
