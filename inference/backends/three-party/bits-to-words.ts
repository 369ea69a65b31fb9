/** Shared bits as numbers, and numbers that they select. */
import { kernels } from '#kernels';
import { type Components, half, known, type Node, sumOf } from './node.js';
import type { Scratch } from './scratch.js';
import { hidden, type Step, type StepPlan, take, wordsOf } from './step.js';
import { negateWhere, product, selected, wordsOfBits } from './word-operations.js';

type Words = BigUint64Array;
type Shared = Components<Words>;
type Bits = Components<Uint8Array>;

/** u = b0 xor b1, which node 0 knows. */
const xorOf = ([own, next]: Bits): Uint8Array => {
  const u = new Uint8Array(own.length);
  kernels.bitsXor(own, next, u);
  return u;
};

/** This node's half of b = v + (1 - 2v) u, from its half of u, which is written over; v = b2. */
function bitHalf(node: Node, v: Uint8Array, u: Words, ringBits: number, scratch: Scratch): Words {
  const b = negateWhere(v, u, ringBits);
  if (node.index === 1) kernels.ringAdd(b, wordsOfBits(v, scratch.words(v.length)), ringBits, b);
  return b;
}

/** Of bits to words; with `more` node 0 adds something to each. */
export function bitsPlan(count: number, ringBits: number, more: boolean): StepPlan<readonly Words[], Words> {
  const result = wordsOf(count, ringBits);
  return { dealt: more ? [result, result] : [result], result };
}

/** Bits (one byte each) → 0 or 1 modulo 2^ringBits; `more` is what node 0 adds to each, null for nothing and at the others. */
export function bitsToWords(
  node: Node,
  bits: Bits,
  ringBits: number,
  more: Words | null = null,
): Promise<Shared> {
  const plan = bitsPlan(bits[0].length, ringBits, more !== null);
  const { result } = plan;
  const step: Step<readonly Words[], Words> = {
    ...plan,
    deal: (scratch) =>
      [wordsOfBits(xorOf(bits), scratch.words(bits[0].length)), ...(more === null ? [] : [more])].map(
        (words) => hidden(result, words),
      ),
    summand: (scratch, u, ...rest) =>
      rest.reduce(
        (sum, one) => result.add(sum, one),
        bitHalf(node, known(node, bits), u!, ringBits, scratch),
      ),
  };
  return take(node, step);
}

/** Of so many bits that select among `count` words. */
export function multiplexPlan(
  bits: number,
  count: number,
  ringBits: number,
): StepPlan<readonly [Words, Words], Words> {
  const result = wordsOf(count, ringBits);
  return { dealt: [wordsOf(bits, ringBits), result], result };
}

/**
 * bits ? x : 0; a bit may be of a whole row. With u, ax at node 0 and v, c at the others, bx = (1 - 2v) u ax + v ax + b c:
 * node 0 deals u and u ax.
 */
export function multiplex(node: Node, bits: Bits, x: Shared, ringBits: number): Promise<Shared> {
  const plan = multiplexPlan(bits[0].length, x[0].length, ringBits);
  const { result } = plan;
  const step: Step<readonly [Words, Words], Words> = {
    ...plan,
    deal(scratch) {
      const u = xorOf(bits);
      const sum = sumOf(x, ringBits, scratch.words(x[0].length));
      return [
        hidden(wordsOf(u.length, ringBits), wordsOfBits(u, scratch.words(u.length))),
        hidden(result, selected(u, sum, sum)),
      ];
    },
    summand(scratch, u, ua) {
      const v = known(node, bits);
      const own = scratch.words(ua.length);
      const sum = negateWhere(v, ua, ringBits);
      result.add(sum, selected(v, half(node, x), own));
      return result.add(sum, product(known(node, x), bitHalf(node, v, u, ringBits, scratch), ringBits, own));
    },
  };
  return take(node, step);
}
