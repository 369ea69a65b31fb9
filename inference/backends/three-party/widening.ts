/** Numbers on their way to a larger ring: as they are, squared, or as factors. */
import { kernels } from '#kernels';
import { type Components, half, known, type Node, sumOf } from './node.js';
import { cut, type Precision, sentBits } from './precision.js';
import { Scratch } from './scratch.js';
import { hidden, type StepPlan, take, wordsOf } from './step.js';
import { addNumber, notBits, product, selected, signBits, wordsOfBits } from './word-operations.js';

type Words = BigUint64Array;
type Shared = Components<Words>;

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
