/** Bits as they travel: packed, eight a byte; and the bit planes of words. */
import { kernels } from '#kernels';
import { type Components, type Node, reshareBytes } from './node.js';

/** Bits, one byte 0 or 1 each → packed */
export function packBits(bits: Uint8Array): Uint8Array {
  const words = new BigUint64Array(bits.length);
  kernels.ringFromBits(bits, words);
  return packPlane(words);
}

const packPlane = (words: BigUint64Array): Uint8Array => {
  const packed = new Uint8Array(Math.ceil(words.length / 8));
  kernels.ringPack(words, 1, packed);
  return packed;
};

/** The undoing of packBits for `count` bits. */
export function unpackBits(packed: Uint8Array, count: number): Uint8Array {
  const words = new BigUint64Array(count);
  kernels.ringUnpack(packed, 1, words);
  const bits = new Uint8Array(count);
  kernels.ringSignBit(words, 1, bits);
  return bits;
}

/** Bits 0 to `planes` - 1 of words modulo 2^ringBits, packed, one plane after the other, each of whole bytes. */
export function bitPlanes(words: BigUint64Array, ringBits: number, planes: number): Uint8Array {
  const width = Math.ceil(words.length / 8);
  const out = new Uint8Array(planes * width);
  const plane = new BigUint64Array(words.length);
  for (let bit = 0; bit < planes; bit++) {
    kernels.ringShiftRight(words, ringBits, bit, 0, 1, plane);
    out.set(packPlane(plane), bit * width);
  }
  return out;
}

/** Replicated AND of packed bits: one message of as many bytes. */
export async function andBytes(
  node: Node,
  x: Components<Uint8Array>,
  y: Components<Uint8Array>,
): Promise<Components<Uint8Array>> {
  // x_i (y_i + y_(i+1)) + x_(i+1) y_i
  const both = new Uint8Array(x[0].length);
  const other = new Uint8Array(x[0].length);
  kernels.bitsXor(y[0], y[1], both);
  kernels.bitsAnd(x[0], both, both);
  kernels.bitsAnd(x[1], y[0], other);
  kernels.bitsXor(both, other, both);
  return reshareBytes(node, both);
}

export const xorBytes = (x: Components<Uint8Array>, y: Components<Uint8Array>): Components<Uint8Array> =>
  [0, 1].map((c) => {
    const out = new Uint8Array(x[c]!.length);
    kernels.bitsXor(x[c]!, y[c]!, out);
    return out;
  }) as unknown as Components<Uint8Array>;
