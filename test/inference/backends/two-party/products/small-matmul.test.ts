import fc from 'fast-check';
import { expect, it } from 'vitest';
import { uniformWords } from '../../../../../inference/backends/two-party/linear/product-session.js';
import {
  isSmallMatmul,
  smallMatmul,
} from '../../../../../inference/backends/two-party/products/small-matmul.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { both, testParties } from '../../../../support/two-parties.js';

const extent = fc.integer({ min: 0, max: 5 });

it('multiplies small shared matrices exactly', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        batch: extent,
        n: extent,
        k: extent,
        m: extent,
        ringBits: fc.integer({ min: 1, max: 64 }),
      }),
      fc.integer({ min: 1, max: 1 << 30 }),
      async (shape, seed) => {
        const { batch, n, k, m, ringBits } = shape;
        const random = Prg.insecureForTests(seed);
        const words = (count: number) => uniformWords(random, count, ringBits);
        const x = [words(batch * n * k), words(batch * n * k)] as const;
        const y = [words(batch * k * m), words(batch * k * m)] as const;
        const [z0, z1] = await both(testParties(seed), (party) => {
          const at = party.session.self === 'server' ? 0 : 1;
          return smallMatmul(party, x[at], y[at], shape, 'client');
        });
        z0.forEach((word, at) => {
          const [b, i, j] = [Math.floor(at / (n * m)), Math.floor(at / m) % n, at % m];
          let sum = 0n;
          for (let c = 0; c < k; c++) {
            const [left, right] = [(b * n + i) * k + c, (b * k + c) * m + j];
            sum += (x[0][left]! + x[1][left]!) * (y[0][right]! + y[1][right]!);
          }
          expect(BigInt.asUintN(ringBits, word + z1[at]!)).toBe(BigInt.asUintN(ringBits, sum));
        });
      },
    ),
    { numRuns: 40 },
  ));

it('leaves attention of many tokens to ciphertexts', () => {
  expect(isSmallMatmul({ batch: 12, n: 2, k: 64, m: 2 })).toBe(true);
  expect(isSmallMatmul({ batch: 12, n: 8, k: 64, m: 8 })).toBe(false);
});
