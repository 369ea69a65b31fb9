/**
 * Sorting on shares by Batcher's bitonic network (AFIPS 1968), for any number of rows as H. W. Lang describes it: what is
 * compared with what is public, only whether two rows change places is not. About log2(n)²/2 steps of one comparison and one
 * selection a tensor.
 */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { type Pair, swapRows } from './swap-rows.js';

/** Afterwards the smaller key is at `low`. */
export interface Comparator {
  readonly low: number;
  readonly high: number;
}

/** The largest power of two below n, n at least 2. */
const halfPower = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

function* merge(begin: number, n: number, ascending: boolean): Iterable<Comparator> {
  if (n < 2) return;
  const m = halfPower(n);
  for (let i = begin; i < begin + n - m; i++)
    yield ascending ? { low: i, high: i + m } : { low: i + m, high: i };
  yield* merge(begin, m, ascending);
  yield* merge(begin + m, n - m, ascending);
}

function* sorted(begin: number, n: number, ascending: boolean): Iterable<Comparator> {
  if (n < 2) return;
  const half = n >> 1;
  yield* sorted(begin, half, !ascending);
  yield* sorted(begin + half, n - half, ascending);
  yield* merge(begin, n, ascending);
}

/** Steps of comparators that touch no row twice. */
export function bitonicNetwork(n: number): readonly (readonly Comparator[])[] {
  const steps: Comparator[][] = [];
  /** The first step in which a row is free. */
  const free = new Uint32Array(n);
  for (const comparator of sorted(0, n, true)) {
    const { low, high } = comparator;
    const step = Math.max(free[low]!, free[high]!);
    steps[step] ??= [];
    steps[step].push(comparator);
    free[low] = free[high] = step + 1;
  }
  return steps;
}

/** Rows [n, ...] that move together. */
export interface SortedRows {
  /** [n] */
  readonly keys: SharedTensor;
  readonly rows: readonly SharedTensor[];
}

/** Where each row is found after a step: the lows of all comparators, their highs, the rows that rest. */
function placesAfter(step: readonly Comparator[], n: number): { rest: Uint32Array; order: Uint32Array } {
  const order = new Uint32Array(n);
  const moved = new Uint8Array(n);
  step.forEach(({ low, high }, i) => {
    order[low] = i;
    order[high] = step.length + i;
    moved[low] = moved[high] = 1;
  });
  const rest = Uint32Array.from({ length: n }, (_, i) => i).filter((i) => moved[i] === 0);
  rest.forEach((row, i) => {
    order[row] = 2 * step.length + i;
  });
  return { rest, order };
}

/** One step: keys [n] and rows [n, ...] */
async function exchanged(
  mpc: Backend,
  step: readonly Comparator[],
  tensors: readonly SharedTensor[],
): Promise<SharedTensor[]> {
  const lows = Uint32Array.from(step, ({ low }) => low);
  const highs = Uint32Array.from(step, ({ high }) => high);
  const pairs = tensors.map((x): Pair => [mpc.gatherRows(x, lows), mpc.gatherRows(x, highs)]);
  const [low, high] = pairs[0]!;
  const swap = await mpc.isNegative(mpc.subtract(high, low));
  const swapped = await swapRows(mpc, swap, pairs);
  const { rest, order } = placesAfter(step, tensors[0]!.shape[0]!);
  return swapped.map(([a, b], t) =>
    mpc.gatherRows(mpc.concat([a, b, mpc.gatherRows(tensors[t]!, rest)], 0), order),
  );
}

/** By ascending keys. Differences of keys must fit their ring; rows with equal keys keep no order. */
export const bitonicSort = protocol(
  'sort',
  async (mpc: Backend, { keys, rows }: SortedRows): Promise<SortedRows> => {
    let tensors: readonly SharedTensor[] = [keys, ...rows];
    for (const step of bitonicNetwork(keys.shape[0]!)) tensors = await exchanged(mpc, step, tensors);
    return { keys: tensors[0]!, rows: tensors.slice(1) };
  },
);
