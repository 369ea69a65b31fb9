/**
 * Row maxima from groups, as they are found where material was made ahead (Backend.largest): each number of a group is compared with each other
 * one at once, and what wins against all others is selected.
 */
import { encode } from './ring-tensor.js';
import type { RingTensor } from './tensors.js';

export interface TournamentStep {
  readonly groups: number;
  /** Numbers of a group, 2 to 4. */
  readonly arity: number;
  /**
   * How a group's winner is found: the signs of differences by comparison or from tables, then a selection; or, of two numbers, max(a - b, 0)
   * from a table.
   */
  readonly by: 'comparisons' | 'signs' | 'values';
}

/** Of a group. */
export const comparisonsOf = ({ arity }: TournamentStep): number => (arity * (arity - 1)) / 2;

/** Numbers that are selected, in all groups of a row. */
export const selectionsOf = ({ groups, arity, by }: TournamentStep): number =>
  by === 'values' ? 0 : groups * (arity - 1);

interface Tables {
  /** 1 for d < 0 */
  readonly sign: RingTensor;
  /** max(d, 0) */
  readonly positivePart: RingTensor;
}

const tables = new Map<number, Tables>();

function tableOf(indexBits: number, ringBits: number, entry: (d: number) => number): RingTensor {
  const size = 2 ** indexBits;
  const values = Float64Array.from({ length: size }, (_, i) => entry(i < size / 2 ? i : i - size));
  return encode(values, [size], { ringBits, fractionBits: 0 });
}

/** Of differences d, for each ring one object. */
export function differenceTables(ringBits: number): Tables {
  const made = tables.get(ringBits) ?? {
    sign: tableOf(ringBits, 1, (d) => (d < 0 ? -1 : 0)),
    positivePart: tableOf(ringBits, ringBits, (d) => Math.max(0, d)),
  };
  tables.set(ringBits, made);
  return made;
}
