/**
 * A public table at a shared place x = a + c, a = x0 + x1 at node 0 and c = x2 at nodes 1 and 2: node 0 deals the unit vector at a, and both
 * others sum the entries that their halves select of the table from c on. Node 0 sends the generator's numbers with 1 added at the
 * place a; node 1, who has them without it, takes its sum off.
 */
import { kernels } from '#kernels';
import { type Components, known, type Node, sumOf } from './node.js';
import { bytesPart, type StepPlan, take, wordsOf } from './step.js';

type Words = BigUint64Array;

/** Of `count` places in a table. */
export const lookUpPlan = (
  count: number,
  entries: number,
  ringBits: number,
): StepPlan<readonly [Uint8Array], Words> => ({
  dealt: [bytesPart(Math.ceil((count * entries * ringBits) / 8))],
  result: wordsOf(count, ringBits),
});

/** x modulo 2^indexBits, a table of as many entries modulo 2^ringBits. */
export function lookUpTable(
  node: Node,
  x: Components<Words>,
  indexBits: number,
  table: Words,
  ringBits: number,
): Promise<Components<Words>> {
  const count = x[0].length;
  const plan = lookUpPlan(count, table.length, ringBits);
  return take(node, {
    ...plan,
    deal: () =>
      [
        (source) => {
          const fields = source.bytes(plan.dealt[0].byteLength);
          kernels.unitVectorAdd({ indexBits, ringBits, places: sumOf(x, indexBits), fields });
          return fields;
        },
      ] as const,
    summand(scratch, fields: Uint8Array) {
      const out = scratch.words(count);
      kernels.unitVectorSums({ indexBits, ringBits, shifts: known(node, x), table, fields, out });
      if (node.index === 1) kernels.ringNegate(out, ringBits, out);
      return out;
    },
  });
}
