import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const MODULUS = (1n << 128n) | 0x87n;

const numberAt = (bytes: Uint8Array, begin: number): bigint =>
  bytes.subarray(begin, begin + 16).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
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

describe.each(availableIsas)('inner products over the field, $name', ({ isa }) => {
  // Rows behind each other with some bytes that do not count; numbers of rows and elements that fill no register.
  it.each([
    { rows: 1, count: 1, challenges: random(16, 3) },
    { rows: 2, count: 4, challenges: random(4 * 16, 4) },
    { rows: 3, count: 7, challenges: random(7 * 16, 5) },
    { rows: 5, count: 17, challenges: new Uint8Array(17 * 16).fill(255) },
  ])('are the sums of products: $rows rows of $count', ({ rows, count, challenges }) => {
    const stride = 16 * count + 5;
    const elements = random(rows * stride, 1);
    const sums = new Uint8Array(16 * rows);
    withIsa(isa, () => kernels.fieldDots({ elements, stride, challenges, sums }));
    for (let row = 0; row < rows; row++) {
      let expected = 0n;
      for (let i = 0; i < count; i++)
        expected ^= product(numberAt(elements, row * stride + 16 * i), numberAt(challenges, 16 * i));
      expect(numberAt(sums, 16 * row)).toBe(expected);
    }
  });

  it('refuses lengths that do not fit together', () => {
    const call = (elements: number, stride: number, challenges: number, sums: number) => () =>
      kernels.fieldDots({
        elements: new Uint8Array(elements),
        stride,
        challenges: new Uint8Array(challenges),
        sums: new Uint8Array(sums),
      });
    expect(call(63, 32, 32, 32)).toThrow(RangeError);
    expect(call(64, 16, 32, 32)).toThrow(RangeError);
    expect(call(64, 32, 30, 32)).toThrow(RangeError);
    expect(call(64, 32, 32, 31)).toThrow(RangeError);
  });
});
