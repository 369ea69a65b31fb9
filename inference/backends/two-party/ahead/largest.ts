/**
 * Row maxima by groups (core/tournament.ts). With slots x_0 … x_m of a group and the signs s_ij of x_i - x_j, i < j, slot i wins where no sign says that it is
 * less than another one, the first of equal ones; the largest is x_m + Σ_(i<m) [i wins] (x_i - x_m), a conjunction of m bits
 * for each (conjunctions.ts). Three openings a step, two where signs are read from tables, one where max(a - b, 0) is.
 */
import type { SharedBits, SharedTensor } from '../../../core/tensors.js';
import {
  comparisonsOf,
  differenceTables,
  selectionsOf,
  type TournamentStep,
} from '../../../core/tournament.js';
import type { Use } from '../../../material/correlation.js';
import type { Backend } from '../../backend.js';
import type { Turns } from '../context/turns.js';
import { lookUpUse } from './look-ups.js';
import { topBitUse } from './signs.js';

/** What is used of `rows` rows: conjunctions, and the others; and how many protocols follow each other, where turns stand `before`. */
export function largestUse(
  rows: number,
  ringBits: number,
  steps: readonly TournamentStep[],
  before: Turns,
): { readonly selections: number; readonly use: Use; readonly turns: number } {
  const turns = before.fork();
  const useOf = (step: TournamentStep): Use => {
    const count = rows * step.groups * comparisonsOf(step);
    if (step.by === 'comparisons') return topBitUse(count, ringBits, turns);
    turns.takeTurn();
    return lookUpUse(count, ringBits, step.by === 'signs' ? 1 : ringBits);
  };
  const use = steps.map((step) => {
    const ofStep = useOf(step);
    if (step.by !== 'values') turns.takeTurn();
    return ofStep;
  });
  const selections = steps.reduce((sum, step) => sum + rows * selectionsOf(step), 0);
  return { selections, use: use.flat(), turns: turns.takenAhead - before.takenAhead };
}

/** Bits [k, n] and numbers [n] → the product of all [n] */
export type Conjunction = (bits: SharedBits, x: SharedTensor) => Promise<SharedTensor>;

/** Pairs i < j of so many slots. */
const pairsOf = (slots: number): (readonly [number, number])[] =>
  Array.from({ length: slots }, (_, i) =>
    Array.from({ length: slots - 1 - i }, (_, k) => [i, i + 1 + k] as const),
  ).flat();

/** x [columns, rows] as slots [groups, rows]; what is missing, the first columns stand for. */
function slotsOf(mpc: Backend, x: SharedTensor, { groups, arity }: TournamentStep): SharedTensor[] {
  const missing = groups * arity - x.shape[0]!;
  const whole = missing === 0 ? x : mpc.concat([x, mpc.slice(x, 0, 0, missing)], 0);
  return Array.from({ length: arity }, (_, i) => mpc.slice(whole, 0, i * groups, (i + 1) * groups));
}

/** x [columns, rows] → [groups, rows] */
async function winners(
  mpc: Backend,
  x: SharedTensor,
  step: TournamentStep,
  conjunction: Conjunction,
): Promise<SharedTensor> {
  const { groups, arity, by } = step;
  const slots = slotsOf(mpc, x, step);
  const last = slots.at(-1)!;
  const pairs = pairsOf(arity);
  const differences = pairs.map(([i, j]) => mpc.subtract(slots[i]!, slots[j]!));
  const all = mpc.concat(differences, 0);
  const { sign, positivePart } = differenceTables(x.ringBits);
  if (by === 'values')
    return mpc.add(last, mpc.reinterpret(await mpc.lookUp(all, positivePart), x.fractionBits));

  const isLess = await mpc.isNegative(by === 'signs' ? await mpc.lookUp(all, sign) : all);
  const isLessAt = (pair: number): SharedBits => mpc.sliceBits(isLess, 0, pair * groups, (pair + 1) * groups);
  const beats = (i: number, j: number): SharedBits => {
    const pair = pairs.findIndex(([a, b]) => a === Math.min(i, j) && b === Math.max(i, j));
    return i < j ? mpc.not(isLessAt(pair)) : isLessAt(pair);
  };
  const others = Array.from({ length: arity - 1 }, (_, i) => i);
  // [arity - 1, those who may win, groups, rows]
  const conditions = others.map((k) =>
    mpc.concatBits(
      others.map((i) => beats(i, k < i ? k : k + 1)),
      0,
    ),
  );
  const size = last.shape[0]! * last.shape[1]!;
  const bits = mpc.reshapeBits(mpc.concatBits(conditions, 0), [others.length, others.length * size]);
  const above = others.map((i) => differences[pairs.findIndex(([a, b]) => a === i && b === arity - 1)]!);
  const selected = await conjunction(bits, mpc.reshape(mpc.concat(above, 0), [others.length * size]));
  return mpc.add(last, mpc.sum(mpc.reshape(selected, [others.length, ...last.shape]), 0));
}

/** x [rows, columns] → [rows] */
export async function largestOf(
  mpc: Backend,
  x: SharedTensor,
  steps: readonly TournamentStep[],
  conjunction: Conjunction,
): Promise<SharedTensor> {
  let left = mpc.transpose(x, [1, 0]);
  for (const step of steps) left = await winners(mpc, left, step, conjunction);
  return mpc.reshape(left, [x.shape[0]!]);
}
