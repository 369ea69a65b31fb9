import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { chaChaBlock, chaChaStream } from '../support/chacha.js';
import { availableIsas, withIsa } from '../support/isa.js';

const CHACHA = 1;
const CHILDREN = new DataView(new TextEncoder().encode('children').buffer).getBigUint64(0, true);
const random = (length: number) => new Uint8Array(randomBytes(length));
const blockAt = (blocks: Uint8Array, i: number) => blocks.subarray(16 * i, 16 * i + 16);
const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]!);
const joined = (parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const counts = fc.integer({ min: 0, max: 70 });
const tweaks = fc.integer({ min: 0, max: 2 ** 50 });
const runs = { numRuns: 40 };

describe('the reference of ChaCha8', () => {
  it('gives the published stream of the zero key (draft-strombergson-chacha-test-vectors, TC1, 8 rounds, 128 bits)', () => {
    expect(Buffer.from(chaChaBlock(new Uint8Array(16), 0n, 0n)).toString('hex')).toBe(
      'e28a5fa4a67f8c5defed3e6fb7303486aa8427d31419a729572d777953491120b64ab8e72b8deb85cd6aea7cb6089a101824beeb08814a428aab1fa2c816081b',
    );
  });
});

describe.each(availableIsas)('kernels of the suite chacha, $name', ({ isa }) => {
  it('fill with the stream of a seed, from any block on, any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2500 }), fc.integer({ min: 0, max: 70 }), (length, first) => {
        const seed = random(16);
        const out = new Uint8Array(length + 1).subarray(1); // not aligned
        withIsa(isa, () => kernels.prgFill(seed, first, out, CHACHA));
        expect(out).toEqual(chaChaStream(seed, 0n, 16 * first + length).subarray(16 * first));
      }),
      runs,
    );
  });

  it('count blocks beyond 2^32', () => {
    const [seed, out] = [random(16), new Uint8Array(128)];
    withIsa(isa, () => kernels.prgFill(seed, 4 * (2 ** 32 - 1), out, CHACHA));
    expect(out).toEqual(joined([chaChaBlock(seed, 2n ** 32n - 1n, 0n), chaChaBlock(seed, 2n ** 32n, 0n)]));
  });

  it('hash blocks, also in place, and pairs that differ by delta', () => {
    fc.assert(
      fc.property(counts, tweaks, (count, tweak) => {
        const [blocks, delta] = [random(16 * count), random(16)];
        const hashed = (x: (i: number) => Uint8Array) =>
          joined(
            Array.from({ length: count }, (_, i) => chaChaBlock(x(i), 0n, BigInt(tweak + i)).subarray(0, 16)),
          );
        const zeros = hashed((i) => blockAt(blocks, i));
        const ones = hashed((i) => xor(blockAt(blocks, i), delta));
        const second = new Uint8Array(16 * count);
        const inPlace = blocks.slice();
        withIsa(isa, () => {
          kernels.hashPairs(inPlace, delta, tweak, inPlace, second, CHACHA);
          kernels.hashBlocks(blocks, tweak, blocks, CHACHA);
        });
        expect([blocks, inPlace, second]).toEqual([zeros, zeros, ones]);
      }),
      runs,
    );
  });

  it('expand blocks to rows whose first block is the hash', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 11 }),
        tweaks,
        (count, each, tweak) => {
          const [seeds, out] = [random(16 * count), new Uint8Array(16 * count * each)];
          withIsa(isa, () => kernels.expandBlocks(seeds, tweak, each, out, CHACHA));
          const rows = Array.from({ length: count }, (_, i) =>
            chaChaStream(blockAt(seeds, i), BigInt(tweak + i), 16 * each),
          );
          expect(out).toEqual(joined(rows));
        },
      ),
      runs,
    );
  });

  it('double the nodes of trees, also in place', () => {
    fc.assert(
      fc.property(counts, (count) => {
        const nodes = new Uint8Array(32 * count);
        const parents = random(16 * count);
        nodes.set(parents);
        withIsa(isa, () => kernels.ggmDouble(nodes.subarray(0, 16 * count), nodes, CHACHA));
        const expected = Array.from({ length: count }, (_, i) =>
          chaChaStream(blockAt(parents, i), CHILDREN, 32),
        );
        expect(nodes).toEqual(joined(expected));
      }),
      runs,
    );
  });
});
