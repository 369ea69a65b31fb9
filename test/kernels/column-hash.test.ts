import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const GROUP = 128;
const MODULUS = (1n << 128n) | 0x87n;

const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const random = (length: number, seed: number) => {
  const out = new Uint8Array(length);
  kernels.prgFill(new Uint8Array(16).fill(seed), 0, out);
  return out;
};

/** In GF(2^128), by hand. */
function product(a: bigint, b: bigint): bigint {
  let sum = 0n;
  for (let bit = 0n; bit < 128n; bit++) if ((b >> bit) & 1n) sum ^= a << bit;
  for (let bit = 255n; bit >= 128n; bit--) if ((sum >> bit) & 1n) sum ^= MODULUS << (bit - 128n);
  return sum;
}

const challengeAt = (challenges: Uint8Array, group: number) =>
  numberOf(challenges.subarray(16 * group, 16 * group + 16));

function columnOf(blocks: Uint8Array, group: number, column: number): bigint {
  let element = 0n;
  for (let row = 0; row < GROUP; row++) {
    const byte = blocks[(group * GROUP + row) * 16 + (column >> 3)]!;
    element |= BigInt((byte >> (column & 7)) & 1) << BigInt(row);
  }
  return element;
}

function choicesOf(choices: Uint8Array, group: number): bigint {
  return choices
    .subarray(group * GROUP, (group + 1) * GROUP)
    .reduce((sum, choice, row) => sum | (BigInt(choice) << BigInt(row)), 0n);
}

function hashesOf(blocks: Uint8Array, choices: Uint8Array, challenges: Uint8Array) {
  const [hashes, choiceHash] = [new Uint8Array(GROUP * 16), new Uint8Array(16)];
  kernels.columnHash({ blocks, choices, challenges, hashes, choiceHash });
  return { hashes, choiceHash };
}

describe.each(availableIsas)('column hash, $name', ({ isa }) => {
  const groups = 3;
  const blocks = random(groups * GROUP * 16, 1);
  const choices = random(groups * GROUP, 2).map((byte) => byte & 1);

  it.each([
    ['random', random(groups * 16, 3)],
    ['full', new Uint8Array(groups * 16).fill(255)],
  ])('is the sum of the elements times the challenges: %s ones', (_name, challenges) => {
    const { hashes, choiceHash } = withIsa(isa, () => hashesOf(blocks, choices, challenges));
    for (const column of [0, 1, 63, 64, 127]) {
      let expected = 0n;
      for (let group = 0; group < groups; group++)
        expected ^= product(columnOf(blocks, group, column), challengeAt(challenges, group));
      expect(columnOf(hashes, 0, column)).toBe(expected);
    }
    let expected = 0n;
    for (let group = 0; group < groups; group++)
      expected ^= product(choicesOf(choices, group), challengeAt(challenges, group));
    expect(numberOf(choiceHash)).toBe(expected);
  });

  it('refuses lengths that do not fit together', () => {
    const challenges = new Uint8Array(16 * groups);
    expect(() => hashesOf(blocks.subarray(16), choices, challenges)).toThrow(RangeError);
    expect(() => hashesOf(blocks, choices.subarray(1), challenges)).toThrow(RangeError);
  });
});
