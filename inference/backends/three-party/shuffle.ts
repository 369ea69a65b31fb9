/**
 * Rows by a permutation that no node knows: first by one of nodes 1 and 2, then by one of 0 and 1, then by one of 0 and 2. Each
 * node misses one of them, and what it sees is masked. Node 0, who knows the masks s and r, deals what corrects them:
 *
 *     node 2 → 1: p(x0) - s                with p of nodes 1 and 2
 *     node 1 → 2: q(p(x1 + x2) + that) - r with q of nodes 0 and 1
 *     node 2 → 1: t(that) + t(q(s) + r) - new components 0 and 1, with t of nodes 0 and 2: the new component 2
 */
import { kernels } from '#kernels';
import { samplePermutation } from '../../crypto/permutation.js';
import type { Components, Node } from './node.js';
import { Scratch } from './scratch.js';
import { fresh, type Lot, partner, wordsOf } from './step.js';

type Words = BigUint64Array;

/**
 * Who of nodes 1 and 2 sends to the other, one after another. Between these messages other tasks have their turns; all that comes from a
 * generator or node 0 comes first.
 */
export const SHUFFLE_SENDERS = [2, 1, 2] as const;

/** A tensor's rows: words [rows · columns] modulo 2^ringBits; bits are rings of one bit, whose sum is their XOR. */
export interface RowBlock {
  readonly columns: number;
  readonly ringBits: number;
  readonly words: Components<Words>;
}

function permuted(words: Words, columns: number, permutation: Uint32Array): Words {
  const out = new BigUint64Array(words.length);
  kernels.ringGatherRows(words, columns, permutation, out);
  return out;
}

/** For longer than a step. */
const unpacked = (lot: Lot<Words>, bytes: Uint8Array): Words => lot.unpack(bytes, new Scratch());
const send = (node: Node, lot: Lot<Words>, words: Words): void => partner(node).send(lot.pack(words));
const receive = async (node: Node, lot: Lot<Words>): Promise<Words> =>
  unpacked(lot, await partner(node).receive(lot.byteLength));

interface Job extends RowBlock {
  readonly lot: Lot<Words>;
}

async function atNode0(node: Node, rows: number, jobs: readonly Job[]): Promise<Components<Words>[]> {
  const q = samplePermutation(node.withNext, rows);
  const t = samplePermutation(node.withPrevious, rows);
  const shuffled: Components<Words>[] = [];
  for (const { lot, columns } of jobs) {
    const [s, r] = [lot.fresh(node.withPrevious), lot.fresh(node.withNext)];
    const correction = permuted(lot.add(permuted(s, columns, q), r), columns, t);
    const components = fresh(node, lot);
    for (const component of components) lot.subtract(correction, component);
    shuffled.push(components);
    node.previous.send(lot.pack(correction));
    await node.pace.dealt(node.previous, lot.byteLength);
  }
  for (const _ of SHUFFLE_SENDERS) await node.turn?.pass();
  return shuffled;
}

async function atNode1(node: Node, rows: number, jobs: readonly Job[]): Promise<Components<Words>[]> {
  const q = samplePermutation(node.withPrevious, rows);
  const p = samplePermutation(node.withNext, rows);
  const drawn = jobs.map(({ lot }) => ({
    r: lot.fresh(node.withPrevious),
    component: lot.fresh(node.withPrevious),
  }));
  await node.turn?.pass();
  for (const [i, { lot, columns, words }] of jobs.entries()) {
    const sum = lot.add(words[0].slice(), words[1]);
    const moved = permuted(lot.add(permuted(sum, columns, p), await receive(node, lot)), columns, q);
    send(node, lot, lot.subtract(moved, drawn[i]!.r));
  }
  await node.turn?.pass();
  await node.turn?.pass();
  const shuffled: Components<Words>[] = [];
  for (const [i, { lot }] of jobs.entries()) shuffled.push([drawn[i]!.component, await receive(node, lot)]);
  return shuffled;
}

async function atNode2(node: Node, rows: number, jobs: readonly Job[]): Promise<Components<Words>[]> {
  const t = samplePermutation(node.withNext, rows);
  const p = samplePermutation(node.withPrevious, rows);
  const components: Words[] = [];
  for (const { lot, columns, words } of jobs) {
    const s = lot.fresh(node.withNext);
    components.push(lot.fresh(node.withNext));
    send(node, lot, lot.subtract(permuted(words[1], columns, p), s));
  }
  const corrections: Words[] = [];
  for (const { lot } of jobs) {
    corrections.push(unpacked(lot, await node.next.receive(lot.byteLength)));
    node.pace.received(node.next, lot.byteLength);
  }
  await node.turn?.pass();
  await node.turn?.pass();
  const shuffled: Components<Words>[] = [];
  for (const [i, { lot, columns }] of jobs.entries()) {
    const moved = permuted(await receive(node, lot), columns, t);
    const component = lot.add(moved, corrections[i]!);
    send(node, lot, component);
    shuffled.push([component, components[i]!]);
  }
  await node.turn?.pass();
  return shuffled;
}

export async function shuffleRows(
  node: Node,
  rows: number,
  blocks: readonly RowBlock[],
): Promise<RowBlock[]> {
  if (rows < 2) return [...blocks];
  const jobs = blocks.map((block) => ({ ...block, lot: wordsOf(rows * block.columns, block.ringBits) }));
  const atNode = [atNode0, atNode1, atNode2][node.index]!;
  const shuffled = await atNode(node, rows, jobs);
  return blocks.map(({ columns, ringBits }, i) => ({ columns, ringBits, words: shuffled[i]! }));
}
