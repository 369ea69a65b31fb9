/**
 * Moving numbers between rings. A linear layer needs a wide ring; everything after it runs in the smallest ring that its
 * calibrated range allows, because comparisons and products cost by the bit. Going down is local; going up is one `widen`.
 */
import type { Backend, RowsWay } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { sizeOf } from '../core/shape.js';
import type { SharedBits, SharedTensor } from '../core/tensors.js';
import { scoped, scopedLocally } from './scoped.js';

/** Bits of the integer part of |values| up to `range`. */
export const integerBits = (range: number): number => Math.max(0, Math.ceil(Math.log2(range)));

/**
 * Bits that a signed value up to `range` takes with its sign, and with the headroom that `widen` asks for. A power of two
 * is met exactly only by rounding up, so callers give ranges with a margin.
 */
export const signedBits = (range: number, fractionBits: number): number =>
  integerBits(range) + fractionBits + 1;
export const wideningBits = (range: number, fractionBits: number): number =>
  signedBits(range, fractionBits) + 1;

/** Local: to `fractionBits`, then to the smaller ring. The value must fit. */
export function shrink(mpc: Backend, x: SharedTensor, { ringBits, fractionBits }: RingFormat): SharedTensor {
  if (x.ringBits === ringBits && x.fractionBits === fractionBits) return x;
  const dropped = x.fractionBits - fractionBits;
  return scopedLocally(mpc, () =>
    dropped < 0
      ? mpc.shiftLeft(mpc.narrow(x, ringBits), -dropped)
      : mpc.truncateReduce(mpc.narrow(x, ringBits + dropped), dropped),
  );
}

/** Bits of the largest ring that `shrink` can reach at so many fraction bits. */
const reachableBits = (x: RingFormat, fractionBits: number): number =>
  x.ringBits - Math.max(0, x.fractionBits - fractionBits);

/** What `convert` cuts a value up to `range` to, locally, before it goes on. */
export function convertedBy(
  x: RingFormat,
  { ringBits, fractionBits }: RingFormat,
  range: number,
): RingFormat {
  if (reachableBits(x, fractionBits) >= ringBits) return { ringBits, fractionBits };
  const scale = Math.min(fractionBits, x.fractionBits);
  return { ringBits: Math.min(reachableBits(x, scale), wideningBits(range, scale)), fractionBits: scale };
}

const shrunk = (mpc: Backend, x: SharedTensor, out: RingFormat, range: number): SharedTensor =>
  shrink(mpc, x, convertedBy(x, out, range));

/**
 * To any ring and scale: locally where the ring of x allows it, else with one `widen`. `range` bounds the value.
 */
export async function convert(
  mpc: Backend,
  x: SharedTensor,
  out: RingFormat,
  range: number,
): Promise<SharedTensor> {
  const { ringBits, fractionBits } = out;
  return scoped(mpc, async () => {
    const small = shrunk(mpc, x, out, range);
    if (small.ringBits === ringBits && small.fractionBits === fractionBits) return small;
    return mpc.shiftLeft(await mpc.widen(small, ringBits), fractionBits - small.fractionBits);
  });
}

/** What rows are converted to on their way: `range` bounds them. */
export interface OnTheWay {
  readonly out: RingFormat;
  readonly range: number;
}

const asItIs: RowsWay = async (_, x) => [x];
const converted =
  ({ out, range }: OnTheWay): RowsWay =>
  async (mpc, x) => [await convert(mpc, x, out, range)];

/**
 * x [rows, ...] as it moves before `convertBehind`: converted where that is done on demand, since it waits for nothing here; as it is where it was made
 * ahead, since it costs next to nothing then, and rows that move cost by the bit.
 */
export async function convertBefore(mpc: Backend, x: SharedTensor, to: OnTheWay): Promise<SharedTensor> {
  if (!mpc.ifMade) return convert(mpc, x, to.out, to.range);
  const small = shrunk(mpc, x, to.out, to.range);
  return (await mpc.ifMade(small, [], asItIs, converted(to))).tensors[0]!;
}

/** Rows of what `convertBefore` gave for a tensor of the format `from`. */
export async function convertBehind(
  mpc: Backend,
  rows: SharedTensor,
  from: RingFormat,
  to: OnTheWay,
): Promise<SharedTensor> {
  const { out, range } = to;
  const { ringBits } = out;
  const { ringBits: bits } = convertedBy(from, out, range);
  if (!mpc.ifMade || bits === ringBits) return convert(mpc, rows, out, range);
  const way = converted(to);
  const count = sizeOf(rows.shape.slice(1));
  return (await mpc.ifMade(rows, [[[{ kind: 'widen', count, bits, ringBits }]]], way, way)).tensors[0]!;
}

/** bits ? x : 0 of tensors of one shape, converted likewise: `range` bounds what is selected. */
export async function convertSelected(
  mpc: Backend,
  bits: SharedBits,
  x: SharedTensor,
  out: RingFormat,
  range: number,
): Promise<SharedTensor> {
  return scoped(mpc, async () => {
    const selected = await mpc.multiplex(bits, shrunk(mpc, x, out, range), out.ringBits);
    return mpc.shiftLeft(selected, out.fractionBits - selected.fractionBits);
  });
}

/** As `convert`, but what is dropped is rounded exactly: for what leads to an opened answer (`Backend.round`). */
export async function convertExactly(
  mpc: Backend,
  x: SharedTensor,
  { ringBits, fractionBits }: RingFormat,
  range: number,
): Promise<SharedTensor> {
  const dropped = Math.max(0, x.fractionBits - fractionBits);
  const kept = Math.min(ringBits, reachableBits(x, fractionBits));
  const narrow = kept === ringBits ? kept : Math.min(kept, wideningBits(range, fractionBits));
  return convert(
    mpc,
    await mpc.round(mpc.narrow(x, narrow + dropped), dropped),
    { ringBits, fractionBits },
    range,
  );
}

/**
 * Widens 0 <= x < 2^(ringBits - 1): moved down by half of that, such values need one bit less than signed ones.
 */
export async function widenNonNegative(
  mpc: Backend,
  x: SharedTensor,
  ringBits: number,
): Promise<SharedTensor> {
  const half = 2 ** (x.ringBits - 2 - x.fractionBits);
  return scoped(mpc, async () => mpc.addPublic(await mpc.widen(mpc.addPublic(x, -half), ringBits), half));
}

/** x [n] → [n, columns], every column the same. Local. */
export const repeatColumns = (mpc: Backend, x: SharedTensor, columns: number): SharedTensor =>
  mpc.transpose(mpc.broadcastRows(x, columns), [1, 0]);

/** Parts along the first axis, without the empty ones. */
export function concatRows(mpc: Backend, parts: readonly SharedTensor[]): SharedTensor {
  const present = parts.filter((part) => part.shape[0] !== 0);
  return present.length === 1 ? present[0]! : mpc.concat(present, 0);
}
