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
import { takeWords } from '../../core/words.js';
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

function permuted(words: Words, columns: number, permutation: Uint32Array, scratch: Scratch): Words {
  const out = scratch.words(words.length);
  kernels.ringGatherRows(words, columns, permutation, out);
  return out;
}

const send = (node: Node, lot: Lot<Words>, words: Words): void => partner(node).send(lot.pack(words));
const receive = async (node: Node, lot: Lot<Words>, scratch: Scratch): Promise<Words> =>
  lot.unpack(scratch.own(await partner(node).receive(lot.byteLength)), scratch);

interface Job extends RowBlock {
  readonly lot: Lot<Words>;
}

/** A node's part: what it takes from `scratch` is read no more when it ends. */
type Part = (
  node: Node,
  rows: number,
  jobs: readonly Job[],
  scratch: Scratch,
) => Promise<Components<Words>[]>;

const atNode0: Part = async (node, rows, jobs, scratch) => {
  const q = samplePermutation(node.withNext, rows);
  const t = samplePermutation(node.withPrevious, rows);
  const shuffled: Components<Words>[] = [];
  for (const { lot, columns } of jobs) {
    const s = lot.random(node.withPrevious, scratch);
    const r = lot.random(node.withNext, scratch);
    const moved = lot.add(permuted(s, columns, q, scratch), r);
    const correction = permuted(moved, columns, t, scratch);
    const components = fresh(node, lot);
    for (const component of components) lot.subtract(correction, component);
    shuffled.push(components);
    node.previous.send(lot.pack(correction));
    await node.pace.dealt(node.previous, lot.byteLength);
  }
  for (const _ of SHUFFLE_SENDERS) await node.turn?.pass();
  return shuffled;
};

const atNode1: Part = async (node, rows, jobs, scratch) => {
  const q = samplePermutation(node.withPrevious, rows);
  const p = samplePermutation(node.withNext, rows);
  const drawn = jobs.map(({ lot }) => ({
    r: lot.random(node.withPrevious, scratch),
    component: lot.fresh(node.withPrevious),
  }));
  await node.turn?.pass();
  for (const [i, { lot, columns, words, ringBits }] of jobs.entries()) {
    const sum = scratch.words(lot.count);
    kernels.ringAdd(words[0], words[1], ringBits, sum);
    const first = lot.add(permuted(sum, columns, p, scratch), await receive(node, lot, scratch));
    send(node, lot, lot.subtract(permuted(first, columns, q, scratch), drawn[i]!.r));
  }
  await node.turn?.pass();
  await node.turn?.pass();
  const shuffled: Components<Words>[] = [];
  for (const [i, { lot, ringBits }] of jobs.entries()) {
    const component = takeWords(lot.count);
    kernels.ringUnpack(scratch.own(await partner(node).receive(lot.byteLength)), ringBits, component);
    shuffled.push([drawn[i]!.component, component]);
  }
  return shuffled;
};

const atNode2: Part = async (node, rows, jobs, scratch) => {
  const t = samplePermutation(node.withNext, rows);
  const p = samplePermutation(node.withPrevious, rows);
  const components: Words[] = [];
  for (const { lot, columns, words } of jobs) {
    const s = lot.random(node.withNext, scratch);
    components.push(lot.fresh(node.withNext));
    send(node, lot, lot.subtract(permuted(words[1], columns, p, scratch), s));
  }
  const corrections: Uint8Array[] = [];
  for (const { lot } of jobs) {
    corrections.push(scratch.own(await node.next.receive(lot.byteLength)));
    node.pace.received(node.next, lot.byteLength);
  }
  await node.turn?.pass();
  await node.turn?.pass();
  const shuffled: Components<Words>[] = [];
  for (const [i, { lot, columns }] of jobs.entries()) {
    const moved = permuted(await receive(node, lot, scratch), columns, t, scratch);
    const component = lot.unpackAdd(corrections[i]!, moved);
    send(node, lot, component);
    shuffled.push([component, components[i]!]);
  }
  await node.turn?.pass();
  return shuffled;
};

export async function shuffleRows(
  node: Node,
  rows: number,
  blocks: readonly RowBlock[],
): Promise<RowBlock[]> {
  if (rows < 2) return [...blocks];
  const jobs = blocks.map((block) => ({ ...block, lot: wordsOf(rows * block.columns, block.ringBits) }));
  const atNode = [atNode0, atNode1, atNode2][node.index]!;
  const scratch = new Scratch();
  const shuffled = await atNode(node, rows, jobs, scratch);
  scratch.end();
  return blocks.map(({ columns, ringBits }, i) => ({ columns, ringBits, words: shuffled[i]! }));
}
