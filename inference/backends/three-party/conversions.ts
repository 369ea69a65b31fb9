/** Between bits and words, between rings, and products that go to a larger ring on the way. */
import { kernels } from '#kernels';
import { carryOut, type Summands } from './carry.js';
import { type Components, half, known, type Node, sumOf } from './node.js';
import { cut, type Precision, sentBits } from './precision.js';
import { multiplyInto } from './products.js';
import { Scratch } from './scratch.js';
import { hidden, type Step, type StepPlan, take, wordsOf } from './step.js';
import { mapTuple } from '../../../util/map-tuple.js';

type Words = BigUint64Array;
type Shared = Components<Words>;
type Bits = Components<Uint8Array>;

export function wordsOfBits(bits: Uint8Array, words: Words = new BigUint64Array(bits.length)): Words {
  kernels.ringFromBits(bits, words);
  return words;
}

/** 1 where a bit is not set. */
const notBits = (bits: Uint8Array): Uint8Array => {
  const out = new Uint8Array(bits.length);
  kernels.bitsNot(bits, out);
  return out;
};

const signBits = (words: Words, ringBits: number): Uint8Array => {
  const bits = new Uint8Array(words.length);
  kernels.ringSignBit(words, ringBits, bits);
  return bits;
};

function selected(bits: Uint8Array, words: Words, out: Words): Words {
  if (words.length > 0) kernels.ringSelect(bits, words, out);
  return out;
}

function product(a: Words, b: Words, ringBits: number, out: Words): Words {
  multiplyInto(a, b, ringBits, out);
  return out;
}

/** x + one number, over x. */
function addNumber(x: Words, value: bigint, ringBits: number): Words {
  if (x.length > 0) kernels.ringAdd(x, BigUint64Array.of(BigInt.asUintN(ringBits, value)), ringBits, x);
  return x;
}

/** bit ? -x : x, written over x; a bit may be of a whole row. */
function negateWhere(bits: Uint8Array, x: Words, ringBits: number): Words {
  if (x.length > 0) kernels.ringNegateWhere(bits, x, ringBits, x);
  return x;
}

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

/**
 * A number V = s + c - 2^from w on its way from a ring of `from` bits to one of `to`: s = x0 + x1 mod 2^from at node 0, c = x2 at
 * the others. V is at least 0 and below 2^(from - 1), so the sum wraps (w) exactly if the top bit of s or of c is set (Cheetah,
 * USENIX Security 2022, section 5.1): V = s + 2^from n m + (c - 2^from), n and m telling that those bits are not set.
 */
interface Raised {
  /** s and n at node 0. */
  readonly s: Words;
  readonly n: Uint8Array;
  /** m and c - 2^from at the others. */
  readonly m: Uint8Array;
  readonly rest: Words;
}

/** At node 0. */
function raisedSum(x: Shared, from: number, scratch: Scratch): Pick<Raised, 's' | 'n'> {
  const s = sumOf(x, from, scratch.words(x[0].length));
  return { s, n: notBits(signBits(s, from)) };
}

/** c + lift, at nodes 1 and 2. */
function lifted(c: Words, from: number, lift: bigint, scratch: Scratch): Words {
  if (lift === 0n) return c;
  const raised = scratch.words(c.length);
  raised.set(c);
  return addNumber(raised, lift, from);
}

/** At the others; `lift`: a multiple of a unit that the value is raised by on the way, and that is taken off again. */
function raisedRest(
  x2: Words,
  from: number,
  to: number,
  lift: bigint,
  scratch: Scratch,
): Pick<Raised, 'm' | 'rest'> {
  const c = lifted(x2, from, lift, scratch);
  const rest = scratch.words(c.length);
  if (c.length > 0)
    kernels.ringSubtract(c, BigUint64Array.of(BigInt.asUintN(to, (1n << BigInt(from)) + lift)), to, rest);
  return { m: notBits(signBits(c, from)), rest };
}

/** base + 2^shift · (m ? extra : 0) modulo 2^to, over both; a bit of m may be of a whole row: what node 0 dealt for m = 0, and what m = 1 adds. */
function chosen(m: Uint8Array, base: Words, extra: Words, shift: number, to: number): Words {
  kernels.ringScale(extra, 1n << BigInt(shift), to, extra);
  if (m.length === extra.length) kernels.ringAddWhere(m, extra, to, base);
  else kernels.ringAdd(base, selected(m, extra, extra), to, base);
  return base;
}

/** Of a ring of `from` bits to one of `to`. */
export function widenPlan(count: number, from: number, to: number): StepPlan<readonly [Words, Words], Words> {
  const result = wordsOf(count, to - from);
  return { dealt: [result, result], result };
}

/** Words to a larger ring whose value, raised by `lift`, is at least 0 and below 2^(from - 1). */
export async function widenRaised(
  node: Node,
  x: Shared,
  from: number,
  to: number,
  lift: bigint,
): Promise<Shared> {
  const count = x[0].length;
  const rest = to - from;
  if (rest === 0) return x;
  // -(c + w) = n m - carry - 1, where x0 + x1 = s + 2^from carry as integers.
  const plan = widenPlan(count, from, to);
  const lot = plan.result;
  const wraps = await take(node, {
    ...plan,
    deal(scratch) {
      const sum = sumOf(x, from + 1, scratch.words(count));
      const carry = scratch.words(count);
      kernels.ringShiftRight(sum, from + 1, from, 0, 1, carry);
      const ones = wordsOfBits(notBits(signBits(sum, from)), sum);
      return [hidden(lot, ones), hidden(lot, carry)] as const;
    },
    summand: (scratch, n: Words, carry: Words) => {
      const c = lifted(known(node, x), from, lift, scratch);
      return lot.subtract(selected(notBits(signBits(c, from)), n, n), carry);
    },
  });
  const scratch = new Scratch();
  wraps.forEach((out, c) => {
    const isPublic = (node.index + c) % 3 === 2;
    if (isPublic) addNumber(out, -1n, rest);
    kernels.ringScale(out, 1n << BigInt(from), to, out);
    kernels.ringAdd(out, isPublic ? lifted(x[c]!, from, lift, scratch) : x[c]!, to, out);
    if (isPublic) addNumber(out, -lift, to);
  });
  scratch.end();
  return wraps;
}

/** Of `count` products with `factors` numbers, which come from a ring of `from` bits to a larger one. */
export function widenedPlan(
  factors: number,
  count: number,
  from: number,
  precision: Precision,
): StepPlan<readonly [Words, Words, Words, Words], Words> {
  const { ringBits } = precision;
  const result = wordsOf(count, sentBits(precision));
  return {
    dealt: [
      wordsOf(factors, ringBits),
      wordsOf(factors, ringBits - from),
      result,
      wordsOf(count, ringBits - from),
    ],
    result,
  };
}

/** x² in a larger ring; x, raised by `lift` units, is at least 0 and below 2^(from - 1): S² + 2 S C + C² for either m. */
export function squareWidened(
  node: Node,
  x: Shared,
  from: number,
  precision: Precision,
  lift: bigint,
): Promise<Shared> {
  const count = x[0].length;
  const { ringBits: to, dropped } = precision;
  const plan = widenedPlan(count, count, from, precision);
  const { result } = plan;
  const extra = wordsOf(count, to - from);
  return take(node, {
    ...plan,
    deal(scratch) {
      const { s, n } = raisedSum(x, from, scratch);
      // (s + 2^from n)² = s² + 2^from n (2s + 2^from)
      const more = scratch.words(count);
      kernels.ringScale(s, 2n, to - from, more);
      addNumber(more, 1n << BigInt(from), to - from);
      const squares = product(s, s, to, scratch.words(count));
      return [
        hidden(wordsOf(count, to), s),
        hidden(extra, wordsOfBits(n, scratch.words(count))),
        hidden(result, cut(node.index, squares, precision)),
        hidden(extra, selected(n, more, more)),
      ] as const;
    },
    summand(scratch, base: Words, ones: Words, squares: Words, more: Words) {
      const { m, rest } = raisedRest(known(node, x), from, to, lift, scratch);
      const sum = chosen(m, base, ones, from, to);
      kernels.ringScale(sum, 2n, to, sum);
      if (node.index === 1) kernels.ringAdd(sum, rest, to, sum);
      const own = cut(node.index, product(sum, rest, to, sum), precision);
      return result.add(own, chosen(m, squares, more, from - dropped, sentBits(precision)));
    },
  });
}

/** x times y, y from a smaller ring and raised as above, of x's shape or a prefix of it: S X + C X for either m. */
export function multiplyWidened(
  node: Node,
  x: Shared,
  y: Shared,
  from: number,
  precision: Precision,
  lift: bigint,
): Promise<Shared> {
  const [factors, count] = [y[0].length, x[0].length];
  const { ringBits: to, dropped } = precision;
  const plan = widenedPlan(factors, count, from, precision);
  const { result } = plan;
  const [base, extra] = [wordsOf(factors, to), wordsOf(factors, to - from)];
  const cross = wordsOf(count, to - from);
  return take(node, {
    ...plan,
    deal(scratch) {
      const { s, n } = raisedSum(y, from, scratch);
      const a = sumOf(x, to, scratch.words(count));
      const products = product(a, s, to, scratch.words(count));
      kernels.ringMask(a, to - from, a);
      return [
        hidden(base, s),
        hidden(extra, wordsOfBits(n, scratch.words(factors))),
        hidden(result, cut(node.index, products, precision)),
        hidden(cross, selected(n, a, a)),
      ] as const;
    },
    summand(scratch, sums: Words, ones: Words, products: Words, more: Words) {
      const { m, rest } = raisedRest(known(node, y), from, to, lift, scratch);
      // S c + C (x's half, and at node 1 c) + S ax
      const factor = chosen(m, sums, ones, from, to);
      if (node.index === 1) kernels.ringAdd(factor, rest, to, factor);
      const c = product(known(node, x), factor, to, scratch.words(count));
      const own = product(half(node, x), rest, to, scratch.words(count));
      kernels.ringAdd(c, own, to, c);
      return result.add(
        cut(node.index, c, precision),
        chosen(m, products, more, from - dropped, sentBits(precision)),
      );
    },
  });
}

/**
 * floor(x / 2^bits) modulo 2^(ringBits - bits), exactly: every component is shifted, and what their low parts carry together is
 * added: at node 0 from x0 and x1, and by a comparison from their sum and x2.
 */
export async function floorShift(node: Node, x: Shared, ringBits: number, bits: number): Promise<Shared> {
  const [count, rest] = [x[0].length, ringBits - bits];
  const lows = mapTuple(x, (words) => {
    const out = new BigUint64Array(count);
    kernels.ringMask(words, bits, out);
    return out;
  });
  const summands: Summands = {
    own: node.index === 0 ? sumOf(lows, bits) : known(node, lows),
    count,
    copies: 1,
    bits,
  };
  const carries = await carryOut(node, summands);
  const more = new BigUint64Array(count);
  if (node.index === 0) kernels.ringShiftRight(sumOf(lows, bits + 1), bits + 1, bits, 0, 1, more);
  const carried = await bitsToWords(node, carries, rest, more);
  return mapTuple(x, (words, c) => {
    const out = new BigUint64Array(count);
    kernels.ringShiftRight(words, ringBits, bits, 0, rest, out);
    kernels.ringAdd(out, carried[c]!, rest, out);
    return out;
  });
}
