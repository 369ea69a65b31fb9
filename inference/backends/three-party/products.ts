/** Products of shared words: z_i = x_i y_i + x_i y_(i+1) + x_(i+1) y_i, made fresh by a share of zero, sent to one neighbour. */
import { kernels } from '#kernels';
import { type Components, type Node, reshare } from './node.js';

type Shared = Components<BigUint64Array>;

/** out = x · y in some sense, for plain words. */
type Product = (x: BigUint64Array, y: BigUint64Array, out: BigUint64Array) => void;

/** A factor that may be met again: y_i + y_(i+1), and y_i. */
export interface Factor {
  readonly both: BigUint64Array;
  readonly own: BigUint64Array;
}

export function factorOf([own, next]: Shared, ringBits: number): Factor {
  const both = new BigUint64Array(own.length);
  kernels.ringAdd(own, next, ringBits, both);
  return { both, own };
}

/** Any bilinear product; `count` words come out. One message. */
async function bilinear(
  node: Node,
  x: Shared,
  { both, own }: Factor,
  ringBits: number,
  count: number,
  product: Product,
): Promise<Shared> {
  const [sum, cross] = [new BigUint64Array(count), new BigUint64Array(count)];
  product(x[0], both, sum);
  product(x[1], own, cross);
  kernels.ringAdd(sum, cross, ringBits, sum);
  return reshare(node, sum, ringBits);
}

/** Elementwise; y may be a prefix of x's shape: [n] against [n, m]. */
export const product = (node: Node, x: Shared, y: Shared, ringBits: number): Promise<Shared> =>
  bilinear(node, x, factorOf(y, ringBits), ringBits, x[0].length, (a, b, out) => {
    if (out.length === 0) return;
    if (a.length === b.length) kernels.ringMultiply(a, b, ringBits, out);
    else kernels.ringMultiplyRows(a, b, ringBits, out);
  });

/** x [n, m] times a row y [m]. */
export const rowProduct = (node: Node, x: Shared, y: Shared, ringBits: number): Promise<Shared> =>
  bilinear(node, x, factorOf(y, ringBits), ringBits, x[0].length, (a, b, out) =>
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
