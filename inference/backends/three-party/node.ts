/**
 * One of three nodes. Node i holds the components i and i+1 of every value x = x0 + x1 + x2 (replicated sharing: Araki et al.,
 * CCS 2016; ABY3, Mohassel and Rindal, CCS 2018), so that any two nodes together know it and no single one does. Node i and its
 * next share component i+1 and a generator; with its previous it shares component i and another.
 */
import { kernels } from '#kernels';
import type { PartyId } from '../../core/tensors.js';
import type { Channel } from '../../net/channel.js';
import type { Random } from '../../session/session.js';

export type NodeIndex = 0 | 1 | 2;

export interface Node {
  readonly index: NodeIndex;
  /** To node i+1 and to node i-1. */
  readonly next: Channel;
  readonly previous: Channel;
  /** The same stream at both nodes of a pair; each protocol takes as much from it at both. */
  readonly withNext: Random;
  readonly withPrevious: Random;
  recordLeak(name: string, to: PartyId | 'all'): void;
}

/** What a node holds: component i, then component i+1. */
export type Components<T> = readonly [own: T, next: T];

/** Uniform words modulo 2^ringBits from a generator that two nodes share. */
export function commonWords(random: Random, count: number, ringBits: number): BigUint64Array<ArrayBuffer> {
  const words = new BigUint64Array(count);
  const bytes = random.bytes(8 * count);
  new Uint8Array(words.buffer).set(bytes);
  kernels.ringMask(words, ringBits, words);
  return words;
}

/** This node's part of three numbers that add up to 0, without a message. */
export function zeroWords({ withNext, withPrevious }: Node, count: number, ringBits: number): BigUint64Array {
  const zero = commonWords(withNext, count, ringBits);
  kernels.ringSubtract(zero, commonWords(withPrevious, count, ringBits), ringBits, zero);
  return zero;
}

/** Likewise for bytes and XOR. */
export function zeroBytes({ withNext, withPrevious }: Node, count: number): Uint8Array {
  const zero = withNext.bytes(count);
  kernels.bitsXor(zero, withPrevious.bytes(count), zero);
  return zero;
}

const packedBytes = (count: number, ringBits: number): number => Math.ceil((count * ringBits) / 8);

export function sendWords(channel: Channel, words: BigUint64Array, ringBits: number): void {
  const packed = new Uint8Array(packedBytes(words.length, ringBits));
  kernels.ringPack(words, ringBits, packed);
  channel.send(packed);
}

export async function receiveWords(
  channel: Channel,
  count: number,
  ringBits: number,
): Promise<BigUint64Array> {
  const words = new BigUint64Array(count);
  kernels.ringUnpack(await channel.receive(packedBytes(count, ringBits)), ringBits, words);
  return words;
}

/** Every node gives its summand of a value and its part of zero is added, so that the sum's components are fresh: one message. */
export async function reshare(
  node: Node,
  summand: BigUint64Array,
  ringBits: number,
): Promise<Components<BigUint64Array>> {
  const own = zeroWords(node, summand.length, ringBits);
  kernels.ringAdd(own, summand, ringBits, own);
  sendWords(node.previous, own, ringBits);
  return [own, await receiveWords(node.next, own.length, ringBits)];
}

/** As `reshare`, for packed bits under XOR. */
export async function reshareBytes(node: Node, summand: Uint8Array): Promise<Components<Uint8Array>> {
  const own = zeroBytes(node, summand.length);
  kernels.bitsXor(own, summand, own);
  node.previous.send(own);
  return [own, await node.next.receive(own.length)];
}

/**
 * A number that node 0 knows (x0 + x1, say) as components: r, value - r and 0, r from the generator of nodes 2 and 0. One
 * message, to node 1. `value` is null at the others.
 */
export async function shareOfNode0(
  node: Node,
  value: BigUint64Array | null,
  count: number,
  ringBits: number,
): Promise<Components<BigUint64Array>> {
  const none = new BigUint64Array(count);
  switch (node.index) {
    case 0: {
      const r = commonWords(node.withPrevious, count, ringBits);
      const rest = new BigUint64Array(count);
      kernels.ringSubtract(value!, r, ringBits, rest);
      sendWords(node.next, rest, ringBits);
      return [r, rest];
    }
    case 1:
      return [await receiveWords(node.previous, count, ringBits), none];
    case 2:
      return [none, commonWords(node.withNext, count, ringBits)];
  }
}

/** As `shareOfNode0`, for packed bits under XOR. */
export async function shareBytesOfNode0(
  node: Node,
  value: Uint8Array | null,
  count: number,
): Promise<Components<Uint8Array>> {
  const none = new Uint8Array(count);
  switch (node.index) {
    case 0: {
      const r = node.withPrevious.bytes(count);
      const rest = new Uint8Array(count);
      kernels.bitsXor(value!, r, rest);
      node.next.send(rest);
      return [r, rest];
    }
    case 1:
      return [await node.previous.receive(count), none];
    case 2:
      return [none, node.withNext.bytes(count)];
  }
}

/** A value that nodes 1 and 2 know (x2, say) as components 0, 0 and the value: nothing is sent. `none` is a zero of its kind. */
export function shareOfNodes12<T>({ index }: Node, value: T | null, none: T): Components<T> {
  switch (index) {
    case 0:
      return [none, none];
    case 1:
      return [none, value!];
    case 2:
      return [value!, none];
  }
}
