/**
 * Operations that go another way where their material lies ready, in fewer messages. Where it does not, the way of on demand is gone beside what is
 * made ahead, and turns stand as if it had been the other one: a chain goes on alike at both parties and in both cases.
 */
import { entryBitsOf, type LineTable } from '../../../core/line-table.js';
import { sizeOf } from '../../../core/shape.js';
import type { PrivateTensor, SharedBits, SharedTensor } from '../../../core/tensors.js';
import type { TournamentStep } from '../../../core/tournament.js';
import type { Backend, MadeRows } from '../../backend.js';
import { bitsOf, dataOf, localBits, localTensor } from '../../local-backend.js';
import * as operations from '../../operations.js';
import { type Joining, withinScope } from '../../scoped-backend.js';
import type { Turns } from '../context/turns.js';
import type { Multiplications } from '../products/multiplications.js';
import { type Conjunction, largestOf, largestUse } from './largest.js';
import { linesUse, readLines } from './lines.js';
import { TURNS_OF_SELECTION } from './selections.js';
import { wantedUse } from './wanted.js';

/** A backend as its operations see it. */
export interface Ways {
  readonly mpc: Joining;
  /** The same parties without what was made ahead, in the same turns; null where nothing is made ahead. */
  readonly beside: Backend | null;
  readonly turns: Turns;
  readonly multiplications: Multiplications;
}

/** The way of on demand. */
export type Otherwise = (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>;

/** bits ? x : 0 [n] in the larger ring of `format`: ahead one message each way, on demand a multiplexer and a widening. */
export async function multiplexInto(
  { mpc, beside, turns, multiplications }: Ways,
  bits: SharedBits,
  x: SharedTensor,
  format: operations.TensorFormat,
): Promise<SharedTensor> {
  const { ringBits } = format;
  const [before, count] = [turns.fork(), sizeOf(x.shape)];
  const select = count > 0 ? multiplications.selections?.(x.ringBits, ringBits, count) : null;
  if (select)
    return localTensor(await select(bitsOf(bits), dataOf(x), turns.takeTurn().first), x.shape, format);
  const way = beside ?? mpc;
  const wide = await way.widen(await way.multiplex(bits, x), ringBits);
  if (count > 0) turns.standAhead(before, TURNS_OF_SELECTION);
  return wide;
}

/** Backend.lines */
export async function lines(
  { mpc, beside, turns, multiplications }: Ways,
  x: SharedTensor,
  table: LineTable,
  otherwise: Otherwise,
): Promise<SharedTensor> {
  const { shape } = operations.lines(x, table);
  const [before, count] = [turns.fork(), sizeOf(shape)];
  if (!multiplications.longTable || count === 0) return otherwise(mpc, x);
  const { use, turns: taken } = linesUse(count, x, table, before);
  const read = multiplications.longTable(table.index.ringBits, count, use);
  if (!read) {
    const result = await otherwise(beside ?? mpc, x);
    turns.standAhead(before, taken);
    return result;
  }
  const entryBits = entryBitsOf(table);
  const entriesOf = async (at: SharedTensor): Promise<SharedBits> => {
    const bits = await read(dataOf(at), table.entries(), entryBits, turns.takeTurn().first);
    return localBits(bits, [entryBits, count]);
  };
  return withinScope(mpc, x, (lane) => readLines(lane, x, table, entriesOf));
}

/** Backend.largest */
export async function largest(
  { mpc, beside, turns, multiplications }: Ways,
  x: SharedTensor,
  steps: readonly TournamentStep[],
  otherwise: Otherwise,
): Promise<SharedTensor> {
  const { shape } = operations.largest(x, steps);
  const before = turns.fork();
  const { selections, use, turns: taken } = largestUse(sizeOf(shape), x.ringBits, steps, before);
  if (!multiplications.conjunctions || selections === 0) return otherwise(mpc, x);
  const multiply = multiplications.conjunctions(x.ringBits, selections, use);
  if (!multiply) {
    const result = await otherwise(beside ?? mpc, x);
    turns.standAhead(before, taken);
    return result;
  }
  const conjunction: Conjunction = async (bits, numbers) => {
    const [data, count] = [bitsOf(bits), sizeOf(numbers.shape)];
    const each = Array.from({ length: bits.shape[0]! }, (_, k) => data.subarray(k * count, (k + 1) * count));
    const { first } = turns.takeTurn();
    return localTensor(await multiply(each, dataOf(numbers), first), numbers.shape, numbers);
  };
  return withinScope(mpc, x, (lane) => largestOf(lane, x, steps, conjunction));
}

/** Backend.ifMade */
export async function ifMade(
  { mpc, beside, turns, multiplications }: Ways,
  ...[x, wanted, ahead, otherwise]: Parameters<NonNullable<Backend['ifMade']>>
): Promise<MadeRows> {
  const before = turns.fork();
  const { isReady, registerFactors } = multiplications;
  if (!isReady || !registerFactors || sizeOf(x.shape) === 0)
    return { isAhead: false, tensors: await otherwise(mpc, x) };
  const indexOfFactors = (factors: PrivateTensor) => registerFactors.call(multiplications, factors);
  const { use, turns: made } = wantedUse(wanted, x.shape[0]!, before, indexOfFactors);
  if (isReady.call(multiplications, use)) return { isAhead: true, tensors: await ahead(mpc, x) };
  const tensors = await otherwise(beside ?? mpc, x);
  turns.standAheadAs(made);
  return { isAhead: false, tensors };
}
