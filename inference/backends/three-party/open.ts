/** Opening to all three nodes: each sends the next component to its previous node, which lacks that one. */
import { kernels } from '#kernels';
import { type Components, type Node, receiveWords, sendWords } from './node.js';

/** x modulo 2^ringBits, at every node. */
export async function openToNodes(
  { index, previous, next: sender, turn }: Node,
  [own, next]: Components<BigUint64Array>,
  ringBits: number,
): Promise<BigUint64Array> {
  sendWords(previous, next, ringBits);
  // What node 0 sends comes in the order in which tasks began, before what it deals to others.
  if (index !== 2) await turn?.pass();
  // Component i - 1, which node i + 1 has as its second.
  const value = await receiveWords(sender, own.length, ringBits);
  if (index === 2) await turn?.pass();
  kernels.ringAdd(value, own, ringBits, value);
  kernels.ringAdd(value, next, ringBits, value);
  return value;
}
