/** Between bits and words, between rings, and products that go to a larger ring on the way. */
import { kernels } from '#kernels';
import { carryOut, type Summands } from './carry.js';
import { type Components, half, known, type Node, sumOf } from './node.js';
import { multiplyInto } from './products.js';
import { hidden, type Step, type StepPlan, take, wordsOf } from './step.js';

type Words = BigUint64Array;
type Shared = Components<Words>;
type Bits = Components<Uint8Array>;

export const wordsOfBits = (bits: Uint8Array): Words => {
  const words = new BigUint64Array(bits.length);
  kernels.ringFromBits(bits, words);
  return words;
};

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

const selected = (bits: Uint8Array, words: Words): Words => {
  const out = new BigUint64Array(words.length);
  if (words.length > 0) kernels.ringSelect(bits, words, out);
  return out;
};

const product = (a: Words, b: Words, ringBits: number): Words => {
  const out = new BigUint64Array(a.length);
  multiplyInto(a, b, ringBits, out);
  return out;
};

/** bit ? -x : x, written over x; a bit may be of a whole row. */
function negateWhere(bits: Uint8Array, x: Words, ringBits: number): Words {
  const twice = selected(bits, x);
  kernels.ringScale(twice, 2n, ringBits, twice);
  kernels.ringSubtract(x, twice, ringBits, x);
  return x;
}

/** u = b0 xor b1, which node 0 knows. */
const xorOf = ([own, next]: Bits): Uint8Array => {
  const u = new Uint8Array(own.length);
  kernels.bitsXor(own, next, u);
  return u;
};

/** This node's half of b = v + (1 - 2v) u, from its half of u, which is written over; v = b2. */
function bitHalf(node: Node, v: Uint8Array, u: Words, ringBits: number): Words {
  const b = negateWhere(v, u, ringBits);
  if (node.index === 1) kernels.ringAdd(b, wordsOfBits(v), ringBits, b);
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
    deal: () =>
      [wordsOfBits(xorOf(bits)), ...(more === null ? [] : [more])].map((words) => hidden(result, words)),
    summand: (u, ...rest) =>
      rest.reduce((sum, one) => result.add(sum, one), bitHalf(node, known(node, bits), u!, ringBits)),
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
    deal() {
      const u = xorOf(bits);
      return [
        hidden(wordsOf(u.length, ringBits), wordsOfBits(u)),
        hidden(result, selected(u, sumOf(x, ringBits))),
      ];
    },
    summand(u, ua) {
      const v = known(node, bits);
      const sum = negateWhere(v, ua, ringBits);
      result.add(sum, selected(v, half(node, x)));
      return result.add(sum, product(known(node, x), bitHalf(node, v, u, ringBits), ringBits));
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

/** `lift`: a multiple of a unit that the value was raised by, to be taken off again. */
function raised(node: Node, x: Shared, from: number, to: number, lift: bigint): Raised {
  const none = new BigUint64Array(0);
  if (node.index === 0) {
    const s = sumOf(x, from);
    return { s, n: notBits(signBits(s, from)), m: new Uint8Array(0), rest: none };
  }
  const c = known(node, x);
  const rest = new BigUint64Array(c.length);
  if (c.length > 0)
    kernels.ringSubtract(c, BigUint64Array.of(BigInt.asUintN(to, (1n << BigInt(from)) + lift)), to, rest);
  return { s: none, n: new Uint8Array(0), m: notBits(signBits(c, from)), rest };
}

/** base + 2^from · (m ? extra : 0) modulo 2^to, written over base: what node 0 dealt for m = 0, and what m = 1 adds. */
function chosen(m: Uint8Array, base: Words, extra: Words, from: number, to: number): Words {
  const more = selected(m, extra);
  kernels.ringScale(more, 1n << BigInt(from), to, more);
  kernels.ringAdd(base, more, to, base);
  return base;
}

/** Of a ring of `from` bits to one of `to`. */
export function widenPlan(count: number, from: number, to: number): StepPlan<readonly [Words, Words], Words> {
  const result = wordsOf(count, to - from);
  return { dealt: [result, result], result };
}

/** Words whose value is at least 0 and below 2^(from - 1), to a larger ring. */
export async function widenNonNegative(node: Node, x: Shared, from: number, to: number): Promise<Shared> {
  const count = x[0].length;
  const rest = to - from;
  if (rest === 0) return x;
  // -(c + w) = n m - carry - 1, where x0 + x1 = s + 2^from carry as integers.
  const plan = widenPlan(count, from, to);
  const lot = plan.result;
  const wraps = await take(node, {
    ...plan,
    deal() {
      const carry = new BigUint64Array(count);
      kernels.ringShiftRight(sumOf(x, from + 1), from + 1, from, 0, 1, carry);
      const ones = wordsOfBits(notBits(signBits(sumOf(x, from), from)));
      return [hidden(lot, ones), hidden(lot, carry)] as const;
    },
    summand: (n: Words, carry: Words) =>
      lot.subtract(selected(notBits(signBits(known(node, x), from)), n), carry),
  });
  return [0, 1].map((c) => {
    const out = wraps[c as 0 | 1];
    if ((node.index + c) % 3 === 2 && count > 0) kernels.ringSubtract(out, BigUint64Array.of(1n), rest, out);
    kernels.ringScale(out, 1n << BigInt(from), to, out);
    kernels.ringAdd(out, x[c]!, to, out);
    return out;
  }) as unknown as Shared;
}

/** Of `count` products with `factors` numbers, which come from a ring of `from` bits to one of `to`. */
export function widenedPlan(
  factors: number,
  count: number,
  from: number,
  to: number,
): StepPlan<readonly [Words, Words, Words, Words], Words> {
  const result = wordsOf(count, to);
  return {
    dealt: [wordsOf(factors, to), wordsOf(factors, to - from), result, wordsOf(count, to - from)],
    result,
  };
}

/** (x - lift)² in a larger ring, x raised by `lift` units to be at least 0 and below 2^(from - 1): S² + 2 S C + C² for either m. */
export function squareWidened(
  node: Node,
  x: Shared,
  from: number,
  to: number,
  lift: bigint,
): Promise<Shared> {
  const count = x[0].length;
  const plan = widenedPlan(count, count, from, to);
  const { result } = plan;
  const extra = wordsOf(count, to - from);
  const { s, n, m, rest } = raised(node, x, from, to, lift);
  return take(node, {
    ...plan,
    deal() {
      // (s + 2^from n)² = s² + 2^from n (2s + 2^from)
      const more = new BigUint64Array(count);
      kernels.ringScale(s, 2n, to - from, more);
      if (count > 0)
        kernels.ringAdd(
          more,
          BigUint64Array.of(BigInt.asUintN(to - from, 1n << BigInt(from))),
          to - from,
          more,
        );
      return [
        hidden(result, s.slice()),
        hidden(extra, wordsOfBits(n)),
        hidden(result, product(s, s, to)),
        hidden(extra, selected(n, more)),
      ] as const;
    },
    summand(base: Words, ones: Words, squares: Words, more: Words) {
      const sum = chosen(m, base, ones, from, to);
      kernels.ringScale(sum, 2n, to, sum);
      if (node.index === 1) kernels.ringAdd(sum, rest, to, sum);
      return result.add(product(sum, rest, to), chosen(m, squares, more, from, to));
    },
  });
}

/** x times y - lift, y from a smaller ring and raised as above, of x's shape or a prefix of it: S X + C X for either m. */
export function multiplyWidened(
  node: Node,
  x: Shared,
  y: Shared,
  from: number,
  to: number,
  lift: bigint,
): Promise<Shared> {
  const plan = widenedPlan(y[0].length, x[0].length, from, to);
  const { result } = plan;
  const [base, extra] = [wordsOf(y[0].length, to), wordsOf(y[0].length, to - from)];
  const cross = wordsOf(x[0].length, to - from);
  const { s, n, m, rest } = raised(node, y, from, to, lift);
  return take(node, {
    ...plan,
    deal() {
      const a = sumOf(x, to);
      const low = new BigUint64Array(a.length);
      kernels.ringMask(a, to - from, low);
      return [
        hidden(base, s.slice()),
        hidden(extra, wordsOfBits(n)),
        hidden(result, product(a, s, to)),
        hidden(cross, selected(n, low)),
      ] as const;
    },
    summand(sums: Words, ones: Words, products: Words, more: Words) {
      // S c + C (x's half, and at node 1 c) + S ax
      const factor = chosen(m, sums, ones, from, to);
      if (node.index === 1) kernels.ringAdd(factor, rest, to, factor);
      const c = product(known(node, x), factor, to);
      result.add(c, product(half(node, x), rest, to));
      return result.add(c, chosen(m, products, more, from, to));
    },
  });
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
  return x.map((words, c) => {
    const out = new BigUint64Array(count);
    kernels.ringShiftRight(words, ringBits, bits, 0, rest, out);
    kernels.ringAdd(out, carried[c]!, rest, out);
    return out;
  }) as unknown as Shared;
}
