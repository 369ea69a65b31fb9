/**
 * Products of shared words. With a = x0 + x1 at node 0 and c = x2 at nodes 1 and 2: xy = ax ay + ax cy + cx ay + cx cy, of which
 * node 0 deals the first; node 1 has (x1 + cx) cy + cx y1, node 2 has x0 cy + cx y0.
 */
import { kernels } from '#kernels';
import type { Components, Node } from './node.js';
import { known, sumOf } from './node.js';
import { hidden, type Step, type StepPlan, take, wordsOf } from './step.js';

type Words = BigUint64Array;
type Shared = Components<Words>;

/** x · y in some sense, for plain words. */
type Product = (x: Words, y: Words, out: Words) => void;

/** Words, or what makes them: those of a generator need no memory between one use and the next. */
export type Lazy = Words | (() => Words);
const wordsOfLazy = (words: Lazy): Words => (typeof words === 'function' ? words() : words);

/** What is multiplied by, which may be met again: y0 + y1 at node 0, component 2 and this node's half of y0 + y1 at the others. */
export interface Factor {
  readonly known: Lazy;
  readonly half: Lazy | null;
}

export function factorOf({ index }: Node, y: Components<Lazy>, ringBits: number): Factor {
  if (index === 0) return { known: sumOf([wordsOfLazy(y[0]), wordsOfLazy(y[1])], ringBits), half: null };
  return index === 1 ? { known: y[1], half: y[0] } : { known: y[0], half: y[1] };
}

/** What this node multiplies with a factor's known component, and with its half. */
function multiplicands({ index }: Node, x: Shared, ringBits: number): readonly [Words, Words] {
  return index === 1 ? [sumOf(x, ringBits), x[1]] : [x[1], x[0]];
}

/** Of any bilinear product of which `count` words come out. */
export function productPlan(count: number, ringBits: number): StepPlan<readonly [Words], Words> {
  const result = wordsOf(count, ringBits);
  return { dealt: [result], result };
}

/** Any bilinear product; `count` words come out. */
function bilinear(
  node: Node,
  x: Shared,
  factor: Factor,
  ringBits: number,
  count: number,
  product: Product,
): Promise<Shared> {
  const of = (a: Words, b: Words): Words => {
    const out = new BigUint64Array(count);
    product(a, b, out);
    return out;
  };
  const plan = productPlan(count, ringBits);
  const { result } = plan;
  const step: Step<readonly [Words], Words> = {
    ...plan,
    deal: () => [hidden(result, of(sumOf(x, ringBits), wordsOfLazy(factor.known)))],
    summand(rest) {
      const [withKnown, withHalf] = multiplicands(node, x, ringBits);
      result.add(rest, of(withKnown, wordsOfLazy(factor.known)));
      return result.add(rest, of(withHalf, wordsOfLazy(factor.half!)));
    },
  };
  return take(node, step);
}

/** Elementwise; y may be a prefix of x's shape: [n] against [n, m]. */
export const product = (node: Node, x: Shared, y: Shared, ringBits: number): Promise<Shared> =>
  bilinear(node, x, factorOf(node, y, ringBits), ringBits, x[0].length, (a, b, out) =>
    multiplyInto(a, b, ringBits, out),
  );

/** a times b elementwise; b may be a prefix of a's shape. */
export function multiplyInto(a: Words, b: Words, ringBits: number, out: Words): void {
  if (out.length === 0) return;
  if (a.length === b.length) kernels.ringMultiply(a, b, ringBits, out);
  else kernels.ringMultiplyRows(a, b, ringBits, out);
}

/** x · x: c (2 x1 + c) at node 1, 2 c x0 at node 2. */
export function square(node: Node, x: Shared, ringBits: number): Promise<Shared> {
  const plan = productPlan(x[0].length, ringBits);
  const { result } = plan;
  const step: Step<readonly [Words], Words> = {
    ...plan,
    deal() {
      const sum = sumOf(x, ringBits);
      kernels.ringMultiply(sum, sum, ringBits, sum);
      return [hidden(result, sum)];
    },
    summand(rest) {
      const c = known(node, x);
      const factor = new BigUint64Array(c.length);
      kernels.ringScale(node.index === 1 ? x[0] : x[1], 2n, ringBits, factor);
      if (node.index === 1) kernels.ringAdd(factor, c, ringBits, factor);
      kernels.ringMultiply(factor, c, ringBits, factor);
      return result.add(factor, rest);
    },
  };
  return take(node, step);
}

/** x [n, m] times a row y [m]. */
export const rowProduct = (node: Node, x: Shared, y: Shared, ringBits: number): Promise<Shared> =>
  bilinear(node, x, factorOf(node, y, ringBits), ringBits, x[0].length, (a, b, out) =>
    kernels.ringMultiply(a, b, ringBits, out),
  );

export interface MatrixShape {
  readonly batch: number;
  readonly n: number;
  readonly k: number;
  readonly m: number;
}

/** x [batch, n, k] · y [batch, k, m]: only outputs travel. */
export const matrixProduct = (
  node: Node,
  x: Shared,
  y: Factor,
  ringBits: number,
  { batch, n, k, m }: MatrixShape,
): Promise<Shared> =>
  bilinear(node, x, y, ringBits, batch * n * m, (a, b, out) =>
    kernels.ringMatmul(a, b, batch, n, k, m, ringBits, out),
  );
