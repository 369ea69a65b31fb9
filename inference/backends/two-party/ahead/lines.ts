/**
 * Long tables (core/line-table.ts): the bits of an entry are read from a vector that was made ahead (look-ups.ts), while x is widened to the product's
 * ring; then each bit of the slope selects x, and those of the offset become a number. Two openings, behind those of x's rounding where it is exact.
 */
import { entryBitsOf, type LineTable, lowFactorOf, productFractionBits } from '../../../core/line-table.js';
import type { RingFormat } from '../../../core/ring-tensor.js';
import type { SharedBits, SharedTensor } from '../../../core/tensors.js';
import type { Use } from '../../../material/correlation.js';
import type { Backend } from '../../backend.js';
import type { Joining } from '../../scoped-backend.js';
import type { Turns } from '../context/turns.js';
import { bothBitsUse, carryUse } from '../products/bit-product.js';
import { topBitUse } from './signs.js';

/** Of an offset: expanded to the product's scale it fills the product's ring. */
function offsetRing({ line, offset, out }: LineTable): number {
  if (!line) return out.ringBits + offset.fractionBits - out.fractionBits;
  return line.ringBits - (productFractionBits(line) - offset.fractionBits);
}

/** Of rounding away `bits` bits exactly, in these turns (products/round.ts). */
function roundingUse(n: number, bits: number, ringBits: number, turns: Turns): Use {
  if (bits === 0) return [];
  const compared = topBitUse(n, bits + 1, turns);
  turns.takeTurn();
  return [...compared, ...carryUse(n, ringBits - 1)];
}

/** What is used of `n` numbers x beside their vectors, and how many protocols follow each other, where turns stand `before`. */
export function linesUse(
  n: number,
  x: RingFormat,
  table: LineTable,
  before: Turns,
): { readonly use: Use; readonly turns: number } {
  const { index, isRounded, line, offset } = table;
  const turns = before.fork();
  const dropped = x.fractionBits - index.fractionBits;
  const rounding = isRounded ? roundingUse(n, dropped, index.ringBits, turns) : [];
  // Reading, then converting.
  turns.takeTurn();
  turns.takeTurn();
  const ofLines = line && [
    ...carryUse(n, line.ringBits - line.factor.ringBits),
    ...(line.lowBits > 0 ? carryUse(n, line.ringBits - lowFactorOf(line).ringBits) : []),
    ...bothBitsUse(line.slope.ringBits * n, 1, line.ringBits),
  ];
  const ofOffsets = carryUse(offset.ringBits * n, offsetRing(table) - 1);
  return {
    use: [...rounding, ...(ofLines ?? []), ...ofOffsets],
    turns: turns.takenAhead - before.takenAhead,
  };
}

function cut(mpc: Backend, x: SharedTensor, { ringBits, fractionBits }: RingFormat): SharedTensor {
  const dropped = x.fractionBits - fractionBits;
  return mpc.truncateReduce(mpc.narrow(x, ringBits + dropped), dropped);
}

function rounded(
  mpc: Backend,
  x: SharedTensor,
  { ringBits, fractionBits }: RingFormat,
): Promise<SharedTensor> {
  const dropped = x.fractionBits - fractionBits;
  return mpc.round(mpc.narrow(x, ringBits + dropped), dropped);
}

/** Numbers [low + k, n] of bits → Σ 2^k of the first `low` and of the others [n] */
function weighted(mpc: Backend, numbers: SharedTensor, fractionBits: number, low = 0): SharedTensor {
  const weights = Array.from({ length: numbers.shape[0]! }, (_, bit) => 2 ** (bit < low ? bit : bit - low));
  return mpc.reinterpret(mpc.combine(mpc.reinterpret(numbers, 0), weights, 0), fractionBits);
}

/** x [n], cut, in a larger ring. Moved down by half of its range, a number without a sign is widened as one with a sign. */
async function widened(
  mpc: Backend,
  x: SharedTensor,
  factor: RingFormat,
  ringBits: number,
): Promise<SharedTensor> {
  const half = 2 ** (factor.ringBits - 2 - factor.fractionBits);
  return mpc.addPublic(await mpc.widen(mpc.addPublic(cut(mpc, x, factor), -half), ringBits), half);
}

/** x [n] → [n] in `table.out`; `entriesOf` gives the bits of the entries at an index [n] */
export async function readLines(
  mpc: Joining,
  x: SharedTensor,
  table: LineTable,
  entriesOf: (index: SharedTensor) => Promise<SharedBits>,
): Promise<SharedTensor> {
  const { index, isRounded, line, offset, out, least } = table;
  const offsetsOf = async (lane: Backend, bits: SharedBits): Promise<SharedTensor> =>
    weighted(lane, await lane.toArithmetic(bits, offsetRing(table)), offset.fractionBits);
  const place = isRounded ? await rounded(mpc, x, index) : cut(mpc, x, index);
  if (!line) return mpc.addPublic(cut(mpc, await offsetsOf(mpc, await entriesOf(place)), out), least);

  const { factor, slope, lowBits } = line;
  const [bits, wide, coarse] = (await mpc.together<SharedBits | SharedTensor>([
    () => entriesOf(place),
    (lane) => widened(lane, x, factor, line.ringBits),
    ...(lowBits > 0 ? [(lane: Backend) => widened(lane, x, lowFactorOf(line), line.ringBits)] : []),
  ])) as [SharedBits, SharedTensor, SharedTensor?];
  const fractionBits = productFractionBits(line);
  const high = mpc.broadcastRows(wide, slope.ringBits - lowBits);
  const factors = coarse
    ? mpc.concat([mpc.reinterpret(mpc.broadcastRows(coarse, lowBits), high.fractionBits), high], 0)
    : high;
  const [products, offsets] = (await mpc.together([
    (lane) => lane.multiplex(lane.sliceBits(bits, 0, 0, slope.ringBits), factors),
    (lane) => offsetsOf(lane, lane.sliceBits(bits, 0, slope.ringBits, entryBitsOf(table))),
  ])) as [SharedTensor, SharedTensor];
  const start = mpc.expand(offsets, fractionBits - offset.fractionBits);
  const result = mpc.subtract(start, weighted(mpc, products, fractionBits, lowBits));
  return mpc.addPublic(cut(mpc, result, out), least);
}
