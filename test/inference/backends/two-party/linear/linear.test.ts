import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HomomorphicLinear, setupLinear } from '../../../../../inference/backends/two-party/linear/linear.js';
import { uniformWords } from '../../../../../inference/backends/two-party/linear/product-session.js';
import { type CrossTerm, crossTerms } from '../../../../../inference/backends/two-party/products/matmul.js';
import type { PartyContext } from '../../../../../inference/backends/two-party/context/party-context.js';
import { concatBytes } from '../../../../../inference/core/bytes.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { evaluationKeyBytes } from '../../../../../inference/crypto/rlwe/keys.js';
import { noiseBudget } from '../../../../../inference/crypto/rlwe/noise-budget.js';
import { defaultCostModel, Layouts } from '../../../../../inference/crypto/rlwe/packed-layout.js';
import { rowMajor } from '../../../../../inference/crypto/rlwe/packed-product.js';
import { standardPreset } from '../../../../../inference/crypto/rlwe/parameters.js';
import { columnNormBits } from '../../../../../model/artifact/column-norm.js';
import { insecureTestPreset } from '../../../../support/insecure-rlwe.js';
import { SUITES } from '../../../../../inference/core/suite.js';
import { availableIsas, withIsaAsync } from '../../../../support/isa.js';
import { testParties } from '../../../../support/two-parties.js';
import { mod, type Pair, pairOf, randomWeights, runLinear, runMatmul, sourceOf } from './linear-pair.js';

describe('weights with few large columns', () => {
  it('multiply exactly under the budget of their norm', async () => {
    const { server, client } = await pairOf(standardPreset, 3);
    const shape = { rows: 3, inputs: 40, outputs: 6, ringBits: 37, weightBits: 16 };
    const matrix = randomWeights(Prg.insecureForTests(5), 240, 6).map((value, i) =>
      i === 8 ? 32_512 : i === 14 ? -32_512 : value,
    );
    const words = [6, 7].map((seed) => uniformWords(Prg.insecureForTests(seed), 120, 37));
    const run = async (party: HomomorphicLinear, data: BigUint64Array, own: Int16Array | null) => {
      const w = await party.prepare({ ...sourceOf(shape, own, null), normBits: columnNormBits(matrix, 6) });
      return party.linear({ rows: 3, ringBits: 37, data }, w, 2);
    };
    const [y0, y1] = await Promise.all([run(server, words[0]!, matrix), run(client, words[1]!, null)]);
    y0.forEach((word, at) => {
      const [i, o] = [Math.floor(at / 6), at % 6];
      let sum = 0n;
      for (let c = 0; c < 40; c++)
        sum += (words[0]![i * 40 + c]! + words[1]![i * 40 + c]!) * BigInt(matrix[c * 6 + o]!);
      expect(mod(word + y1[at]!, 37)).toBe(mod(sum, 37));
    });
  });
});

describe('linear layers in small rings', () => {
  let pairs: Pair[];
  beforeAll(async () => {
    pairs = await Promise.all(
      SUITES.flatMap((suite) => [64, 256, 512].map((n) => pairOf(insecureTestPreset(n), n, { suite }))),
    );
  });

  it('are exact on random shapes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          ring: fc.integer({ min: 0, max: 5 }),
          threads: fc.integer({ min: 1, max: 3 }),
          rows: fc.integer({ min: 1, max: 40 }),
          inputs: fc.integer({ min: 1, max: 70 }),
          outputs: fc.integer({ min: 1, max: 70 }),
          ringBits: fc.integer({ min: 2, max: 44 }),
          weightBits: fc.integer({ min: 2, max: 16 }),
          seed: fc.integer({ min: 1, max: 1 << 30 }),
          isa: fc.constantFrom(...availableIsas.map(({ isa }) => isa)),
        }),
        ({ ring, isa, seed, ...shape }) =>
          withIsaAsync(isa, async () => {
            const { got, expected } = await runLinear(pairs[ring]!, shape, seed);
            expect(got).toEqual(expected);
          }),
      ),
      { numRuns: 60 },
    ));

  it.each([true, false])(
    'multiply shared matrices exactly, both parties or the server alone: %s',
    async (mutual) => {
      const pair = await pairOf(insecureTestPreset(256), 5, { mutual });
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            batch: fc.integer({ min: 1, max: 5 }),
            n: fc.integer({ min: 1, max: 20 }),
            k: fc.integer({ min: 1, max: 20 }),
            m: fc.integer({ min: 1, max: 20 }),
            ringBits: fc.integer({ min: 2, max: 32 }),
          }),
          fc.integer({ min: 1, max: 1 << 30 }),
          async (shape, seed) => {
            const { got, expected } = await runMatmul(pair, shape, seed);
            expect(got).toEqual(expected);
          },
        ),
        { numRuns: 20 },
      );
    },
  );
});

describe('linear layers with the standard preset', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await pairOf(standardPreset, 7, { threads: 2 });
  });

  it.each([
    { rows: 1, inputs: 48, outputs: 30, ringBits: 37, weightBits: 16 },
    { rows: 2, inputs: 33, outputs: 70, ringBits: 37, weightBits: 8 },
    { rows: 5, inputs: 96, outputs: 40, ringBits: 37, weightBits: 16 },
    { rows: 8, inputs: 64, outputs: 2, ringBits: 44, weightBits: 12 },
    { rows: 16, inputs: 40, outputs: 50, ringBits: 37, weightBits: 16 },
    { rows: 128, inputs: 40, outputs: 36, ringBits: 37, weightBits: 16 },
  ])('are exact: $rows rows, $inputs to $outputs', async (shape) => {
    const { got, expected } = await runLinear(pair, shape, shape.rows);
    expect(got).toEqual(expected);
  });

  it('multiplies and packs slice by slice where all products at once would be too many', async () => {
    // Bytes that count much ask for many small products: 125 here, of which 96 are the first slice.
    const cost = { ...defaultCostModel, bytesPerMillisecond: 2000 };
    const parties = await pairOf(standardPreset, 8, { cost, threads: 1 });
    const shape = { rows: 50, inputs: 24, outputs: 1000, ringBits: 37, weightBits: 12 };
    const { got, expected } = await runLinear(parties, shape, 9);
    expect(got).toEqual(expected);
  });

  it('keeps the noise within the budget, and floods as much as it says', async () => {
    const shape = { rows: 16, inputs: 256, outputs: 64, ringBits: 37, weightBits: 16 };
    const fresh = await pairOf(standardPreset, 8, { threads: 2 });
    await runLinear(fresh, shape, 3);
    const { role, layouts } = fresh.client.parts.products;
    const layout = layouts.of({ ...shape, batch: 1 });
    if (role.party !== 'client') throw new Error('expected the client');
    expect(role.decryptor.worstNoiseBits).toBeLessThan(layout.budget.relativeNoiseBits);
    // Halves that are sent back whole show the flooding, which rounding them hides.
    const { limbs, downLimbs, aBits } = layout.budget;
    expect(aBits).toBeGreaterThan(0);
    const budget = noiseBudget(standardPreset, layout, limbs, downLimbs);
    class Whole extends Layouts {
      override of() {
        return { ...layout, budget };
      }
    }
    const withLayout = ({ parts }: HomomorphicLinear) => ({
      ...parts,
      products: { ...parts.products, layouts: new Whole(standardPreset, defaultCostModel) },
    });
    const sides = await pairOf(standardPreset, 8, { threads: 2 });
    const flooded = {
      server: new HomomorphicLinear(withLayout(sides.server)),
      client: new HomomorphicLinear(withLayout(sides.client)),
    };
    const { got, expected } = await runLinear(flooded, shape, 3);
    expect(got).toEqual(expected);
    const { role: other } = sides.client.parts.products;
    if (other.party !== 'client') throw new Error('expected the client');
    // 1024 uniform values come close to their largest; without flooding only 2^-47 of the modulus would be left.
    expect(other.decryptor.worstNoiseBits).toBeLessThan(budget.relativeNoiseBits);
    expect(other.decryptor.worstNoiseBits).toBeGreaterThan(budget.relativeNoiseBits - 1);
  });

  it.each(['server', 'client'] as const)(
    'refuse rows of shared matrices with residues that are not below their primes, at the %s',
    async (self) => {
      const parties = testParties(10);
      const peer = parties[self === 'server' ? 'client' : 'server'];
      const words = new BigUint64Array(8).fill(1n);
      const run = async ({ session }: PartyContext) => {
        const linear = await setupLinear(session);
        if (session === peer.session) session.channel.send = (bytes) => send(bytes.fill(0xff));
        return linear.matmul(words, words, { batch: 1, n: 2, k: 4, m: 2, ringBits: 20 });
      };
      const { send } = peer.session.channel;
      run(peer).catch(() => undefined);
      await expect(run(parties[self])).rejects.toThrow(
        /^encrypted rows: expected residues below their primes/,
      );
      await peer.session.channel.close();
    },
  );

  it('keep the noise of both parties within the budget, and flood as much as it says', async () => {
    const shape = { batch: 2, n: 16, k: 64, m: 16, ringBits: 20 };
    const { server, client } = await pairOf(standardPreset, 8, { threads: 2 });
    await runMatmul({ server, client }, shape, 3);
    const [{ layout }] = crossTerms(client.parts.products.layouts, shape, true) as [CrossTerm];
    for (const { parts } of [server, client]) {
      const { worstNoiseBits } = parts.products.role.decryptor!;
      expect(worstNoiseBits).toBeLessThan(layout.budget.relativeNoiseBits);
      // Without flooding nothing would come near.
      expect(worstNoiseBits).toBeGreaterThan(layout.budget.relativeNoiseBits - 3);
    }
  });

  it('hides the product: both shares are uniform whatever the inputs', async () => {
    const shape = { rows: 64, inputs: 8, outputs: 64, ringBits: 37, weightBits: 8 };
    const { y0, y1 } = await runLinear(pair, shape, 5);
    for (const share of [y0, y1]) {
      for (let bit = 0; bit < 37; bit++) {
        const ones = share.filter((word) => (word >> BigInt(bit)) & 1n).length;
        expect(Math.abs(ones - share.length / 2)).toBeLessThan(3 * Math.sqrt(share.length));
      }
    }
  });

  it.each([
    { batch: 2, n: 16, k: 32, m: 16, ringBits: 20 },
    { batch: 3, n: 1, k: 16, m: 8, ringBits: 32 },
    { batch: 2, n: 64, k: 8, m: 20, ringBits: 26 },
  ])('multiplies shared matrices exactly: $batch x [$n, $k] · [$k, $m]', async (shape) => {
    const { got, expected } = await runMatmul(pair, shape, shape.n);
    expect(got).toEqual(expected);
  });

  it('sends a whole answer in pieces, and reports what sending throws', async () => {
    const [evaluating, encrypting] = [pair.server.parts.products, pair.client.parts.products.role];
    const { role, layouts } = evaluating;
    if (role.party !== 'server' || encrypting.party !== 'client') throw new Error('expected both roles');
    const layout = layouts.of({ batch: 1, rows: 4, inputs: 8, outputs: 8, ringBits: 37, weightBits: 16 });
    const words = { data: new BigUint64Array(32).fill(3n), strides: rowMajor(4, 8) };
    const message = await encrypting.encryptor.encrypt(layout, words);
    const weights = { data: new Int16Array(64).fill(5), bits: 16, strides: rowMajor(8, 8) };
    const pieces: Uint8Array[] = [];
    const product = role.evaluator.begin(layout, weights, (piece) => pieces.push(piece));
    await product.answer(Promise.resolve(message), words);
    const share = { data: new BigUint64Array(32), strides: rowMajor(4, 8) };
    await encrypting.decryptor.decrypt(layout, concatBytes(...pieces), share);
    expect(share.data).toEqual(new BigUint64Array(32).fill(8n * 15n - 3n));
    const broken = role.evaluator.begin(layout, weights, () => {
      throw new Error('the line is closed');
    });
    await expect(broken.answer(Promise.resolve(message), words)).rejects.toThrow('the line is closed');
  });

  it.each(['server', 'client'] as const)(
    'refuse keys whose residues are not below their primes, at the %s',
    async (self) => {
      const parties = testParties(9);
      const peer = self === 'server' ? 'client' : 'server';
      parties[peer].session.channel.send(new Uint8Array(evaluationKeyBytes(standardPreset)).fill(0xff));
      await expect(setupLinear(parties[self].session)).rejects.toThrow(
        /evaluation keys: expected residues below/,
      );
    },
  );

  it('give each party a key of its own', async () => {
    const [ofServer, ofClient] = [pair.server, pair.client].map(({ parts }) => parts.products.role);
    expect(ofServer!.encryptor!.secretKey.data).not.toEqual(ofClient!.encryptor!.secretKey.data);
    expect(ofServer!.evaluator!.keys.publicKey).not.toEqual(ofClient!.evaluator!.keys.publicKey);
  });

  it('refuses a matrix at the client', async () => {
    const shape = { rows: 1, inputs: 2, outputs: 2, ringBits: 37, weightBits: 8 };
    await expect(pair.client.prepare(sourceOf(shape, new Int16Array(4), null))).rejects.toThrow(
      /server only/,
    );
    await expect(pair.server.prepare(sourceOf(shape, new Int16Array(3), null))).rejects.toThrow(/4 entries/);
  });
});
