/**
 * Rows by a permutation that no node knows (Araki et al., *Secure Graph Analysis at Scale*, CCS 2021): three steps, in each of
 * which two nodes permute by a permutation that they share and the third gets fresh components. Whatever a node sees, one of
 * the three permutations is missing to it. One message a step.
 */
import { kernels } from '#kernels';
import { samplePermutation } from '../../crypto/permutation.js';
import { type Components, commonWords, type Node, receiveWords, sendWords } from './node.js';

/** A tensor's rows: words [rows · columns] modulo 2^ringBits; bits are rings of one bit, whose sum is their XOR. */
export interface RowBlock {
  readonly columns: number;
  readonly ringBits: number;
  readonly words: Components<BigUint64Array>;
}

function permuted(words: BigUint64Array, columns: number, permutation: Uint32Array): BigUint64Array {
  const out = new BigUint64Array(words.length);
  kernels.ringGatherRows(words, columns, permutation, out);
  return out;
}

const add = (x: BigUint64Array, y: BigUint64Array, ringBits: number): BigUint64Array => {
  const out = new BigUint64Array(x.length);
  kernels.ringAdd(x, y, ringBits, out);
  return out;
};

const subtract = (x: BigUint64Array, y: BigUint64Array, ringBits: number): BigUint64Array => {
  const out = new BigUint64Array(x.length);
  kernels.ringSubtract(x, y, ringBits, out);
  return out;
};

/**
 * One step: nodes `first` and first + 1 permute. The first knows x_f + x_(f+1), the other x_(f+2). New components: f+1 random
 * from the generator of both (r + s), f the first's sum less r, f+2 the other's less s, and the third node receives these two.
 */
async function step(
  node: Node,
  first: number,
  rows: number,
  blocks: readonly RowBlock[],
): Promise<RowBlock[]> {
  const role = (node.index - first + 3) % 3;
  if (role === 2) {
    const received: RowBlock[] = [];
    for (const { columns, ringBits } of blocks) {
      const own = await receiveWords(node.previous, rows * columns, ringBits);
      const next = await receiveWords(node.next, rows * columns, ringBits);
      received.push({ columns, ringBits, words: [own, next] });
    }
    return received;
  }
  const common = role === 0 ? node.withNext : node.withPrevious;
  const permutation = samplePermutation(common, rows);
  return blocks.map(({ columns, ringBits, words }) => {
    const count = rows * columns;
    const [r, s] = [commonWords(common, count, ringBits), commonWords(common, count, ringBits)];
    const known = role === 0 ? add(words[0], words[1], ringBits) : words[1];
    const rest = subtract(permuted(known, columns, permutation), role === 0 ? r : s, ringBits);
    sendWords(role === 0 ? node.previous : node.next, rest, ringBits);
    const middle = add(r, s, ringBits);
    return { columns, ringBits, words: role === 0 ? [rest, middle] : [middle, rest] };
  });
}

export async function shuffleRows(
  node: Node,
  rows: number,
  blocks: readonly RowBlock[],
): Promise<RowBlock[]> {
  let shuffled = [...blocks];
  if (rows < 2) return shuffled;
  for (let first = 0; first < 3; first++) shuffled = await step(node, first, rows, shuffled);
  return shuffled;
}
