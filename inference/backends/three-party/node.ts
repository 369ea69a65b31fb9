/**
 * One of three nodes. Node i holds the components i and i+1 of every value x = x0 + x1 + x2 (replicated sharing: Araki et al.,
 * CCS 2016), so that any two nodes together know it and no single one does. Node i and its next share component i+1 and a
 * generator; with its previous it shares component i and another.
 *
 * Of every result, components 0 and 1 come from generators: node 0 knows x0 + x1 before anything was computed, and only deals
 * (step.ts). Nodes 1 and 2 know x2, which is x masked by what node 0 knows.
 */
import { kernels } from '#kernels';
import type { PartyId } from '../../core/tensors.js';
import type { Channel } from '../../net/channel.js';
import type { Random } from '../../session/session.js';
import type { Pace } from './pace.js';
import type { Turn } from './turns.js';

export type NodeIndex = 0 | 1 | 2;

export interface Node {
  readonly index: NodeIndex;
  /** To node i+1 and to node i-1. */
  readonly next: Channel;
  readonly previous: Channel;
  /** The same stream at both nodes of a pair; each protocol takes as much from it at both. */
  readonly withNext: Random;
  readonly withPrevious: Random;
  /** How far node 0 runs ahead of the others. */
  readonly pace: Pace;
  /** While tasks run side by side: that of the one that this stands for. */
  readonly turn?: Turn;
  recordLeak(name: string, to: PartyId | 'all'): void;
}

/** What a node holds: component i, then component i+1. */
export type Components<T> = readonly [own: T, next: T];

/** Uniform words modulo 2^ringBits from a generator that two nodes share. */
export function commonWords(random: Random, count: number, ringBits: number): BigUint64Array<ArrayBuffer> {
  const bytes = random.bytes(8 * count);
  const isAligned = bytes.byteOffset % 8 === 0;
  const words = new BigUint64Array(
    (isAligned ? bytes : bytes.slice()).buffer as ArrayBuffer,
    isAligned ? bytes.byteOffset : 0,
    count,
  );
  kernels.ringMask(words, ringBits, words);
  return words;
}

export const packedBytes = (count: number, ringBits: number): number => Math.ceil((count * ringBits) / 8);

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

/** What node 0 knows of x: x0 + x1. */
export function sumOf([own, next]: Components<BigUint64Array>, ringBits: number): BigUint64Array {
  const sum = new BigUint64Array(own.length);
  kernels.ringAdd(own, next, ringBits, sum);
  return sum;
}

/** x2, which nodes 1 and 2 know. */
export const known = <T>({ index }: Node, [own, next]: Components<T>): T => (index === 1 ? next : own);

/** x1 at node 1, x0 at node 2: what makes up x0 + x1. */
export const half = <T>({ index }: Node, [own, next]: Components<T>): T => (index === 1 ? own : next);
