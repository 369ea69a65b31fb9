/**
 * Long tables of lines (core/line-table.ts): while x is widened to the product's ring, the bits of its entry are read from a vector that was made
 * ahead (look-ups.ts); then each bit of the slope selects x, and those of the offset become a number. Two openings.
 */
import { peerOf, type SharedBits, type SharedTensor } from '../../../core/tensors.js';
import type { RingFormat } from '../../../core/ring-tensor.js';
import type { Use } from '../../../material/demand.js';
import type { Backend } from '../../backend.js';
import type { LineTable } from '../../../core/line-table.js';
import type { Turns } from '../context/turns.js';
import { bitUse, bothBitsUse } from '../products/bit-product.js';

/** How many protocols one after the other. */
export const LINES_TURNS = 2;

/** Of an offset, so that expanded to the product's scale it fills the product's ring. */
const offsetRing = ({ ringBits, slope, factor, offset }: LineTable): number =>
  ringBits - (slope.fractionBits + factor.fractionBits - offset.fractionBits);

/** What is used of `n` numbers beside their vectors, where `turns` stand. */
export function linesUse(n: number, table: LineTable, turns: Turns): Use {
  const { factor, slope, offset, ringBits } = table;
  const first = turns.nextAhead;
  return [
    ...bitUse(n, ringBits - factor.ringBits, first),
    ...bothBitsUse(slope.ringBits * n, 1, ringBits),
    ...bitUse(offset.ringBits * n, offsetRing(table) - 1, peerOf(first)),
  ];
}

function cut(mpc: Backend, x: SharedTensor, { ringBits, fractionBits }: RingFormat): SharedTensor {
  const dropped = x.fractionBits - fractionBits;
  return mpc.truncateReduce(mpc.narrow(x, ringBits + dropped), dropped);
}

/** bits [k, n] → Σ 2^k of what `asNumbers` makes of them [n] */
const weighted = (mpc: Backend, numbers: SharedTensor): SharedTensor =>
  mpc.combine(
    numbers,
    Array.from({ length: numbers.shape[0]! }, (_, bit) => 2 ** bit),
    0,
  );

/** x [n] → [n] in `table.out`; `entriesOf` gives the bits of the entries at an index [n] */
export async function readLines(
  mpc: Backend & Required<Pick<Backend, 'together'>>,
  x: SharedTensor,
  table: LineTable,
  entriesOf: (index: SharedTensor) => Promise<SharedBits>,
): Promise<SharedTensor> {
  const { factor, slope, offset, ringBits, out } = table;
  const [n] = x.shape as [number];
  // Moved down by half of its range, a number without a sign is widened as one with a sign.
  const half = 2 ** (factor.ringBits - 2 - factor.fractionBits);
  const small = mpc.addPublic(cut(mpc, x, factor), -half);
  const [bits, wide] = (await mpc.together<SharedBits | SharedTensor>([
    () => entriesOf(cut(mpc, x, table.index)),
    async (lane) => lane.addPublic(await lane.widen(small, ringBits), half),
  ])) as [SharedBits, SharedTensor];
  const slopes = mpc.sliceBits(bits, 0, 0, slope.ringBits);
  const offsets = mpc.sliceBits(bits, 0, slope.ringBits, slope.ringBits + offset.ringBits);
  const [products, numbers] = (await mpc.together([
    (lane) => lane.multiplex(slopes, lane.broadcastRows(wide, slope.ringBits)),
    (lane) => lane.toArithmetic(offsets, offsetRing(table)),
  ])) as [SharedTensor, SharedTensor];
  const fractionBits = slope.fractionBits + factor.fractionBits;
  const product = mpc.reinterpret(weighted(mpc, products), fractionBits);
  const start = mpc.reinterpret(weighted(mpc, numbers), offset.fractionBits);
  const result = mpc.subtract(mpc.expand(start, fractionBits - offset.fractionBits), product);
  return cut(mpc, mpc.reshape(result, [n]), out);
}
