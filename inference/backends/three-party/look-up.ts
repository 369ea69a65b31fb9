/**
 * A public table at a shared place x = a + b, a = x0 + x1 at node 0 and b = x2 at nodes 1 and 2: both rotate the table by b, node 0
 * shares the unit vector at a among them (one half from a generator), and each sums the entries that its half selects. Two messages.
 */
import { kernels } from '#kernels';
import { type Components, commonWords, type Node, receiveWords, reshare, sendWords } from './node.js';

type Shared = Components<BigUint64Array>;

/** Unit vectors at places [n] among `entries`, flat. */
function unitVectors(places: BigUint64Array, entries: number): BigUint64Array {
  const out = new BigUint64Array(places.length * entries);
  for (const [i, place] of places.entries()) out[i * entries + Number(place)] = 1n;
  return out;
}

/** Tables rotated by shifts [n]: entry j of the i-th is table[j + shift_i]. */
function rotatedTables(table: BigUint64Array, shifts: BigUint64Array): BigUint64Array {
  const entries = table.length;
  const out = new BigUint64Array(shifts.length * entries);
  for (const [i, word] of shifts.entries()) {
    const shift = Number(word);
    out.set(table.subarray(shift), i * entries);
    out.set(table.subarray(0, shift), (i + 1) * entries - shift);
  }
  return out;
}

/** left: x0 + x1 modulo 2^indexBits at node 0; right: x2 at the others; `count` of them. */
export async function lookUpTable(
  node: Node,
  left: BigUint64Array | null,
  right: BigUint64Array | null,
  count: number,
  table: BigUint64Array,
  ringBits: number,
): Promise<Shared> {
  const entries = table.length;
  const summand = new BigUint64Array(count);
  if (node.index === 0) {
    const vectors = unitVectors(left!, entries);
    kernels.ringSubtract(vectors, commonWords(node.withNext, count * entries, ringBits), ringBits, vectors);
    sendWords(node.previous, vectors, ringBits);
  } else {
    const half =
      node.index === 1
        ? commonWords(node.withPrevious, count * entries, ringBits)
        : await receiveWords(node.next, count * entries, ringBits);
    kernels.ringMultiply(half, rotatedTables(table, right!), ringBits, half);
    if (count > 0) kernels.ringSum(half, entries, 1, ringBits, summand);
  }
  return reshare(node, summand, ringBits);
}
