import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';

/** (bits of the index, outputs) by kind, and what each output is: of digits j and c, or of bits j xor c. */
const pair = (bits: number): boolean => (bits & 2) !== 0 || ((bits & 4) !== 0 && (bits & 1) !== 0);
const KINDS: readonly { bits: number; outputs: readonly ((j: number, c: number) => boolean)[] }[] = [
  { bits: 4, outputs: [(j, c) => j + c > 15] },
  { bits: 4, outputs: [(j, c) => j + c > 15, (j, c) => j + c === 15] },
  { bits: 3, outputs: [(j, c) => pair(j ^ c)] },
  {
    bits: 4,
    outputs: [
      (j, c) => pair(((j ^ c) & 1) | (((j ^ c) >> 1) & 6)),
      (j, c) => ((j ^ c) & 2) !== 0 && ((j ^ c) & 8) !== 0,
    ],
  },
  { bits: 5, outputs: [(j, c) => ((j ^ c) & 8) !== 0 || (((j ^ c) & 16) !== 0 && pair((j ^ c) & 7))] },
  { bits: 8, outputs: [(j, c) => j + c > 255] },
  { bits: 8, outputs: [(j, c) => j + c > 255, (j, c) => j + c === 255] },
];

const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 3) * 91) & 255);

describe('carries by unit vectors', () => {
  it.each(KINDS.map((_, kind) => kind))(
    'sum to the functions of kind %i for every pair of indices',
    (kind) => {
      const { bits, outputs } = KINDS[kind]!;
      const size = 2 ** bits;
      const kinds = Uint8Array.of(kind);
      const index = BigUint64Array.from({ length: size }, (_, j) => BigInt(j));
      const vectors = new Uint8Array((size * size) / 8);
      kernels.carryVectors({ kinds, index, vectors });
      const mask = noise(vectors.length);
      const masked = vectors.map((byte, i) => byte ^ mask[i]!);
      for (let c = 0; c < size; c++) {
        const cs = new BigUint64Array(size).fill(BigInt(c));
        const [left, right] = [new BigUint64Array(size), new BigUint64Array(size)];
        kernels.carrySums({ kinds, index: cs, vectors: mask, out: left });
        kernels.carrySums({ kinds, index: cs, vectors: masked, out: right });
        for (let j = 0; j < size; j++) {
          const expected = outputs.reduce((sum, f, i) => sum | ((f(j, c) ? 1 : 0) << i), 0);
          expect(Number(left[j]! ^ right[j]!)).toBe(expected);
        }
      }
    },
  );

  it('serve several indices with one vector, groups from the lowest bits', () => {
    const kinds = Uint8Array.of(0, 1);
    const vectors = new Uint8Array(2 * 4);
    kernels.carryVectors({ kinds, index: BigUint64Array.of(0x9fn, 0x10n), vectors });
    const out = new BigUint64Array(4);
    // 0xf + 1 carries and 9 + 6 passes it on; 0 + 1 does not, 1 + 6 neither; 0xf + 0 does not, 9 + 7 does; 0 + 0, 1 + 7.
    kernels.carrySums({ kinds, index: BigUint64Array.of(0x61n, 0x61n, 0x70n, 0x70n), vectors, out });
    expect([...out]).toEqual([0b101n, 0n, 0b010n, 0n]);
  });

  it('refuse lengths that do not fit', () => {
    const call = { kinds: Uint8Array.of(0), index: new BigUint64Array(2), vectors: new Uint8Array(3) };
    expect(() => kernels.carryVectors(call)).toThrow(RangeError);
    expect(() => kernels.carrySums({ ...call, out: new BigUint64Array(2) })).toThrow(RangeError);
    expect(() => kernels.carryVectors({ ...call, kinds: Uint8Array.of(7) })).toThrow(RangeError);
  });
});
