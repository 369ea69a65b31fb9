/**
 * Row maxima by a tournament: max(a, b) = b + max(a - b, 0). A step is a comparison and a multiplexer, three or four messages. Where the
 * ring is small and pairs are few, it is cheaper to read a table: the sign of a - b, a bit for every number of the ring, saves one message;
 * max(a - b, 0) itself, k bits for each, saves two or three. The first step alone has half of all pairs, so the last ones cost little.
 */
import type { Backend } from '../backends/backend.js';
import { encode } from '../core/ring-tensor.js';
import { sizeOf } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { RingTensor, SharedTensor } from '../core/tensors.js';

const MOST_INDEX_BITS = 10;
/** Bytes of tables of either kind, for each column that the tournament began with: as many as a comparison and its COTs take. */
const TABLE_BYTES_A_COLUMN = 24;
/** And in all, where that is more: so few bytes are cheaper than a message. */
const FREE_TABLE_BYTES = 1 << 18;

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

/** One object a ring. */
function tablesOf(ringBits: number): Tables {
  let made = tables.get(ringBits);
  if (!made) {
    made = {
      sign: tableOf(ringBits, 1, (d) => (d < 0 ? -1 : 0)),
      positivePart: tableOf(ringBits, ringBits, (d) => Math.max(0, d)),
    };
    tables.set(ringBits, made);
  }
  return made;
}

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
    return mpc.reinterpret(await mpc.lookUp(d, tablesOf(ringBits).positivePart), fractionBits);
  // The sign of one bit is itself.
  const isNegative = await mpc.isNegative(fits(1) ? await mpc.lookUp(d, tablesOf(ringBits).sign) : d);
  return mpc.multiplex(mpc.not(isNegative), d);
}

/** x [columns, rows] → [rows]: the largest of each column set. Differences of elements must fit x's ring. */
export const maximum = protocol('max', async (mpc: Backend, x: SharedTensor): Promise<SharedTensor> => {
  const [columns, ...others] = x.shape as [number, ...number[]];
  const rows = sizeOf(others);
  const mostBytes = Math.max(FREE_TABLE_BYTES, TABLE_BYTES_A_COLUMN * columns * rows);
  let left = x;
  for (let n = columns; n > 1; n = left.shape[0]!) {
    const half = n >> 1;
    const b = mpc.slice(left, 0, half, 2 * half);
    const difference = mpc.subtract(mpc.slice(left, 0, 0, half), b);
    const winners = mpc.add(b, await positivePart(mpc, difference, (n - 1) * rows, mostBytes));
    left = n % 2 === 0 ? winners : mpc.concat([winners, mpc.slice(left, 0, n - 1, n)], 0);
  }
  return mpc.reshape(left, x.shape.slice(1));
});
