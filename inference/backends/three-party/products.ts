/**
 * Products of shared words. With a = x0 + x1 at node 0 and c = x2 at nodes 1 and 2: xy = ax ay + ax cy + cx ay + cx cy, of which
 * node 0 deals the first; node 1 has (x1 + cx) cy + cx y1, node 2 has x0 cy + cx y0.
 */
import { kernels } from '#kernels';
import type { StreamPlace } from '../../crypto/prg.js';
import type { Components, Node } from './node.js';
import { known, sumOf, wordsAt } from './node.js';
import { cut, type Precision, sentBits } from './precision.js';
import type { Scratch } from './scratch.js';
import { hidden, type Step, type StepPlan, take, wordsOf } from './step.js';

type Words = BigUint64Array;
type Shared = Components<Words>;

/** What is multiplied by: y0 + y1 at node 0, component 2 and this node's half of y0 + y1 at the others. */
export interface Factor<T = Words> {
  readonly known: T;
  readonly half: T | null;
}

/** Each component of a factor at its place. */
function halvesOf<T>(node: Node, y: Components<T>): Factor<T> {
  return node.index === 1 ? { known: y[1], half: y[0] } : { known: y[0], half: y[1] };
}

const factorOf = (node: Node, y: Shared, ringBits: number): Factor =>
  node.index === 0 ? { known: sumOf(y, ringBits), half: null } : halvesOf(node, y);

/** What this node multiplies with a factor's known component, and with its half. */
function multiplicands(
  { index }: Node,
  x: Shared,
  ringBits: number,
  scratch: Scratch,
): readonly [Words, Words] {
  return index === 1 ? [sumOf(x, ringBits, scratch.words(x[0].length)), x[1]] : [x[1], x[0]];
}

/** Of any bilinear product of which `count` words come out. */
export function productPlan(count: number, precision: Precision): StepPlan<readonly [Words], Words> {
  const result = wordsOf(count, sentBits(precision));
  return { dealt: [result], result };
}

/** x · y in some sense, for plain words; `adds`: to out. */
type Product<T> = (x: Words, y: T, out: Words, adds: boolean) => void;

/** Of a product that cannot add by itself. */
const adding =
  (scratch: Scratch, ringBits: number, product: (x: Words, y: Words, out: Words) => void): Product<Words> =>
  (x, y, out, adds) => {
    if (!adds) return product(x, y, out);
    const more = scratch.words(out.length);
    product(x, y, more);
    kernels.ringAdd(out, more, ringBits, out);
  };

interface Bilinear<T> {
  readonly x: Shared;
  readonly factor: Factor<T>;
  readonly precision: Precision;
  readonly count: number;
  readonly product: (scratch: Scratch) => Product<T>;
  /** Of a suffix of the product's shape. */
  readonly bias?: Shared;
}

/** Any bilinear product; `count` words come out. */
function bilinear<T>(
  node: Node,
  { x, factor, precision, count, product, bias }: Bilinear<T>,
): Promise<Shared> {
  const { ringBits } = precision;
  const plan = productPlan(count, precision);
  const { result } = plan;
  const step: Step<readonly [Words], Words> = {
    ...plan,
    deal(scratch) {
      const out = scratch.words(count);
      product(scratch)(sumOf(x, ringBits, scratch.words(x[0].length)), factor.known, out, false);
      if (bias) for (const component of bias) kernels.ringAdd(out, component, ringBits, out);
      return [hidden(result, cut(node.index, out, precision))];
    },
    summand(scratch, rest) {
      const [withKnown, withHalf] = multiplicands(node, x, ringBits, scratch);
      const out = scratch.words(count);
      product(scratch)(withKnown, factor.known, out, false);
      product(scratch)(withHalf, factor.half!, out, true);
      if (bias && node.index === 1) kernels.ringAdd(out, bias[1], ringBits, out);
      return result.add(cut(node.index, out, precision), rest);
    },
  };
  return take(node, step);
}

/** Elementwise; y may be a prefix of x's shape: [n] against [n, m]. */
export const product = (node: Node, x: Shared, y: Shared, precision: Precision): Promise<Shared> =>
  bilinear(node, {
    x,
    factor: factorOf(node, y, precision.ringBits),
    precision,
    count: x[0].length,
    product: (scratch) =>
      adding(scratch, precision.ringBits, (a, b, out) => multiplyInto(a, b, precision.ringBits, out)),
  });

/** a times b elementwise; b may be a prefix of a's shape. */
export function multiplyInto(a: Words, b: Words, ringBits: number, out: Words): void {
  if (out.length === 0) return;
  if (a.length === b.length) kernels.ringMultiply(a, b, ringBits, out);
  else kernels.ringMultiplyRows(a, b, ringBits, out);
}

/** x · x: c (2 x1 + c) at node 1, 2 c x0 at node 2. */
export function square(node: Node, x: Shared, precision: Precision): Promise<Shared> {
  const { ringBits } = precision;
  const plan = productPlan(x[0].length, precision);
  const { result } = plan;
  const step: Step<readonly [Words], Words> = {
    ...plan,
    deal(scratch) {
      const sum = sumOf(x, ringBits, scratch.words(x[0].length));
      kernels.ringMultiply(sum, sum, ringBits, sum);
      return [hidden(result, cut(node.index, sum, precision))];
    },
    summand(scratch, rest) {
      const c = known(node, x);
      const factor = scratch.words(c.length);
      kernels.ringScale(node.index === 1 ? x[0] : x[1], 2n, ringBits, factor);
      if (node.index === 1) kernels.ringAdd(factor, c, ringBits, factor);
      kernels.ringMultiply(factor, c, ringBits, factor);
      return result.add(cut(node.index, factor, precision), rest);
    },
  };
  return take(node, step);
}

/** x [n, m] times a row y [m]. */
export const rowProduct = (node: Node, x: Shared, y: Shared, precision: Precision): Promise<Shared> =>
  bilinear(node, {
    x,
    factor: factorOf(node, y, precision.ringBits),
    precision,
    count: x[0].length,
    product: (scratch) =>
      adding(scratch, precision.ringBits, (a, b, out) => kernels.ringMultiply(a, b, precision.ringBits, out)),
  });

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
  y: Shared,
  precision: Precision,
  { batch, n, k, m }: MatrixShape,
): Promise<Shared> =>
  bilinear(node, {
    x,
    factor: factorOf(node, y, precision.ringBits),
    precision,
    count: batch * n * m,
    product: (scratch) =>
      adding(scratch, precision.ringBits, (a, b, out) =>
        kernels.ringMatmul(a, b, batch, n, k, m, precision.ringBits, out),
      ),
  });

/** A matrix's component panel by panel (kernels' ringMatmulPanels): words, or the piece of a stream that makes them, which takes no memory. */
export type Panels = Words | StreamPlace;

/** Of a weight of so many numbers, which is used for every text, in any ring up to its own. */
export function weightFactor(node: Node, y: Components<Panels>, count: number): Factor<Panels> {
  if (node.index !== 0) return halvesOf(node, y);
  const [own, next] = y.map((panels) =>
    panels instanceof BigUint64Array ? panels : wordsAt(panels, 64, new BigUint64Array(count)),
  ) as [Words, Words];
  return { known: sumOf([own, next], 64, own), half: null };
}

/** x [n, k] · w [k, m] + a row [m]. */
export const linearProduct = (
  node: Node,
  x: Shared,
  factor: Factor<Panels>,
  bias: Shared,
  precision: Precision,
  { n, k, m }: Omit<MatrixShape, 'batch'>,
): Promise<Shared> =>
  bilinear(node, {
    x,
    factor,
    precision,
    count: n * m,
    bias,
    product: () => (a, w, out, adds) => {
      const flag = adds ? 1 : 0;
      const { ringBits } = precision;
      if (w instanceof BigUint64Array) kernels.ringMatmulPanels(a, w, n, k, m, ringBits, flag, out);
      else kernels.streamMatmul(a, w.seed, w.firstBlock, n, k, m, ringBits, flag, out, w.suite);
    },
  });
