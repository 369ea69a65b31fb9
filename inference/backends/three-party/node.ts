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
import type { Prg, StreamPlace } from '../../crypto/prg.js';
import type { Channel } from '../../net/channel.js';
import type { Pace } from './pace.js';
import type { Turn } from './turns.js';

export type NodeIndex = 0 | 1 | 2;

export interface Node {
  readonly index: NodeIndex;
  /** To node i+1 and to node i-1. */
  readonly next: Channel;
  readonly previous: Channel;
  /** The same stream at both nodes of a pair; each protocol takes as much from it at both. */
  readonly withNext: Prg;
  readonly withPrevious: Prg;
  /** How far node 0 runs ahead of the others. */
  readonly pace: Pace;
  /** While tasks run side by side: that of the one that this stands for. */
  readonly turn?: Turn;
  recordLeak(name: string, to: PartyId | 'all'): void;
}

/** What a node holds: component i, then component i+1. */
export type Components<T> = readonly [own: T, next: T];

/** Words of a piece of a stream, modulo 2^ringBits. */
export function wordsAt(
  { seed, firstBlock, suite }: StreamPlace,
  ringBits: number,
  out: BigUint64Array,
): BigUint64Array {
  kernels.streamWords(seed, firstBlock, ringBits, out, suite);
  return out;
}

/** Uniform words modulo 2^ringBits from a generator that two nodes share. */
export const commonWords = (
  random: Prg,
  count: number,
  ringBits: number,
  out: BigUint64Array = new BigUint64Array(count),
): BigUint64Array => wordsAt(random.place(8 * count), ringBits, out);

export const packedBytes = (count: number, ringBits: number): number => Math.ceil((count * ringBits) / 8);

export function packedWords(words: BigUint64Array, ringBits: number): Uint8Array {
  const packed = new Uint8Array(packedBytes(words.length, ringBits));
  kernels.ringPack(words, ringBits, packed);
  return packed;
}

export const sendWords = (channel: Channel, words: BigUint64Array, ringBits: number): void =>
  channel.send(packedWords(words, ringBits));

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
export function sumOf(
  [own, next]: Components<BigUint64Array>,
  ringBits: number,
  sum: BigUint64Array = new BigUint64Array(own.length),
): BigUint64Array {
  kernels.ringAdd(own, next, ringBits, sum);
  return sum;
}

/** x2, which nodes 1 and 2 know. */
export const known = <T>({ index }: Node, [own, next]: Components<T>): T => (index === 1 ? next : own);

/** x1 at node 1, x0 at node 2: what makes up x0 + x1. */
export const half = <T>({ index }: Node, [own, next]: Components<T>): T => (index === 1 ? own : next);
