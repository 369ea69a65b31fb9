/** Between bits and words, and between rings. */
import { kernels } from '#kernels';
import { unpackBits } from './bits.js';
import { carryOut, summandPlanes } from './carry.js';
import { type Components, type Node, shareOfNode0, shareOfNodes12 } from './node.js';
import { product } from './products.js';

type Shared = Components<BigUint64Array>;

const sumOf = (x: Shared, ringBits: number): BigUint64Array => {
  const sum = new BigUint64Array(x[0].length);
  kernels.ringAdd(x[0], x[1], ringBits, sum);
  return sum;
};

/** What node 0 knows of x: x0 + x1; null at the others. */
export const knownToNode0 = ({ index }: Node, x: Shared, ringBits: number): BigUint64Array | null =>
  index === 0 ? sumOf(x, ringBits) : null;

/** What nodes 1 and 2 know: x2; null at node 0. */
export const knownToNodes12 = <T>({ index }: Node, [own, next]: Components<T>): T | null =>
  index === 0 ? null : index === 1 ? next : own;

const wordsOf = (bits: Uint8Array): BigUint64Array => {
  const words = new BigUint64Array(bits.length);
  kernels.ringFromBits(bits, words);
  return words;
};

/** Bits (one byte each) → 0 or 1 modulo 2^ringBits: u + v - 2uv, u = b0 xor b1 at node 0, v = b2 at the others. Two messages. */
export async function bitsToWords(
  node: Node,
  bits: Components<Uint8Array>,
  ringBits: number,
): Promise<Shared> {
  const count = bits[0].length;
  let u: Uint8Array | null = null;
  if (node.index === 0) {
    u = new Uint8Array(count);
    kernels.bitsXor(bits[0], bits[1], u);
  }
  const v = knownToNodes12(node, bits);
  const left = await shareOfNode0(node, u && wordsOf(u), count, ringBits);
  const right = shareOfNodes12(node, v && wordsOf(v), new BigUint64Array(count));
  const both = await product(node, left, right, ringBits);
  return [0, 1].map((c) => {
    const out = new BigUint64Array(count);
    kernels.ringAdd(left[c]!, right[c]!, ringBits, out);
    kernels.ringSubtract(out, both[c]!, ringBits, out);
    kernels.ringSubtract(out, both[c]!, ringBits, out);
    return out;
  }) as unknown as Shared;
}

/**
 * Words modulo 2^from whose value is at least 0 and below 2^(from - 1), to a larger ring. As integers x0 + x1 = s + 2^from c with
 * s and c at node 0, and s + x2 = value + 2^from w, where w = 1 exactly if the top bit of s or of x2 is set (Cheetah, USENIX
 * Security 2022, section 5.1): value = x0 + x1 + x2 - 2^from (c + w), with w = 1 - (1 - top(s))(1 - top(x2)). Two messages.
 */
export async function widenNonNegative(node: Node, x: Shared, from: number, to: number): Promise<Shared> {
  const count = x[0].length;
  const rest = to - from;
  if (rest === 0) return x;
  const top = (words: BigUint64Array): BigUint64Array => {
    const bits = new Uint8Array(count);
    kernels.ringSignBit(words, from, bits);
    kernels.bitsNot(bits, bits);
    return wordsOf(bits);
  };
  const known = known0(node, x, from);
  const other = knownToNodes12(node, x);
  const notLeft = await shareOfNode0(node, known && top(known.sum), count, rest);
  const carry = await shareOfNode0(node, known?.carry ?? null, count, rest);
  const notRight = shareOfNodes12(node, other && top(other), new BigUint64Array(count));
  const neither = await product(node, notLeft, notRight, rest);
  return [0, 1].map((c) => {
    // -(c + w) = neither - c - 1, the 1 in component 0
    const wraps = new BigUint64Array(count);
    kernels.ringSubtract(neither[c]!, carry[c]!, rest, wraps);
    if (componentOf(node, c) === 0) kernels.ringSubtract(wraps, BigUint64Array.of(1n), rest, wraps);
    kernels.ringScale(wraps, 1n << BigInt(from), to, wraps);
    kernels.ringAdd(wraps, x[c]!, to, wraps);
    return wraps;
  }) as unknown as Shared;
}

/** The number of a node's first or second component. */
export const componentOf = ({ index }: Node, c: number): number => (index + c) % 3;

/** x0 + x1 at node 0, modulo 2^bits (at most 63 bits) and what is carried beyond. */
function known0(node: Node, x: Shared, bits: number): { sum: BigUint64Array; carry: BigUint64Array } | null {
  if (node.index !== 0) return null;
  const sum = sumOf(x, bits);
  const carry = new BigUint64Array(sum.length);
  kernels.ringShiftRight(sumOf(x, bits + 1), bits + 1, bits, 0, 1, carry);
  return { sum, carry };
}

/**
 * floor(x / 2^bits) modulo 2^(ringBits - bits), exactly: every component is shifted, and what their low parts carry together is
 * added: at node 0 from x0 and x1, and by a comparison from their sum and x2.
 */
export async function floorShift(node: Node, x: Shared, ringBits: number, bits: number): Promise<Shared> {
  const [count, rest] = [x[0].length, ringBits - bits];
  const lows = x.map((words) => {
    const out = new BigUint64Array(count);
    kernels.ringMask(words, bits, out);
    return out;
  }) as unknown as Shared;
  const known = known0(node, lows, bits);
  const right = knownToNodes12(node, lows);
  const summands = { left: known?.sum ?? null, right, count, ringBits: bits };
  const packed = await carryOut(node, await summandPlanes(node, summands, bits), bits);
  const carries = packed.map((bytes) => unpackBits(bytes, count)) as unknown as Components<Uint8Array>;
  const carried = await bitsToWords(node, carries, rest);
  const own = await shareOfNode0(node, known?.carry ?? null, count, rest);
  return x.map((words, c) => {
    const out = new BigUint64Array(count);
    kernels.ringShiftRight(words, ringBits, bits, 0, rest, out);
    kernels.ringAdd(out, carried[c]!, rest, out);
    kernels.ringAdd(out, own[c]!, rest, out);
    return out;
  }) as unknown as Shared;
}
