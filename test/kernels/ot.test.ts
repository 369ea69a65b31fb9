import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { chaChaBlock } from '../support/chacha.js';
import { availableIsas, withIsa } from '../support/isa.js';

const SUITES = [0, 1] as const;
type SuiteCode = (typeof SUITES)[number];

const random = (length: number) => new Uint8Array(randomBytes(length));
const bitAt = (bytes: Uint8Array, bit: number): number => (bytes[bit >> 3]! >> (bit & 7)) & 1;
const blockAt = (blocks: Uint8Array, i: number) => blocks.subarray(16 * i, 16 * i + 16);
const xor = (...parts: Uint8Array[]) =>
  parts[0]!.map((_, i) => parts.reduce((sum, part) => sum ^ part[i]!, 0));
const zeros = (length: number) => new Uint8Array(length);

const TILE_COTS = 4096;
const treesOf = (k: number) => Math.ceil(128 / k);
const depthOf = (k: number, tree: number) => Math.min(k, 128 - k * tree);
const leavesOf = (k: number) =>
  Array.from({ length: treesOf(k) }, (_, tree) => 2 ** depthOf(k, tree)).reduce((a, b) => a + b);

describe.each(availableIsas)('bit matrices, $name', ({ isa }) => {
  it('transposes 128 rows of any multiple of eight columns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 150 }), (bytesPerRow) => {
        const rows = random(128 * bytesPerRow);
        const blocks = zeros(rows.length);
        withIsa(isa, () => kernels.transposeBits(rows, blocks));
        for (let i = 0; i < 8 * bytesPerRow; i++) {
          const expected = zeros(16);
          for (let j = 0; j < 128; j++) {
            expected[j >> 3]! |= bitAt(rows.subarray(j * bytesPerRow), i) << (j & 7);
          }
          expect(Buffer.compare(blockAt(blocks, i), expected)).toBe(0);
        }
      }),
      { numRuns: 12, examples: [[64], [16], [128 + 16 + 1]] },
    );
  });
});

describe.each(availableIsas.flatMap(({ isa, name }) => SUITES.map((suite) => ({ isa, name, suite }))))(
  'GGM trees, $name, suite $suite',
  ({ isa, suite }) => {
    it('are doublings of the root, with sums by side', () => {
      const [trees, depth] = [5, 6];
      const roots = random(16 * trees);
      const leaves = zeros((16 * trees) << depth);
      const sums = zeros(trees * depth * 32);
      withIsa(isa, () => kernels.pprfGrow(roots, depth, leaves, sums, suite));
      for (let tree = 0; tree < trees; tree++) {
        let level: Uint8Array = blockAt(roots, tree).slice();
        for (let l = 0; l < depth; l++) {
          const children = zeros(2 * level.length);
          kernels.ggmDouble(level, children, suite);
          const nodes = Array.from({ length: children.length / 16 }, (_, i) => blockAt(children, i));
          for (const side of [0, 1]) {
            const sum = blockAt(sums, (tree * depth + l) * 2 + side);
            expect(xor(sum, ...nodes.filter((_, i) => i % 2 === side))).toEqual(zeros(16));
          }
          level = children;
        }
        expect(leaves.subarray((16 * tree) << depth, (16 * (tree + 1)) << depth)).toEqual(level);
      }
    });

    it('punctured, know all leaves but one', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), (trees, depth) => {
          const leaves = zeros((16 * trees) << depth);
          const sums = zeros(trees * depth * 32);
          const points = Uint32Array.from(random(4 * trees)).slice(0, trees);
          const seen = zeros(trees * depth * 16);
          const punctured = zeros(leaves.length).fill(9);
          withIsa(isa, () => {
            kernels.pprfGrow(random(16 * trees), depth, leaves, sums, suite);
            for (let tree = 0; tree < trees; tree++) {
              points[tree] = (points[tree]! * 77) % 2 ** depth;
              for (let l = 0; l < depth; l++) {
                const side = 1 - ((points[tree]! >> (depth - 1 - l)) & 1);
                seen.set(blockAt(sums, (tree * depth + l) * 2 + side), (tree * depth + l) * 16);
              }
            }
            kernels.pprfGrowPunctured(points, seen, depth, punctured, suite);
          });
          points.forEach((point, tree) => {
            blockAt(leaves, (tree << depth) + point).fill(0);
          });
          expect(Buffer.compare(punctured, leaves)).toBe(0);
        }),
        { numRuns: 20 },
      );
    });
  },
);

/** Leaves of all trees and delta; the sender's copy of the keys, entry 0 of each tree spoiled. */
function softSpokenSetup(k: number, suite: SuiteCode) {
  const leaves = random(16 * leavesOf(k));
  const delta = random(16);
  const ordered = leaves.slice();
  for (let tree = 0, first = 0, row = 0; tree < treesOf(k); tree++) {
    const depth = depthOf(k, tree);
    let point = 0;
    for (let j = 0; j < depth; j++) point |= bitAt(delta, row + j) << j;
    for (let x = 0; x < 2 ** depth; x++) {
      const leaf = x === point ? random(16) : blockAt(leaves, first + x);
      ordered.set(leaf, 16 * (first + (x ^ point)));
    }
    first += 2 ** depth;
    row += depth;
  }
  const keys = (of: Uint8Array) => {
    const expanded = zeros(of.length * (suite === 0 ? 11 : 1));
    kernels.softSpokenKeys(of, expanded, suite);
    return expanded;
  };
  return { leaves, delta, receiverKeys: keys(leaves), senderKeys: keys(ordered) };
}

/** A leaf's 512 bytes of a tile: counter mode by node:crypto's AES. */
function aesRow(leaf: Uint8Array, tile: number): Uint8Array {
  const counters = zeros(512);
  for (let i = 0; i < 32; i++)
    new DataView(counters.buffer).setBigUint64(16 * i, BigInt(32 * tile + i), true);
  const cipher = createCipheriv('aes-128-ecb', leaf, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(counters));
}

/** Word i of block l of eight stands at 8i + l. */
function chaChaRow(leaf: Uint8Array, tile: number): Uint8Array {
  const row = new Uint32Array(128);
  for (let l = 0; l < 8; l++) {
    const words = new Uint32Array(chaChaBlock(leaf, BigInt(8 * tile + l), 0n).buffer);
    words.forEach((word, i) => {
      row[8 * i + l] = word;
    });
  }
  return new Uint8Array(row.buffer);
}

/** The definition, bit by bit: choices and blocks of one tile. */
function referenceReceive(suite: SuiteCode, k: number, leaves: Uint8Array, tile: number) {
  const rows = Array.from({ length: 128 }, () => zeros(512));
  const sums = Array.from({ length: treesOf(k) }, () => zeros(512));
  for (let tree = 0, leaf = 0; tree < treesOf(k); tree++) {
    for (let x = 0; x < 2 ** depthOf(k, tree); x++, leaf++) {
      const row = (suite === 0 ? aesRow : chaChaRow)(blockAt(leaves, leaf), tile);
      sums[tree] = xor(sums[tree]!, row);
      for (let j = 0; j < depthOf(k, tree); j++) {
        if ((x >> j) & 1) rows[k * tree + j] = xor(rows[k * tree + j]!, row);
      }
    }
  }
  return { rows, sums };
}

describe.each(availableIsas)('SoftSpoken kernels, $name', ({ isa }) => {
  it.each(SUITES.flatMap((suite) => [1, 2, 3, 4, 5, 6, 7, 8].map((k) => [suite, k] as const)))(
    'of suite %i satisfy q = t + choice · delta for k = %i',
    (suite, k) => {
      const { delta, receiverKeys, senderKeys } = softSpokenSetup(k, suite);
      const tiles = isa === 0 ? 1 : 3;
      const count = tiles * TILE_COTS;
      const corrections = zeros(tiles * (treesOf(k) - 1) * 512);
      const [choices, t, q] = [zeros(count), zeros(16 * count), zeros(16 * count)];
      withIsa(isa, () => {
        kernels.softSpokenReceive(k, receiverKeys, 11, corrections, choices, t, suite);
        kernels.softSpokenSend(k, senderKeys, delta, 11, corrections, q, suite);
      });
      let wrong = 0;
      let ones = 0;
      for (let i = 0; i < count; i++) {
        const choice = choices[i]!;
        ones += choice;
        for (let j = 0; j < 16; j++) {
          if (q[16 * i + j] !== (t[16 * i + j]! ^ (choice * delta[j]!))) wrong++;
        }
      }
      expect(wrong).toBe(0);
      expect(Math.max(...choices)).toBe(1);
      expect(Math.abs(ones / count - 0.5)).toBeLessThan(0.1);
    },
  );

  it.each(SUITES.flatMap((suite) => [1, 3, 4].map((k) => [suite, k] as const)))(
    'of suite %i match the definition for k = %i',
    (suite, k) => {
      const { leaves, receiverKeys } = softSpokenSetup(k, suite);
      const tile = 2 ** 33 + 5;
      const corrections = zeros((treesOf(k) - 1) * 512);
      const [choices, t] = [zeros(TILE_COTS), zeros(16 * TILE_COTS)];
      withIsa(isa, () => kernels.softSpokenReceive(k, receiverKeys, tile, corrections, choices, t, suite));
      const { rows, sums } = referenceReceive(suite, k, leaves, tile);
      const blocks = zeros(16 * TILE_COTS);
      kernels.transposeBits(new Uint8Array(Buffer.concat(rows)), blocks);
      expect(Buffer.compare(t, blocks)).toBe(0);
      expect(choices).toEqual(Uint8Array.from({ length: TILE_COTS }, (_, i) => bitAt(sums[0]!, i)));
      const expected = Buffer.concat(sums.slice(1).map((sum) => xor(sum, sums[0]!)));
      expect(Buffer.compare(corrections, expected)).toBe(0);
    },
  );
});

describe('OT kernels', () => {
  it('reject wrong lengths and ranges', () => {
    expect(() => kernels.transposeBits(zeros(127), zeros(127))).toThrow(RangeError);
    expect(() => kernels.pprfGrow(zeros(16), 25, zeros(16), zeros(16))).toThrow(RangeError);
    expect(() => kernels.pprfGrowPunctured(Uint32Array.of(4), zeros(32), 2, zeros(64))).toThrow(/points/);
    expect(() => kernels.softSpokenReceive(9, zeros(0), 0, zeros(0), zeros(0), zeros(0))).toThrow(RangeError);
    expect(() => kernels.softSpokenReceive(4, zeros(1), 0, zeros(0), zeros(0), zeros(0))).toThrow(
      /expected length 90112/,
    );
  });
});
