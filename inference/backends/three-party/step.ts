/**
 * One step of every protocol: node 0, who knows a = x0 + x1 of each operand before the others know x2, deals numbers that follow
 * from it, as two summands at nodes 1 and 2 (one from a generator, one sent to node 2). These two, who both know x2, compute a
 * summand each of the result without a message, and exchange them, masked: the only message that anybody waits for. Nothing that
 * node 0 knows or sends depends on a message: it is the helper of ASTRA (Chaudhari et al., CCSW 2019) and of masked evaluation
 * as in ABY2.0 (Patra et al., USENIX Security 2021), with the online phase between two nodes.
 *
 * The new components: 0 from the generator of nodes 0 and 2, 1 from that of 0 and 1, 2 = result - 0 - 1 by the exchange. What
 * node 1 sees is masked by component 0, what node 2 sees by component 1 or by its partner's half of what was dealt.
 */
import { kernels } from '#kernels';
import { giveBack, takeWords } from '../../core/words.js';
import type { Prg } from '../../crypto/prg.js';
import type { Channel } from '../../net/channel.js';
import { type Components, commonWords, type Node, packedBytes } from './node.js';
import { Scratch } from './scratch.js';

/** What nodes 1 and 2 have of something that node 0 dealt: a summand each. */
export interface Part<T> {
  /** Of node 2's, as it is sent. */
  readonly byteLength: number;
  /** Node 1's. */
  random(source: Prg, scratch: Scratch): T;
  /** The bytes last as long as the step. */
  unpack(bytes: Uint8Array, scratch: Scratch): T;
}

/** What node 0 sends, made from the generator that gives node 1 its summand. */
export type Hidden = (source: Prg) => Uint8Array;

/** So many numbers that add up in some way; `add` and `subtract` write over x, `pack` makes a fresh array. */
export interface Lot<T> extends Part<T> {
  readonly count: number;
  /** From a generator, for longer than a step; taken (core/words.ts). */
  fresh(source: Prg): T;
  add(x: T, y: T): T;
  subtract(x: T, y: T): T;
  pack(x: T): Uint8Array;
  /** Packs value - random(source). */
  hide(value: T, source: Prg): Uint8Array;
  /** x + what was packed, taken. */
  unpackAdd(bytes: Uint8Array, x: T): T;
}

export const hidden =
  <T>(lot: Lot<T>, value: T): Hidden =>
  (source) =>
    lot.hide(value, source);

type Words = BigUint64Array;

const wordLot = (count: number, bits: number) => ({
  count,
  byteLength: packedBytes(count, bits),
  random: (source: Prg, scratch: Scratch): Words => commonWords(source, count, bits, scratch.words(count)),
  fresh: (source: Prg): Words => commonWords(source, count, bits, takeWords(count)),
  pack(x: Words): Uint8Array {
    const packed = new Uint8Array(packedBytes(count, bits));
    kernels.ringPack(x, bits, packed);
    return packed;
  },
  unpack(bytes: Uint8Array, scratch: Scratch): Words {
    const words = scratch.words(count);
    kernels.ringUnpack(bytes, bits, words);
    return words;
  },
});

/** Words modulo 2^ringBits. */
export const wordsOf = (count: number, ringBits: number): Lot<Words> => ({
  ...wordLot(count, ringBits),
  add(x, y) {
    kernels.ringAdd(x, y, ringBits, x);
    return x;
  },
  subtract(x, y) {
    kernels.ringSubtract(x, y, ringBits, x);
    return x;
  },
  hide(value, source) {
    const { seed, firstBlock, suite } = source.place(8 * count);
    const packed = new Uint8Array(packedBytes(count, ringBits));
    kernels.streamHide(value, seed, firstBlock, ringBits, packed, suite);
    return packed;
  },
  unpackAdd(bytes, x) {
    const sum = takeWords(count);
    kernels.ringUnpackAdd(bytes, ringBits, x, sum);
    return sum;
  },
});

const asBytes = (words: Words): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Words of so many bits under XOR. */
export function fieldsOf(count: number, bits: number): Lot<Words> {
  const xor = (x: Words, y: Words): Words => {
    kernels.bitsXor(asBytes(x), asBytes(y), asBytes(x));
    return x;
  };
  const lot = wordLot(count, bits);
  return {
    ...lot,
    add: xor,
    subtract: xor,
    hide(value, source) {
      const masked = xor(lot.fresh(source), value);
      const packed = lot.pack(masked);
      giveBack(masked);
      return packed;
    },
    unpackAdd(bytes, x) {
      const sum = takeWords(count);
      kernels.ringUnpack(bytes, bits, sum);
      return xor(sum, x);
    },
  };
}

/** Bytes under XOR, of which node 0 changes those of the generator. */
export const bytesPart = (byteLength: number): Part<Uint8Array> => ({
  byteLength,
  random: (source) => source.bytes(byteLength),
  unpack: (bytes) => bytes,
});

type Parts<Dealt extends readonly unknown[]> = { readonly [I in keyof Dealt]: Part<Dealt[I]> };

/** What travels in a step: enough to count it. */
export interface StepPlan<Dealt extends readonly unknown[], T> {
  /** What node 0 deals. */
  readonly dealt: Parts<Dealt>;
  readonly result: Lot<T>;
}

export interface Step<Dealt extends readonly unknown[], T> extends StepPlan<Dealt, T> {
  /** At node 0. */
  deal(scratch: Scratch): { readonly [I in keyof Dealt]: Hidden };
  /** At nodes 1 and 2: this node's summand of the result, from its halves of what was dealt, which may be written over. */
  summand(scratch: Scratch, ...dealt: Dealt): T;
}

/** The generator that nodes 1 and 2 each share with node 0. */
const withDealer = (node: Node): Prg => (node.index === 1 ? node.withPrevious : node.withNext);
/** From node 1 to node 2 and back. */
export const partner = (node: Node): Channel => (node.index === 1 ? node.next : node.previous);

/** Node 0's part of dealing. */
async function deal(node: Node, value: Hidden): Promise<void> {
  const bytes = value(node.withNext);
  node.previous.send(bytes);
  await node.pace.dealt(node.previous, bytes.length);
}

/** What node 1 or 2 was dealt. */
async function dealt<T>(node: Node, part: Part<T>, scratch: Scratch): Promise<T> {
  if (node.index === 1) return part.random(node.withPrevious, scratch);
  const bytes = await node.next.receive(part.byteLength);
  node.pace.received(node.next, bytes.length);
  return part.unpack(scratch.own(bytes), scratch);
}

/** Node 0's components of a result, which it knows at once. */
export const fresh = <T>(node: Node, lot: Lot<T>): Components<T> => [
  lot.fresh(node.withPrevious),
  lot.fresh(node.withNext),
];

/** From a summand each, which is written over, to components at nodes 1 and 2: one message. */
async function exchange<T>(node: Node, lot: Lot<T>, summand: T): Promise<Components<T>> {
  const own = lot.fresh(withDealer(node));
  const masked = lot.subtract(summand, own);
  partner(node).send(lot.pack(masked));
  await node.turn?.pass();
  const bytes = await partner(node).receive(lot.byteLength);
  const sum = lot.unpackAdd(bytes, masked);
  giveBack(bytes);
  return node.index === 1 ? [own, sum] : [sum, own];
}

export async function take<Dealt extends readonly unknown[], T>(
  node: Node,
  { dealt: parts, result, deal: values, summand }: Step<Dealt, T>,
): Promise<Components<T>> {
  const scratch = new Scratch();
  let components: Components<T>;
  if (node.index === 0) {
    for (const value of values(scratch)) await deal(node, value);
    components = fresh(node, result);
    await node.turn?.pass();
  } else {
    const halves: unknown[] = [];
    for (const part of parts) halves.push(await dealt(node, part, scratch));
    components = await exchange(node, result, summand(scratch, ...(halves as unknown as Dealt)));
  }
  scratch.end();
  return components;
}
