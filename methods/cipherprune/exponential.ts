/**
 * exp(x) for x at most slightly above 0, by the powers of numbers.ts: (1 + u + u²/2)^16 with u = x/16 on high
 * rows, (1 + x/8)^8 on low rows, 0 below a clip.
 *
 * The base is computed of x modulo a small ring while x is compared with the clip, and selected above it; high rows and low rows go
 * on side by side. An error before s squarings grows 2^s-fold near x = 0, so the numbers lose fraction bits on the way: 12, 11,
 * 10, 9 on high rows and 10, 9, 8 on low rows, which are coarser anyway; the last square keeps 10, for small values.
 * Values lie in [0, 2): with f fraction bits they are squared from f + 2 into 2f + 2 bits, and truncated to f' + 2.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { concatRows, shrink, wideningBits } from '../../inference/functions/fixed-point.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';
import type { CipherPruneNumbers, ExpApproximation } from './numbers.js';

type ExpNumbers = Pick<CipherPruneNumbers, 'expHigh' | 'expLow'>;

/** Fraction bits of the result; its ring has two more. */
export const EXP_FRACTION_BITS = 10;
/** Fraction bits of the argument. */
export const EXP_INPUT_FRACTION_BITS = 8;
/** Fraction bits before the last squaring of high and of low rows; one more before each squaring that comes earlier. */
const HIGH_LAST_FRACTION_BITS = 9;
const LOW_LAST_FRACTION_BITS = 8;
/** Of u = x/16 as a factor. */
const HIGH_SQUARE_FRACTION_BITS = 10;
/** The clip is compared in units of 1/4, and half a unit early, so that a base is never negative. */
const CLIP_FRACTION_BITS = 2;
const CLIP_MARGIN = 0.5;

/** What the functions below need of the two approximations. */
interface Powers {
  readonly high: ExpApproximation;
  readonly low: ExpApproximation;
  /** Fraction bits before each squaring. */
  readonly highSteps: readonly [number, ...number[]];
  readonly lowSteps: readonly [number, ...number[]];
  /** base[2] is 2^-halvings: u² is read with so many more fraction bits. */
  readonly halvings: number;
}

const stepsOf = (squarings: number, last: number): [number, ...number[]] => [
  last + squarings - 1,
  ...Array.from({ length: squarings - 1 }, (_, i) => last + squarings - 2 - i),
];

/** @throws RangeError if the approximations are not 1 + u + 2^-k u² and 1 + u, squared at least once */
function powersOf({ expHigh: high, expLow: low }: ExpNumbers): Powers {
  const halvings = -Math.log2(high.base[2] ?? 0);
  const isForm = [...high.base.slice(0, 2), ...low.base].every((c) => c === 1);
  if (high.base.length !== 3 || low.base.length !== 2 || !isForm || !Number.isInteger(halvings))
    throw new RangeError(
      `exp: expected bases 1, 1, 2^-k and 1, 1, got ${high.base.join(', ')} and ${low.base.join(', ')}`,
    );
  if (low.squarings < 1 || high.squarings < 1)
    throw new RangeError(
      `exp: expected at least one squaring of low and of high rows, got ${low.squarings} and ${high.squarings}`,
    );
  return {
    high,
    low,
    highSteps: stepsOf(high.squarings, HIGH_LAST_FRACTION_BITS),
    lowSteps: stepsOf(low.squarings, LOW_LAST_FRACTION_BITS),
    halvings,
  };
}

/** Is x above the clip? */
async function aboveClip(
  mpc: Backend,
  x: SharedTensor,
  count: number,
  { high, low }: Powers,
): Promise<SharedBits> {
  const dropped = x.fractionBits - CLIP_FRACTION_BITS;
  const small = mpc.truncateReduce(x, dropped);
  const rows = x.shape[0]!;
  const parts = [
    mpc.addPublic(mpc.slice(small, 0, 0, count), -high.zeroBelow - CLIP_MARGIN),
    mpc.addPublic(mpc.slice(small, 0, count, rows), -low.zeroBelow - CLIP_MARGIN),
  ];
  return mpc.not(await mpc.isNegative(concatRows(mpc, parts)));
}

/** x as u = x/2^squarings, where it lies above the clip; any number below. Local. */
function argument(
  mpc: Backend,
  x: SharedTensor,
  ringBits: number,
  { squarings, zeroBelow }: ExpApproximation,
): SharedTensor {
  const small = mpc.narrowLoosely(x, Math.min(x.ringBits, ringBits), -zeroBelow + CLIP_MARGIN);
  return mpc.reinterpret(small, x.fractionBits + squarings);
}

/** 1 + u + u²/2 */
async function highBase(
  mpc: Backend,
  x: SharedTensor,
  { high, highSteps: [fractionBits], halvings }: Powers,
): Promise<SharedTensor> {
  const format = { ringBits: fractionBits + 2, fractionBits };
  const factor = {
    ringBits: wideningBits(1, HIGH_SQUARE_FRACTION_BITS),
    fractionBits: HIGH_SQUARE_FRACTION_BITS,
  };
  const scale = x.fractionBits + high.squarings;
  const needed = [format, factor].map((each) => each.ringBits + Math.max(0, scale - each.fractionBits));
  const u = argument(mpc, x, Math.max(...needed), high);
  // u² has 20 fraction bits, u²/2 the same bits read with 21; truncated to 12.
  const halfSquareBits = 2 * HIGH_SQUARE_FRACTION_BITS + halvings;
  const squared = await mpc.square(
    shrink(mpc, u, factor),
    format.ringBits + halfSquareBits - format.fractionBits,
  );
  const halfSquare = shrink(mpc, mpc.reinterpret(squared, halfSquareBits), format);
  return mpc.addPublic(mpc.add(shrink(mpc, u, format), halfSquare), 1);
}

/** 1 + u. Local. */
function lowBase(mpc: Backend, x: SharedTensor, { low, lowSteps: [fractionBits] }: Powers): SharedTensor {
  const format = { ringBits: fractionBits + 2, fractionBits };
  const dropped = Math.max(0, x.fractionBits + low.squarings - fractionBits);
  return mpc.addPublic(shrink(mpc, argument(mpc, x, format.ringBits + dropped, low), format), 1);
}

/** b ? base : 0, squared once a step; in [0, 2) all the way. */
async function power(
  mpc: Backend,
  bits: SharedBits,
  base: SharedTensor,
  steps: readonly number[],
): Promise<SharedTensor> {
  let x = await mpc.multiplex(bits, base);
  for (const fractionBits of [...steps.slice(1), EXP_FRACTION_BITS]) {
    const squared = await mpc.square(x, 2 * x.fractionBits + 2, 'non-negative');
    x = mpc.truncateReduce(squared, 2 * x.fractionBits - fractionBits);
  }
  return x;
}

/**
 * x [n] with EXP_INPUT_FRACTION_BITS, the first `high` elements in high degree → [n] with EXP_FRACTION_BITS, in a ring of
 * two more bits.
 */
export function exponentialOf(numbers: ExpNumbers) {
  const powers = powersOf(numbers);
  return protocol(
    'exp',
    async function exp(mpc: Backend, x: SharedTensor, high: number): Promise<SharedTensor> {
      const [n] = x.shape as [number];
      const [bits, base] = await sideBySide<SharedBits, [SharedTensor]>(
        mpc,
        (lane) => aboveClip(lane, x, high, powers),
        (lane) => highBase(lane, lane.slice(x, 0, 0, high), powers),
      );
      const parts = await sideBySide<SharedTensor, [SharedTensor]>(
        mpc,
        (lane) => power(lane, lane.sliceBits(bits, 0, 0, high), base, powers.highSteps),
        (lane) => {
          const rest = lowBase(lane, lane.slice(x, 0, high, n), powers);
          return power(lane, lane.sliceBits(bits, 0, high, n), rest, powers.lowSteps);
        },
      );
      return concatRows(mpc, parts);
    },
  );
}

export type Exponential = ReturnType<typeof exponentialOf>;
