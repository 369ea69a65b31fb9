/**
 * The carry of a sum of two numbers, of which node 0 knows one and nodes 1 and 2 the other: what every comparison comes down
 * to, since node 0 knows x0 + x1 and the others x2. A tree over the bits (generate and propagate, as in carry look-ahead):
 * one message for the first number's bits, one for all generate bits, one a level.
 */
import { andBytes, bitPlanes, xorBytes } from './bits.js';
import { type Components, type Node, shareBytesOfNode0, shareOfNodes12 } from './node.js';

type Shared = Components<Uint8Array>;

/** The two summands at a node: node 0 has `left`, the others `right`. */
export interface Summands {
  readonly left: BigUint64Array | null;
  readonly right: BigUint64Array | null;
  readonly count: number;
  readonly ringBits: number;
}

export interface SummandPlanes {
  readonly left: Shared;
  readonly right: Shared;
  /** Bytes of a plane. */
  readonly width: number;
}

/** Shared bit planes 0 to `planes` - 1 of both summands. One message. */
export async function summandPlanes(node: Node, summands: Summands, planes: number): Promise<SummandPlanes> {
  const { left, right, count, ringBits } = summands;
  const width = Math.ceil(count / 8);
  const planesOf = (words: BigUint64Array | null) => words && bitPlanes(words, ringBits, planes);
  const none = new Uint8Array(planes * width);
  return {
    left: await shareBytesOfNode0(node, planesOf(left), planes * width),
    right: shareOfNodes12(node, planesOf(right), none),
    width,
  };
}

const part = ([own, next]: Shared, begin: number, end: number): Shared => [
  own.subarray(begin, end),
  next.subarray(begin, end),
];

function join(parts: readonly Shared[]): Shared {
  const joined = (c: 0 | 1): Uint8Array => {
    const out = new Uint8Array(parts.reduce((sum, one) => sum + one[c].length, 0));
    let at = 0;
    for (const one of parts) {
      out.set(one[c], at);
      at += one[c].length;
    }
    return out;
  };
  return [joined(0), joined(1)];
}

/** The carry out of the lowest `planes` bits, packed [count]; a carry of no bits is 0. */
export async function carryOut(
  node: Node,
  { left, right, width }: SummandPlanes,
  planes: number,
): Promise<Shared> {
  if (planes === 0) return [new Uint8Array(width), new Uint8Array(width)];
  const [a, b] = [part(left, 0, planes * width), part(right, 0, planes * width)];
  let propagate = split(xorBytes(a, b), planes, width);
  let generate = split(await andBytes(node, a, b), planes, width);
  while (generate.length > 1) {
    const pairs = generate.length >> 1;
    // (g, p) of a pair: g_high + p_high g_low, p_high p_low; of the lowest pair nobody asks whether it propagates.
    const highs: Shared[] = [];
    const lows: Shared[] = [];
    for (let i = 0; i < pairs; i++) {
      highs.push(propagate[2 * i + 1]!);
      lows.push(generate[2 * i]!);
    }
    for (let i = 1; i < pairs; i++) {
      highs.push(propagate[2 * i + 1]!);
      lows.push(propagate[2 * i]!);
    }
    const products = split(await andBytes(node, join(highs), join(lows)), 2 * pairs - 1, width);
    const nextGenerate = Array.from({ length: pairs }, (_, i) =>
      xorBytes(generate[2 * i + 1]!, products[i]!),
    );
    const nextPropagate = [propagate[1]!, ...products.slice(pairs)];
    if (generate.length % 2 === 1) {
      nextGenerate.push(generate.at(-1)!);
      nextPropagate.push(propagate.at(-1)!);
    }
    generate = nextGenerate;
    propagate = nextPropagate;
  }
  return generate[0]!;
}

const split = (x: Shared, planes: number, width: number): Shared[] =>
  Array.from({ length: planes }, (_, i) => part(x, i * width, (i + 1) * width));

/** The top bit of x = left + right, packed: of both top bits and the carry of the others. */
export async function topBit(node: Node, summands: Summands): Promise<Shared> {
  const { ringBits } = summands;
  const planes = await summandPlanes(node, summands, ringBits);
  const top = (x: Shared) => part(x, (ringBits - 1) * planes.width, ringBits * planes.width);
  const carry = await carryOut(node, planes, ringBits - 1);
  return xorBytes(xorBytes(top(planes.left), top(planes.right)), carry);
}
