/**
 * Row maxima by a tournament: max(a, b) = b + max(a - b, 0). A step is a comparison and a multiplexer, three or four messages. Where the
 * ring is small and pairs are few, it is cheaper to read a table: the sign of a - b, a bit for every number of the ring, saves one message;
 * max(a - b, 0) itself, k bits for each, saves two or three. The first step alone has half of all pairs, so the last ones cost little.
 *
 * Where material was made ahead, comparisons cost little of the line and messages count alone: then groups of four (core/tournament.ts), half as many
 * steps. The result is the same number.
 */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { comparisonsOf, differenceTables, type TournamentStep } from '../core/tournament.js';

const MOST_INDEX_BITS = 10;
/** Bytes of tables of either kind, for each column that the tournament began with: as many as a comparison and its COTs take. */
const TABLE_BYTES_A_COLUMN = 24;
/** And in all, where that is more: so few bytes are cheaper than a message. */
const FREE_TABLE_BYTES = 1 << 18;

const MOST_IN_GROUP = 4;
/** Of the vectors that a step's tables are read from, if they were made ahead: a message less is worth so many. */
const MOST_VECTOR_BYTES = 1 << 22;

/** max(d, 0), where the steps from this one on have so many pairs in all, and tables may take so many bytes. */
async function positivePart(
  mpc: Backend,
  d: SharedTensor,
  pairs: number,
  mostBytes: number,
): Promise<SharedTensor> {
  const { ringBits, fractionBits } = d;
  const fits = (entryBits: number): boolean =>
    ringBits <= MOST_INDEX_BITS && (pairs * 2 ** ringBits * entryBits) / 8 <= mostBytes;
  if (fits(ringBits))
    return mpc.reinterpret(await mpc.lookUp(d, differenceTables(ringBits).positivePart), fractionBits);
  // The sign of one bit is itself.
  const isNegative = await mpc.isNegative(fits(1) ? await mpc.lookUp(d, differenceTables(ringBits).sign) : d);
  return mpc.multiplex(mpc.not(isNegative), d);
}

/** x [rows, columns] → [rows] */
async function byPairs(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
  const [rows, columns] = x.shape as [number, number];
  const mostBytes = Math.max(FREE_TABLE_BYTES, TABLE_BYTES_A_COLUMN * columns * rows);
  let left = mpc.transpose(x, [1, 0]);
  for (let n = columns; n > 1; n = left.shape[0]!) {
    const half = n >> 1;
    const b = mpc.slice(left, 0, half, 2 * half);
    const difference = mpc.subtract(mpc.slice(left, 0, 0, half), b);
    const winners = mpc.add(b, await positivePart(mpc, difference, (n - 1) * rows, mostBytes));
    left = n % 2 === 0 ? winners : mpc.concat([winners, mpc.slice(left, 0, n - 1, n)], 0);
  }
  return mpc.reshape(left, [rows]);
}

/** Groups as equal as they can be, in as few steps as groups of four take. */
function groupSteps(rows: number, columns: number, ringBits: number): TournamentStep[] {
  const fits = (tables: number, entryBits: number): boolean =>
    ringBits <= MOST_INDEX_BITS && (tables * rows * 2 ** ringBits * entryBits) / 8 <= MOST_VECTOR_BYTES;
  const steps: TournamentStep[] = [];
  for (let n = columns; n > 1; n = steps.at(-1)!.groups) {
    const groups = Math.ceil(n / MOST_IN_GROUP);
    const step = { groups, arity: Math.ceil(n / groups), by: 'comparisons' } as const;
    const signs = fits(groups * comparisonsOf(step), 1) ? 'signs' : 'comparisons';
    steps.push({ ...step, by: n === 2 && fits(1, ringBits) ? 'values' : signs });
  }
  return steps;
}

/** x [rows, columns] → [rows]: the largest of each row. Differences of elements must fit x's ring. */
export const maximum = protocol('max', async (mpc: Backend, x: SharedTensor): Promise<SharedTensor> => {
  const [rows, columns] = x.shape as [number, number];
  if (!mpc.largest || columns <= 2) return byPairs(mpc, x);
  return mpc.largest(x, groupSteps(rows, columns, x.ringBits), byPairs);
});
