import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
/** node:crypto as the reference for the permutation. */
function referenceAes(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(blocks));
}

const FIXED_KEYS = {
  hash: hex('243f6a8885a308d313198a2e03707344'),
  left: hex('a4093822299f31d0082efa98ec4e6c89'),
  right: hex('452821e638d01377be5466cf34e90c6c'),
};

const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]!);

function tweakBlock(low: number, high: number): Uint8Array {
  const block = new Uint8Array(16);
  const view = new DataView(block.buffer);
  view.setBigUint64(0, BigInt(low), true);
  view.setBigUint64(8, BigInt(high), true);
  return block;
}

const TWEAKS_PER_KEY = 2 ** 12;

/** pi(sigma(x) xor i) xor sigma(x), one block; pi is AES under the key of the tweak's stretch. */
function referenceHash(x: Uint8Array, low: number, high = 0): Uint8Array {
  const [left, right] = [x.subarray(0, 8), x.subarray(8)];
  const sigma = new Uint8Array([...xor(left, right), ...left]);
  const key = referenceAes(FIXED_KEYS.hash, tweakBlock(Math.floor(low / TWEAKS_PER_KEY), 0));
  return xor(referenceAes(key, xor(sigma, tweakBlock(low, high))), sigma);
}

const blockAt = (blocks: Uint8Array, i: number) => blocks.subarray(16 * i, 16 * i + 16);
const counts = fc.integer({ min: 0, max: 150 });
/** Near the borders of keys, too. */
const tweaks = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 50 }),
  fc.integer({ min: 1, max: 2 ** 30 }).map((stretch) => stretch * TWEAKS_PER_KEY - 70),
);

describe.each(availableIsas)('prg kernels, $name', ({ isa }) => {
  it('encrypts the example of FIPS 197, appendix C.1', () => {
    const out = new Uint8Array(16);
    const key = hex('000102030405060708090a0b0c0d0e0f');
    withIsa(isa, () => kernels.aesEncrypt(key, hex('00112233445566778899aabbccddeeff'), out));
    expect(Buffer.from(out).toString('hex')).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
  });

  it('encrypts the example of FIPS 197, appendix B', () => {
    const out = new Uint8Array(16);
    const key = hex('2b7e151628aed2a6abf7158809cf4f3c');
    withIsa(isa, () => kernels.aesEncrypt(key, hex('3243f6a8885a308d313198a2e0370734'), out));
    expect(Buffer.from(out).toString('hex')).toBe('3925841d02dc09fbdc118597196a0b32');
  });

  it('encrypts any number of blocks as node:crypto does, also in place', () => {
    fc.assert(
      fc.property(counts, (count) => {
        const [key, blocks] = [randomBytes(16), new Uint8Array(randomBytes(16 * count))];
        const expected = referenceAes(key, blocks);
        withIsa(isa, () => kernels.aesEncrypt(key, blocks, blocks));
        expect(blocks).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('fills with AES of a little-endian counter, any length and offset', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2000 }), tweaks, (length, first) => {
        const seed = randomBytes(16);
        const out = new Uint8Array(length + 1).subarray(1); // not aligned
        withIsa(isa, () => kernels.prgFill(seed, first, out));
        const blocks = Math.ceil(length / 16);
        const counters = Buffer.concat(Array.from({ length: blocks }, (_, j) => tweakBlock(first + j, 0)));
        expect(out).toEqual(referenceAes(seed, counters).subarray(0, length));
      }),
      { numRuns: 50 },
    );
  });

  it('hashes as the definition says', () => {
    fc.assert(
      fc.property(counts, tweaks, (count, tweak) => {
        const blocks = new Uint8Array(randomBytes(16 * count));
        const out = new Uint8Array(16 * count);
        withIsa(isa, () => kernels.hashBlocks(blocks, tweak, out));
        for (let i = 0; i < count; i++) {
          expect(blockAt(out, i)).toEqual(referenceHash(blockAt(blocks, i), tweak + i));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('hashes both pads of a sender', () => {
    fc.assert(
      fc.property(counts, tweaks, (count, tweak) => {
        const [blocks, delta] = [new Uint8Array(randomBytes(16 * count)), randomBytes(16)];
        const shifted = blocks.map((byte, j) => byte ^ delta[j % 16]!);
        const [zeros, ones] = [blocks.slice(), new Uint8Array(16 * count)];
        const [expectedZeros, expectedOnes] = [new Uint8Array(16 * count), new Uint8Array(16 * count)];
        withIsa(isa, () => {
          kernels.hashPairs(zeros, delta, tweak, zeros, ones);
          kernels.hashBlocks(blocks, tweak, expectedZeros);
          kernels.hashBlocks(shifted, tweak, expectedOnes);
        });
        expect(zeros).toEqual(expectedZeros);
        expect(ones).toEqual(expectedOnes);
      }),
      { numRuns: 30 },
    );
  });

  it('expands seeds into rows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 70 }),
        tweaks,
        (count, per, tweak) => {
          const seeds = new Uint8Array(randomBytes(16 * count));
          const out = new Uint8Array(16 * count * per);
          withIsa(isa, () => kernels.expandBlocks(seeds, tweak, per, out));
          for (let i = 0; i < count; i++) {
            for (let j = 0; j < per; j++) {
              expect(blockAt(out, i * per + j)).toEqual(referenceHash(blockAt(seeds, i), tweak + i, j));
            }
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('doubles GGM levels, also in place', () => {
    fc.assert(
      fc.property(counts, (count) => {
        const parents = new Uint8Array(randomBytes(16 * count));
        const apart = new Uint8Array(32 * count);
        const memory = new Uint8Array(32 * count);
        memory.set(parents);
        withIsa(isa, () => {
          kernels.ggmDouble(parents, apart);
          kernels.ggmDouble(memory.subarray(0, 16 * count), memory);
        });
        const left = xor(referenceAes(FIXED_KEYS.left, parents), parents);
        const right = xor(referenceAes(FIXED_KEYS.right, parents), parents);
        for (let i = 0; i < count; i++) {
          expect(blockAt(apart, 2 * i)).toEqual(blockAt(left, i));
          expect(blockAt(apart, 2 * i + 1)).toEqual(blockAt(right, i));
        }
        expect(memory).toEqual(apart);
      }),
      { numRuns: 30 },
    );
  });
});

describe('prg kernels', () => {
  it('rejects wrong types and lengths', () => {
    const block = new Uint8Array(16);
    expect(() => kernels.prgFill(new Uint8Array(15), 0, block)).toThrow(/expected length 16, got 15/);
    expect(() => kernels.prgFill(block, -1, block)).toThrow(RangeError);
    expect(() => kernels.hashBlocks(new Uint8Array(17), 0, new Uint8Array(17))).toThrow(/whole blocks/);
    expect(() => kernels.hashBlocks(new Float64Array(2) as unknown as Uint8Array, 0, block)).toThrow(
      TypeError,
    );
    const memory = new Uint8Array(40);
    expect(() => kernels.hashBlocks(memory.subarray(0, 32), 0, memory.subarray(8))).toThrow(/apart/);
  });
});
