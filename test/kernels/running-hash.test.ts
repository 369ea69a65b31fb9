import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const [KEY_BYTES, STATE_BYTES, BLOCK_BYTES, PASSES] = [1_064, 1_072, 1_024, 4];
const PRIME = 2n ** 130n - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const bytesOfNumber = (value: bigint, length: number) =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
const random = (length: number, seed: number) => {
  const out = new Uint8Array(length);
  kernels.prgFill(bytesOfNumber(BigInt(seed), 16), 0, out);
  return out;
};

/** Word for word as in running-hash.h's sources, on BigInt. */
function reference(key: Uint8Array, stream: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(stream.length / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(stream);
  const words = new DataView(padded.buffer);
  const keyWords = new DataView(key.buffer, key.byteOffset);
  const r = numberOf(key.subarray(KEY_BYTES - 16)) & CLAMP;
  let h = 0n;
  for (let block = 0; block < padded.length; block += BLOCK_BYTES) {
    const sums = Array.from({ length: PASSES }, (_, pass) => {
      let sum = 0n;
      for (let at = 0; at < BLOCK_BYTES; at += 8) {
        const keyed = [0, 4].map((half) =>
          BigInt(
            (words.getUint32(block + at + half, true) + keyWords.getUint32(at + half + 8 * pass, true)) >>> 0,
          ),
        );
        sum += keyed[0]! * keyed[1]!;
      }
      return BigInt.asUintN(64, sum);
    });
    for (const pair of [0, 2]) h = ((h + sums[pair]! + (sums[pair + 1]! << 64n) + (1n << 128n)) * r) % PRIME;
  }
  return Uint8Array.from([...bytesOfNumber(h, 24), ...bytesOfNumber(BigInt(stream.length), 8)]);
}

function hashOf(key: Uint8Array, pieces: readonly Uint8Array[]): Uint8Array {
  const [state, digest] = [new Uint8Array(STATE_BYTES), new Uint8Array(32)];
  for (const bytes of pieces) kernels.runningHashUpdate({ key, state, bytes });
  kernels.runningHashDigest({ key, state, digest });
  return digest;
}

describe.each(availableIsas)('running hash, $name', ({ isa }) => {
  const hash = (key: Uint8Array, pieces: readonly Uint8Array[]) => withIsa(isa, () => hashOf(key, pieces));

  it('is NH and the polynomial of Poly1305, however the stream is cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 2_500 }), { maxLength: 6 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 1_000 }), (cuts, seed) => {
        const key = random(KEY_BYTES, seed);
        const pieces = cuts.map((length, i) => random(length, 10_000 * seed + i));
        expect(hash(key, pieces)).toEqual(reference(key, new Uint8Array(Buffer.concat(pieces))));
      }),
      { numRuns: 40 },
    );
  });

  it('carries where words and limbs are full', () => {
    for (const byte of [0, 255]) {
      const [key, stream] = [new Uint8Array(KEY_BYTES).fill(255), new Uint8Array(5_000).fill(byte)];
      expect(hash(key, [stream])).toEqual(reference(key, stream));
    }
  });

  it('tells streams apart by any bit, by their order and by zeros at their end', () => {
    const key = random(KEY_BYTES, 1);
    const stream = random(3_000, 2);
    const own = hash(key, [stream]);
    for (let bit = 0; bit < 8 * stream.length; bit += 97) {
      const other = stream.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(hash(key, [other])).not.toEqual(own);
    }
    expect(
      hash(key, [stream.subarray(1_024, 2_048), stream.subarray(0, 1_024), stream.subarray(2_048)]),
    ).not.toEqual(own);
    expect(hash(key, [stream, new Uint8Array(1)])).not.toEqual(own);
    expect(hash(random(KEY_BYTES, 3), [stream])).not.toEqual(own);
  });

  it('refuses keys, states and digests of other lengths', () => {
    const [key, state] = [new Uint8Array(KEY_BYTES), new Uint8Array(STATE_BYTES)];
    const bytes = new Uint8Array(3);
    expect(() => kernels.runningHashUpdate({ key: key.subarray(1), state, bytes })).toThrow(RangeError);
    expect(() => kernels.runningHashUpdate({ key, state: state.subarray(8), bytes })).toThrow(RangeError);
    expect(() => kernels.runningHashDigest({ key, state, digest: bytes })).toThrow(RangeError);
  });
});
