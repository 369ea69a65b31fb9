/** Words and tensors of rings for kernels' tests, and the arithmetic that they are compared with. */
import fc from 'fast-check';

export const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
export const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
export const bitsArbitrary = fc.integer({ min: 1, max: 64 });
export const wordsOf = (length: number, bits: number) =>
  fc
    .array(fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }), { minLength: length, maxLength: length })
    .map((values) => BigUint64Array.from(values));
export const words = (length: number) => new BigUint64Array(length);
export const list = (x: BigUint64Array): bigint[] => Array.from(x);

/** Bits and two tensors [outer, inner] and [inner] in that ring. */
export const tensors = fc
  .record({
    bits: bitsArbitrary,
    outer: fc.integer({ min: 1, max: 5 }),
    inner: fc.integer({ min: 1, max: 19 }),
  })
  .chain(({ bits, outer, inner }) =>
    fc.record({
      bits: fc.constant(bits),
      inner: fc.constant(inner),
      x: wordsOf(outer * inner, bits),
      y: wordsOf(inner, bits),
    }),
  );

export const floorDivide = (value: bigint, shift: number): bigint => value >> BigInt(shift);
export const roundings: ((value: bigint, shift: number) => bigint)[] = [
  floorDivide,
  (value, shift) => -floorDivide(-value, shift),
  (value, shift) => (shift === 0 ? value : floorDivide(value + (1n << BigInt(shift - 1)), shift)),
];
