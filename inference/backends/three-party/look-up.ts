/**
 * A public table at a shared place x = a + c, a = x0 + x1 at node 0 and c = x2 at nodes 1 and 2: both rotate the table by c, node 0
 * deals the unit vector at a, and each sums the entries that its half selects.
 */
import { kernels } from '#kernels';
import { type Components, known, type Node, sumOf } from './node.js';
import { take, wordsOf } from './step.js';

type Words = BigUint64Array;

/** Unit vectors at places [n] among `entries`, flat. */
function unitVectors(places: Words, entries: number): Words {
  const out = new BigUint64Array(places.length * entries);
  for (const [i, place] of places.entries()) out[i * entries + Number(place)] = 1n;
  return out;
}

/** Tables rotated by shifts [n]: entry j of the i-th is table[j + shift_i]. */
function rotatedTables(table: Words, shifts: Words): Words {
  const entries = table.length;
  const out = new BigUint64Array(shifts.length * entries);
  for (const [i, word] of shifts.entries()) {
    const shift = Number(word);
    out.set(table.subarray(shift), i * entries);
    out.set(table.subarray(0, shift), (i + 1) * entries - shift);
  }
  return out;
}

/** x modulo 2^indexBits, a table of as many entries modulo 2^ringBits. */
export function lookUpTable(
  node: Node,
  x: Components<Words>,
  indexBits: number,
  table: Words,
  ringBits: number,
): Promise<Components<Words>> {
  const entries = table.length;
  const result = wordsOf(x[0].length, ringBits);
  return take(node, {
    dealt: [wordsOf(x[0].length * entries, ringBits)],
    result,
    deal: (): readonly [Words] => [unitVectors(sumOf(x, indexBits), entries)],
    summand(vectors: Words) {
      const out = new BigUint64Array(x[0].length);
      kernels.ringMultiply(vectors, rotatedTables(table, known(node, x)), ringBits, vectors);
      if (out.length > 0) kernels.ringSum(vectors, entries, 1, ringBits, out);
      return out;
    },
  });
}
