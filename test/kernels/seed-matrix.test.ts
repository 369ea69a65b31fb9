import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import {
  matrixDifferences,
  matrixSums,
  type RowSegment,
} from '../../inference/crypto/ggm/punctured-matrix.js';
import { chaChaStream } from '../support/chacha.js';
import { availableIsas, withIsa } from '../support/isa.js';

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761) ^ Math.imul(seed, 40503)) >>> 13);

/** AES(x) ^ x under salt ^ purpose, by OpenSSL. */
function derive(salt: Uint8Array, purpose: number, block: Uint8Array): Uint8Array {
  const key = salt.slice();
  key[0]! ^= purpose;
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const image = cipher.update(block);
  return Uint8Array.from(block, (byte, i) => byte ^ image[i]!);
}

const block = (blocks: Uint8Array, index: number): Uint8Array => blocks.subarray(16 * index, 16 * index + 16);

type SuiteCode = 0 | 1;
const nonceOf = (salt: Uint8Array, half: number): bigint =>
  new DataView(salt.buffer, salt.byteOffset).getBigUint64(8 * half, true);

/** Leaf `leaf` of the tree below `root`. */
function naiveLeaf(
  suite: SuiteCode,
  root: Uint8Array,
  leaf: number,
  depth: number,
  salt: Uint8Array,
): Uint8Array {
  let node = root;
  for (let level = depth - 1; level >= 0; level--) {
    const side = (leaf >> level) & 1;
    node =
      suite === 0 ? derive(salt, side, node) : block(chaChaStream(node, nonceOf(salt, 0), 32), side).slice();
  }
  return node;
}

/** Block `index` of the row that a seed stands for. */
function rowBlock(suite: SuiteCode, seed: Uint8Array, salt: Uint8Array, index: number): Uint8Array {
  if (suite === 1) return block(chaChaStream(seed, nonceOf(salt, 1), 16 * index + 16), index).slice();
  const input = seed.slice();
  const view = new DataView(input.buffer);
  view.setUint32(0, view.getUint32(0, true) ^ index, true);
  return derive(salt, 2, input);
}

/** Column `column` of the row that a seed stands for, given the bytes that come before its segment. */
function naiveElement(
  suite: SuiteCode,
  seed: Uint8Array,
  salt: Uint8Array,
  startByte: number,
  lane: number,
  segment: RowSegment,
): bigint {
  const laneBytes = segment.ringBits > 32 ? 8 : 4;
  const at = startByte + lane * laneBytes;
  const view = new DataView(rowBlock(suite, seed, salt, at >> 4).buffer);
  const word = laneBytes === 8 ? view.getBigUint64(at % 16, true) : BigInt(view.getUint32(at % 16, true));
  return BigInt.asUintN(segment.ringBits, word);
}

const paddedBytes = ({ columns, ringBits }: RowSegment): number =>
  Math.ceil((columns * (ringBits > 32 ? 8 : 4)) / 64) * 64;

/** v[i,j] [n, n, columns] of one segment. */
function naiveRows(
  suite: SuiteCode,
  seeds: Uint8Array,
  n: number,
  salt: Uint8Array,
  segments: RowSegment[],
  index: number,
): bigint[][] {
  const start = segments.slice(0, index).reduce((sum, segment) => sum + paddedBytes(segment), 0);
  return Array.from({ length: n * n }, (_, at) =>
    Array.from({ length: segments[index]!.columns }, (_, column) =>
      naiveElement(suite, block(seeds, at), salt, start, column, segments[index]!),
    ),
  );
}

const depthOf = (n: number) => Math.ceil(Math.log2(n));

/** The sums that a party with this path receives: at each level the side that the path leaves. */
function chosenSums(levelSums: Uint8Array, points: Uint32Array, n: number): Uint8Array {
  const depth = depthOf(n);
  const sums = new Uint8Array(points.length * depth * 16);
  points.forEach((point, tree) => {
    for (let level = 0; level < depth; level++) {
      const side = 1 ^ ((point >> (depth - 1 - level)) & 1);
      sums.set(block(levelSums, (tree * depth + level) * 2 + side), (tree * depth + level) * 16);
    }
  });
  return sums;
}

const rotation = (n: number) => Uint32Array.from({ length: n }, (_, i) => (i + 3) % n);
const salt = bytes(16, 7);

function grow(roots: Uint8Array, n: number, suite: SuiteCode = 0) {
  const [seeds, levelSums] = [new Uint8Array(n * n * 16), new Uint8Array(n * depthOf(n) * 32)];
  kernels.seedMatrixGrow(roots, n, salt, seeds, levelSums, suite);
  return { seeds, levelSums };
}

function puncture(sums: Uint8Array, points: Uint32Array, n: number, suite: SuiteCode = 0): Uint8Array {
  const seeds = new Uint8Array(points.length * n * 16);
  kernels.seedMatrixPuncture(sums, points, n, salt, seeds, suite);
  return seeds;
}

describe.each(
  availableIsas.flatMap(({ isa, name }) => ([0, 1] as const).map((suite) => ({ isa, name, suite }))),
)('GGM trees on $name, suite $suite', ({ isa, suite }) => {
  it.each([1, 2, 3, 8, 13, 40])('grows %i leaves like the definition', (n) => {
    const roots = bytes(n * 16, n);
    const { seeds } = withIsa(isa, () => grow(roots, n, suite));
    for (const [tree, leaf] of [
      [0, 0],
      [0, n - 1],
      [n - 1, 0],
      [n - 1, n - 1],
      [n >> 1, n >> 1],
    ] as const) {
      expect(block(seeds, tree * n + leaf)).toEqual(
        naiveLeaf(suite, block(roots, tree), leaf, depthOf(n), salt),
      );
    }
  });

  it.each([2, 3, 8, 13, 40])('recovers every leaf of %i but the missing one', (n) => {
    const { seeds, levelSums } = grow(bytes(n * 16, 5), n, suite);
    const points = rotation(n);
    const known = withIsa(isa, () => puncture(chosenSums(levelSums, points, n), points, n, suite));
    for (let tree = 0; tree < n; tree++)
      for (let leaf = 0; leaf < n; leaf++) {
        const expected = leaf === points[tree] ? new Uint8Array(16) : block(seeds, tree * n + leaf);
        expect(block(known, tree * n + leaf)).toEqual(expected);
      }
  });

  it('sums expanded rows in both directions', async () => {
    const n = 5;
    const segments = [
      { columns: 70, ringBits: 37 },
      { columns: 1, ringBits: 1 },
      { columns: 67, ringBits: 29 },
      { columns: 3, ringBits: 64 },
    ];
    const seeds = bytes(n * n * 16, 3);
    kernels.limitIsa(isa);
    const { columnSums, rowSums } = await matrixSums({ seeds, salt, suite }, n, segments);
    kernels.limitIsa(kernels.detectedIsa());
    segments.forEach(({ columns, ringBits }, s) => {
      const rows = naiveRows(suite, seeds, n, salt, segments, s);
      const sum = (pick: (k: number) => number, column: number) =>
        BigInt.asUintN(
          ringBits,
          Array.from({ length: n }, (_, k) => rows[pick(k)]![column]!).reduce((a, b) => a + b),
        );
      for (let i = 0; i < n; i++)
        for (let c = 0; c < columns; c++) {
          expect(rowSums[s]![i * columns + c]).toBe(sum((j) => i * n + j, c));
          expect(columnSums[s]![i * columns + c]).toBe(sum((j) => j * n + i, c));
        }
    });
  });

  it.each([2, 7, 33])('translates shares of %i rows without the missing leaves', async (n) => {
    const segments = [
      { columns: 33, ringBits: 37 },
      { columns: 65, ringBits: 20 },
    ];
    const { seeds, levelSums } = grow(bytes(n * 16, 11), n, suite);
    const points = rotation(n);
    const known = puncture(chosenSums(levelSums, points, n), points, n, suite);
    const full = await matrixSums({ seeds, salt, suite }, n, segments);
    kernels.limitIsa(isa);
    const differences = await matrixDifferences({ seeds: known, salt, suite }, points, segments);
    kernels.limitIsa(kernels.detectedIsa());
    segments.forEach(({ columns, ringBits }, s) => {
      for (let i = 0; i < n; i++)
        for (let c = 0; c < columns; c++) {
          const expected =
            full.columnSums[s]![points[i]! * columns + c]! - full.rowSums[s]![i * columns + c]!;
          expect(differences[s]![i * columns + c]).toBe(BigInt.asUintN(ringBits, expected));
        }
    });
  });
});

describe('GGM arguments', () => {
  it('refuses lengths and ranges that do not fit', () => {
    const none = new Uint8Array(0);
    expect(() => kernels.seedMatrixGrow(new Uint8Array(15), 2, salt, none, none)).toThrow(/whole blocks/);
    expect(() => kernels.seedMatrixGrow(new Uint8Array(16), 0, salt, none, none)).toThrow(RangeError);
    expect(() => grow(new Uint8Array(16), 2)).toThrow(/length/);
    expect(() => puncture(new Uint8Array(16), Uint32Array.of(2), 2)).toThrow(/in range/);
    expect(() => puncture(new Uint8Array(32), Uint32Array.of(1), 2)).toThrow(/length/);
    const sums = (seeds: Uint8Array, ringBits: number, words: number) => () =>
      kernels.seedMatrixSums({
        seeds,
        rows: 2,
        salt,
        columns: Uint32Array.of(1),
        ringBits: Uint32Array.of(ringBits),
        columnSums: new BigUint64Array(words),
        rowSums: new BigUint64Array(words),
      });
    expect(sums(new Uint8Array(16), 37, 2)).toThrow(/length/);
    expect(sums(new Uint8Array(64), 65, 2)).toThrow(/ring/);
    expect(sums(new Uint8Array(64), 37, 3)).toThrow(/length/);
  });
});
