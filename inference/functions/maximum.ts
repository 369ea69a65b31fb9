/**
 * Row maxima by a tournament: max(a, b) = b + max(a - b, 0). While there are many pairs, a comparison and a multiplexer (four
 * messages); once they are few and their ring is small, max(d, 0) is read from a table, in one message: 2^k entries of k bits a pair, where
 * the first step alone has half of all pairs.
 */
import type { Backend } from '../backends/backend.js';
import { encode } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { RingTensor, SharedTensor } from '../core/tensors.js';

/** Of a table's index and entries. */
const MOST_TABLE_BITS = 10;
/** Bytes of tables, for each column that the tournament began with: as many as a comparison and its COTs take. */
const TABLE_BYTES_A_COLUMN = 32;

const tables = new Map<number, RingTensor>();

/** max(d, 0) for d in a ring. One object a ring. */
function positivePart(ringBits: number): RingTensor {
  const known = tables.get(ringBits);
  if (known) return known;
  const half = 2 ** (ringBits - 1);
  const values = Float64Array.from({ length: 2 * half }, (_, d) => (d < half ? d : 0));
  const format = { ringBits, fractionBits: 0 };
  const table = { shape: [2 * half], ...format, data: encode(values, [2 * half], format).data };
  tables.set(ringBits, table);
  return table;
}

/** max(d, 0) */
async function positive(mpc: Backend, d: SharedTensor, fromTable: boolean): Promise<SharedTensor> {
  if (!fromTable) return mpc.multiplex(mpc.not(await mpc.isNegative(d)), d);
  return mpc.reinterpret(await mpc.lookUp(d, positivePart(d.ringBits)), d.fractionBits);
}

/** x [columns, rows] → [rows]: the largest of each column set. Differences of elements must fit x's ring. */
export const maximum = protocol('max', async (mpc: Backend, x: SharedTensor): Promise<SharedTensor> => {
  const columns = x.shape[0]!;
  const tableBytes = (2 ** x.ringBits * x.ringBits) / 8;
  let left = x;
  for (let n = columns; n > 1; n = left.shape[0]!) {
    const half = n >> 1;
    // This step and those behind it have n - 1 pairs.
    const fromTable = x.ringBits <= MOST_TABLE_BITS && (n - 1) * tableBytes <= TABLE_BYTES_A_COLUMN * columns;
    const b = mpc.slice(left, 0, half, 2 * half);
    const winners = mpc.add(b, await positive(mpc, mpc.subtract(mpc.slice(left, 0, 0, half), b), fromTable));
    left = n % 2 === 0 ? winners : mpc.concat([winners, mpc.slice(left, 0, n - 1, n)], 0);
  }
  return mpc.reshape(left, x.shape.slice(1));
});
