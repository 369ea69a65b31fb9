import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { chaChaStream } from '../support/chacha.js';
import { availableIsas, withIsa } from '../support/isa.js';

const random = (length: number) => new Uint8Array(randomBytes(length));
const zeros = (length: number) => new Uint8Array(length);
const blockAt = (blocks: Uint8Array, i: number) => blocks.subarray(16 * i, 16 * i + 16);
const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]!);

function aes(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(blocks));
}

const CORRELATED_KEY = new Uint8Array(Buffer.from('c0ac29b7c97c50dd3f84d5b5b5470917', 'hex'));

const HALF_TREE = new DataView(new TextEncoder().encode('halftree').buffer).getBigUint64(0, true);

/** Children (H(x), x XOR H(x)) with H(x) = pi(sigma(x)) XOR sigma(x), or the stream's beginning. */
const childrenIn =
  (suite: 0 | 1) =>
  (parent: Uint8Array): [Uint8Array, Uint8Array] => {
    const child = suite === 0 ? aesChild(parent) : chaChaStream(parent, HALF_TREE, 16);
    return [child, xor(child, parent)];
  };

function aesChild(parent: Uint8Array): Uint8Array {
  const [left, right] = [parent.subarray(0, 8), parent.subarray(8)];
  const sigma = new Uint8Array([...xor(left, right), ...left]);
  return xor(aes(CORRELATED_KEY, sigma), sigma);
}

/** Random COTs with the choice in the lowest bit. */
function cots(count: number, delta: Uint8Array) {
  const q = random(16 * count);
  for (let i = 0; i < count; i++) q[16 * i]! &= 0xfe;
  const choices = random(count).map((byte) => byte & 1);
  const t = q.map((byte, i) => byte ^ (choices[i >> 4]! * delta[i & 15]!));
  return { q, t, choices };
}

interface Shape {
  readonly depth: number;
  readonly logTable: number;
  readonly trees: number;
  readonly reserved: number;
}

function extend(isa: number, suite: 0 | 1, { depth, logTable, trees, reserved }: Shape) {
  const delta = random(16);
  delta[0]! |= 1;
  const [table, path] = [cots(2 ** logTable, delta), cots(trees * depth, delta)];
  const [seed, roots, firstRow] = [random(16), random(16 * trees), 64 * 1000];
  const corrections = zeros(16 * trees * depth);
  const outputs = trees * 2 ** depth;
  const [sent, received] = [0, 1].map(() => ({
    reserve: zeros(16 * reserved),
    blocks: zeros(16 * (outputs - reserved)),
  }));
  const choices = zeros(outputs - reserved);
  const { reserve, blocks } = sent!;
  withIsa(isa, () => {
    const whole = { suite, depth, logTable, seed, firstRow };
    const sending = { ...whole, table: table.q, pathCots: path.q, reserve, blocks };
    kernels.ferretSend({ ...sending, delta, roots, corrections });
    const receiving = { ...whole, table: table.t, pathCots: path.t, ...received! };
    kernels.ferretReceive({ ...receiving, corrections, choices });
  });
  const join = (part: { reserve: Uint8Array; blocks: Uint8Array }) =>
    new Uint8Array(Buffer.concat([part.reserve, part.blocks]));
  return {
    delta,
    table,
    path,
    seed,
    roots,
    firstRow,
    corrections,
    q: join(sent!),
    t: join(received!),
    choices,
  };
}

/** Ten positions a row: 32-bit words of the seed's stream modulo the size of the table. */
function matrixRow(suite: 0 | 1, seed: Uint8Array, row: number, logTable: number): number[] {
  const stream = zeros(64);
  const first = Math.floor((40 * row) / 16);
  kernels.prgFill(seed, first, stream, suite);
  const view = new DataView(stream.buffer, 40 * row - 16 * first);
  return Array.from({ length: 10 }, (_, j) => view.getUint32(4 * j, true) % 2 ** logTable);
}

/** A product in GF(2^128), by hand. */
function fieldProduct(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [x, y] = [a, b].map((bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`));
  let sum = 0n;
  for (let bit = 0n; bit < 128n; bit++) if ((y! >> bit) & 1n) sum ^= x! << bit;
  for (let bit = 255n; bit >= 128n; bit--)
    if ((sum >> bit) & 1n) sum ^= ((1n << 128n) | 0x87n) << (bit - 128n);
  return new Uint8Array(Buffer.from(sum.toString(16).padStart(32, '0'), 'hex').reverse());
}

/** pi(sigma(x)) XOR sigma(x) under any key; of ChaCha the stream with a nonce that counts from the key on. */
function tagOf(suite: 0 | 1, key: Uint8Array, leaf: Uint8Array, place: number): Uint8Array {
  const first = Buffer.from(key).readBigUInt64LE();
  if (suite === 1) return chaChaStream(leaf, BigInt.asUintN(64, first + BigInt(place)), 16);
  const [left, right] = [leaf.subarray(0, 8), leaf.subarray(8)];
  const sigma = new Uint8Array([...xor(left, right), ...left]);
  return xor(aes(key, sigma), sigma);
}

describe.each(
  availableIsas.flatMap(({ isa, name }) => ([0, 1] as const).map((suite) => ({ isa, name, suite }))),
)('Ferret kernels in steps, $name, suite $suite', ({ isa, suite }) => {
  it('give what they give in one call', () => {
    const shape = { depth: 7, logTable: 8, trees: 35, reserved: 40 };
    const whole = extend(isa, suite, shape);
    const { depth, logTable, trees, reserved } = shape;
    const { delta, roots, seed, firstRow, corrections, table, path } = whole;
    const made = () => ({ reserve: zeros(16 * reserved), blocks: zeros(16 * ((trees << depth) - reserved)) });
    const [sent, received, leaves] = [made(), made(), zeros((16 * trees) << depth)];
    const points = new Uint32Array(trees);
    const choices = zeros((trees << depth) - reserved);
    const own = zeros(corrections.length);
    withIsa(isa, () => {
      const matrix = { suite, depth, logTable, seed, firstRow, leaves };
      kernels.ferretGrow({ suite, depth, pathCots: path.q, delta, roots, corrections: own, leaves });
      kernels.ferretSendLeaves({ ...matrix, table: table.q, ...sent });
      kernels.ferretGrowPunctured({ suite, depth, pathCots: path.t, corrections, leaves, points });
      kernels.ferretReceiveLeaves({ ...matrix, table: table.t, ...received, points, choices });
    });
    expect(own).toEqual(corrections);
    expect(new Uint8Array([...sent.reserve, ...sent.blocks])).toEqual(whole.q);
    expect(new Uint8Array([...received.reserve, ...received.blocks])).toEqual(whole.t);
    expect(choices).toEqual(whole.choices);
  });

  it('hash tags of leaves, with a missing one that the sum tells', () => {
    const [depth, trees, key] = [6, 3, random(16)];
    const [leaves, challenges] = [random((16 * trees) << depth), random((2 * 16) << depth)];
    const hashed = (from: Uint8Array, sums: Uint8Array, points?: Uint32Array) => {
      const hashes = zeros(2 * 16 * trees);
      const call = { suite, depth, leaves: from, key, challenges, sums, hashes };
      withIsa(isa, () => kernels.ferretLeafHashes(points ? { ...call, points } : call));
      return hashes;
    };
    const sums = zeros(16 * trees);
    const hashes = hashed(leaves, sums);
    for (let tree = 0; tree < trees; tree++) {
      const tags = Array.from({ length: 64 }, (_, x) =>
        tagOf(suite, key, blockAt(leaves, 64 * tree + x), 64 * tree + x),
      );
      expect(blockAt(sums, tree)).toEqual(tags.reduce(xor));
      for (let i = 0; i < 2; i++) {
        const products = tags.map((tag, x) => fieldProduct(tag, blockAt(challenges, 64 * i + x)));
        expect(blockAt(hashes, i * trees + tree)).toEqual(products.reduce(xor));
      }
    }
    const points = Uint32Array.of(0, 17, 63);
    const punctured = leaves.slice();
    points.forEach((point, tree) => {
      punctured.set(random(16), 16 * (64 * tree + point));
    });
    expect(hashed(punctured, sums, points)).toEqual(hashes);
  });
});

describe.each(
  availableIsas.flatMap(({ isa, name }) => ([0, 1] as const).map((suite) => ({ isa, name, suite }))),
)('Ferret kernels, $name, suite $suite', ({ isa, suite }) => {
  const children = childrenIn(suite);

  it('double correlated trees, also in place', () => {
    const depth = 6;
    const { delta, roots, path, corrections } = extend(isa, suite, {
      depth,
      logTable: 4,
      trees: 3,
      reserved: 0,
    });
    for (let tree = 0; tree < 3; tree++) {
      let level: Uint8Array[] = [blockAt(roots, tree).slice(), xor(blockAt(roots, tree), delta)];
      for (let l = 0; l < depth; l++) {
        const left = level.filter((_, i) => i % 2 === 0).reduce(xor);
        const cot = tree * depth + l;
        expect(blockAt(corrections, cot)).toEqual(xor(blockAt(path.q, cot), left));
        expect(level.reduce(xor)).toEqual(delta);
        level = level.flatMap(children);
      }
    }
  });

  it('add the public matrix to the leaves', () => {
    const shape = { depth: 6, logTable: 7, trees: 2, reserved: 5 };
    const { delta, roots, table, seed, firstRow, q } = extend(isa, suite, shape);
    for (let tree = 0; tree < 2; tree++) {
      let level: Uint8Array[] = [blockAt(roots, tree).slice(), xor(blockAt(roots, tree), delta)];
      for (let l = 1; l < shape.depth; l++) level = level.flatMap(children);
      level.forEach((leaf, x) => {
        const i = tree * 64 + x;
        leaf[0]! &= 0xfe;
        const sum = matrixRow(suite, seed, firstRow + i, 7).reduce(
          (acc, j) => xor(acc, blockAt(table.q, j)),
          leaf,
        );
        expect(blockAt(q, i)).toEqual(sum);
      });
    }
  });

  it('give COTs whose choices are the matrix times the table plus one noisy place a tree', () => {
    const shapes = fc.record({
      depth: fc.integer({ min: 6, max: 9 }),
      logTable: fc.integer({ min: 1, max: 10 }),
      trees: fc.integer({ min: 1, max: 20 }),
      reserved: fc.integer({ min: 0, max: 64 }),
    });
    fc.assert(
      fc.property(shapes, (shape) => {
        const { delta, table, path, seed, firstRow, q, t, choices } = extend(isa, suite, shape);
        let wrong = 0;
        for (let i = 0; i < q.length / 16; i++) {
          const choice = t[16 * i]! & 1;
          if (i >= shape.reserved && choices[i - shape.reserved] !== choice) wrong++;
          for (let j = 0; j < 16; j++) if (q[16 * i + j] !== (t[16 * i + j]! ^ (choice * delta[j]!))) wrong++;
        }
        expect(wrong).toBe(0);
        const noise = Array.from({ length: q.length / 16 }, (_, i) =>
          matrixRow(suite, seed, firstRow + i, shape.logTable).reduce(
            (sum, j) => sum ^ table.choices[j]!,
            t[16 * i]! & 1,
          ),
        );
        for (let tree = 0; tree < shape.trees; tree++) {
          const bits = path.choices.subarray(tree * shape.depth, (tree + 1) * shape.depth);
          const place = bits.reduce((point, choice) => 2 * point + 1 - choice, 0);
          const expected = Array.from({ length: 2 ** shape.depth }, (_, x) => Number(x === place));
          expect(noise.slice(tree << shape.depth, (tree + 1) << shape.depth)).toEqual(expected);
        }
      }),
      { numRuns: 5 },
    );
  });
});

describe('Ferret kernels', () => {
  it('agree between instruction sets', () => {
    const [depth, logTable, trees] = [7, 5, 40];
    const delta = random(16);
    const [table, pathCots, seed] = [random(16 * 2 ** logTable), random(16 * trees * depth), random(16)];
    const roots = random(16 * trees);
    const outputs = availableIsas.map(({ isa }) => {
      const [corrections, blocks] = [zeros(16 * trees * depth), zeros((16 * trees) << depth)];
      withIsa(isa, () =>
        kernels.ferretSend({
          ...{ depth, logTable, table, pathCots, seed, firstRow: 0 },
          ...{ reserve: zeros(0), blocks, delta, roots, corrections },
        }),
      );
      return Buffer.concat([corrections, blocks]).toString('hex');
    });
    expect(new Set(outputs).size).toBe(1);
  });

  it('reject wrong lengths', () => {
    const call = (firstRow: number, blocks: Uint8Array) => () =>
      kernels.ferretSend({
        ...{ depth: 6, logTable: 2, table: zeros(64), pathCots: zeros(96), seed: zeros(16), firstRow },
        ...{ reserve: zeros(0), blocks, delta: zeros(16), roots: zeros(16), corrections: zeros(96) },
      });
    expect(call(64, zeros(1024))).not.toThrow();
    expect(call(1, zeros(1024))).toThrow(/multiple of 64/);
    expect(call(64, zeros(1008))).toThrow(/expected length 1024/);
  });

  it('give the same outputs of rows that a thread has begun, all of them or some', async () => {
    const [depth, logTable, trees] = [10, 6, 9];
    const leaves = trees << depth;
    const [delta, roots] = [random(16), random(16 * trees)];
    const rows = { logTable, table: random(16 << logTable), seed: random(16), firstRow: 640 };
    const pathCots = random(16 * trees * depth);
    const outputOf = (begun: { encoded?: Uint8Array; pieces?: Int32Array }) => {
      const [reserve, blocks, corrections] = [
        zeros(160),
        zeros(16 * leaves - 160),
        zeros(16 * trees * depth),
      ];
      kernels.ferretSend({ ...rows, ...begun, depth, pathCots, delta, roots, reserve, blocks, corrections });
      return Buffer.concat([reserve, blocks, corrections]).toString('hex');
    };
    const expected = outputOf({});
    const begun = (...states: number[]) => ({
      encoded: random(16 * leaves),
      pieces: Int32Array.from(states),
    });
    expect(outputOf(begun(0, 0, 0))).toBe(expected);
    const needed = begun(0, 0, 0);
    outputOf(needed);
    expect([...needed.pieces]).toEqual([3, 3, 3]);
    const all = begun(0, 0, 0);
    await kernels.ferretEncode({ ...rows, ...all });
    expect([...all.pieces]).toEqual([2, 2, 2]);
    expect(outputOf(all)).toBe(expected);
    // One piece is done, one is being made by somebody else.
    const some = begun(2, 1, 0);
    some.encoded.set(all.encoded.subarray(0, 16 * 4096));
    expect(outputOf(some)).toBe(expected);
    // Side by side: who comes late finds nothing to do.
    const raced = begun(0, 0, 0);
    const thread = kernels.ferretEncode({ ...rows, ...raced });
    expect(outputOf(raced)).toBe(expected);
    await thread;
    expect([...raced.pieces]).not.toContain(0);
  });
});
