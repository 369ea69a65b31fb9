import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Prg } from '../../../inference/crypto/prg.js';

describe('Prg', () => {
  it('is AES-128 in counter mode over its seed, a fresh block for each call', () => {
    const seed = Uint8Array.from({ length: 16 }, (_, i) => 7 * i);
    const prg = Prg.fromSecretSeed(seed);
    const stream = [prg.bytes(20), prg.bytes(16), prg.bytes(1)];
    const counters = new Uint8Array(16 * 4);
    for (let i = 0; i < 4; i++) counters[16 * i] = i;
    const blocks = createCipheriv('aes-128-ecb', seed, null).setAutoPadding(false).update(counters);
    expect(Buffer.from(stream[0]!)).toEqual(blocks.subarray(0, 20));
    expect(Buffer.from(stream[1]!)).toEqual(blocks.subarray(32, 48));
    expect(Buffer.from(stream[2]!)).toEqual(blocks.subarray(48, 49));
  });

  it('differs between runs, repeats for tests', () => {
    expect(Prg.create().bytes(32)).not.toEqual(Prg.create().bytes(32));
    expect(Prg.insecureForTests(1).bytes(32)).toEqual(Prg.insecureForTests(1).bytes(32));
    expect(Prg.insecureForTests(1).bytes(32)).not.toEqual(Prg.insecureForTests(2).bytes(32));
  });

  it('forks into independent generators', () => {
    const parent = Prg.insecureForTests(3);
    const [first, second] = [parent.fork(), parent.fork()];
    const streams = [parent, first, second].map((prg) => Buffer.from(prg.bytes(32)).toString('hex'));
    expect(new Set(streams).size).toBe(3);
  });

  it('rejects a seed of another length', () => {
    expect(() => Prg.fromSecretSeed(new Uint8Array(32))).toThrow(/expected a seed of 16 bytes, got 32/);
  });
});
