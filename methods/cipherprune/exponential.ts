/**
 * exp(x) for x at most slightly above 0, by the powers of numbers.ts: (1 + u + u²/2)^16 with u = x/16 on high
 * rows, (1 + x/8)^8 on low rows, 0 below a clip.
 *
 * An error before s squarings grows 2^s-fold near x = 0, so the numbers lose fraction bits on the way: 12, 11, 10, 9 on high
 * rows and 10, 9, 8 on low rows, which are coarser anyway; the last square keeps 10, for small values. Low rows start when
 * high rows have come down to their 10 bits, so that all squarings of low rows but the last are common to all.
 * Values lie in [0, 2): with f fraction bits they are squared from f + 2 into 2f + 2 bits, and truncated to f' + 2.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { concatRows, shrink, wideningBits } from '../../inference/functions/fixed-point.js';
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
  /** Fraction bits before each squaring that high rows have to themselves, and before those common to all; behind the last, the result's. */
  readonly highSteps: readonly [number, ...number[]];
  readonly commonSteps: readonly [number, ...number[]];
  /** base[2] is 2^-halvings: u² is read with so many more fraction bits. */
  readonly halvings: number;
}

/** @throws RangeError if the approximations are not 1 + u + 2^-k u² and 1 + u, or high rows have fewer common squarings than low ones */
function powersOf({ expHigh: high, expLow: low }: ExpNumbers): Powers {
  const halvings = -Math.log2(high.base[2] ?? 0);
  const isForm = [...high.base.slice(0, 2), ...low.base].every((c) => c === 1);
  if (high.base.length !== 3 || low.base.length !== 2 || !isForm || !Number.isInteger(halvings))
    throw new RangeError(
      `exp: expected bases 1, 1, 2^-k and 1, 1, got ${high.base.join(', ')} and ${low.base.join(', ')}`,
    );
  const common = low.squarings - 1;
  if (common < 1 || high.squarings < common)
    throw new RangeError(
      `exp: expected at least 2 squarings of low rows and at most one more than of high rows, got ${low.squarings} and ${high.squarings}`,
    );
  const stepsBefore = (count: number) => HIGH_LAST_FRACTION_BITS + count - 1;
  const own = Array.from({ length: high.squarings - common + 1 }, (_, i) => stepsBefore(high.squarings - i));
  const shared = Array.from({ length: common }, (_, i) => stepsBefore(common - i));
  return {
    high,
    low,
    highSteps: [stepsBefore(high.squarings), ...own.slice(1)],
    commonSteps: [stepsBefore(common), ...shared.slice(1), EXP_FRACTION_BITS],
    halvings,
  };
}

/** x in [0, 2) → x² in [0, 2) at `fractionBits`, both in rings of two more bits. */
async function squareStep(mpc: Backend, x: SharedTensor, fractionBits: number): Promise<SharedTensor> {
  const squared = await mpc.square(x, 2 * x.fractionBits + 2, 'non-negative');
  return mpc.truncateReduce(squared, 2 * x.fractionBits - fractionBits);
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

/** b ? 1 + u + u²/2 : 0, squared until low rows join. */
async function highPower(
  mpc: Backend,
  bits: SharedBits,
  x: SharedTensor,
  { high, highSteps, halvings }: Powers,
): Promise<SharedTensor> {
  const [n] = x.shape as [number];
  const format = { ringBits: highSteps[0] + 2, fractionBits: highSteps[0] };
  const one = mpc.constant(1, [n], x.ringBits, 0);
  const pair = mpc.concat([mpc.reshape(mpc.reinterpret(x, 0), [1, n]), mpc.reshape(one, [1, n])], 0);
  const chosen = await mpc.multiplex(bits, mpc.transpose(pair, [1, 0]));
  const column = (i: number) => mpc.reshape(mpc.slice(chosen, 1, i, i + 1), [n]);
  const u = mpc.reinterpret(column(0), x.fractionBits + high.squarings);
  const bit = mpc.narrow(column(1), format.ringBits);

  // u² has 20 fraction bits, u²/2 the same bits read with 21; truncated to 12.
  const halfSquareBits = 2 * HIGH_SQUARE_FRACTION_BITS + halvings;
  const ringBits = format.ringBits + halfSquareBits - format.fractionBits;
  const factor = {
    ringBits: wideningBits(1, HIGH_SQUARE_FRACTION_BITS),
    fractionBits: HIGH_SQUARE_FRACTION_BITS,
  };
  const squared = await mpc.square(shrink(mpc, u, factor), ringBits);
  const halfSquare = mpc.reinterpret(squared, halfSquareBits);
  const line = mpc.add(shrink(mpc, u, format), mpc.shiftLeft(bit, format.fractionBits));
  let power = mpc.add(line, shrink(mpc, halfSquare, format));
  for (const fractionBits of highSteps.slice(1)) power = await squareStep(mpc, power, fractionBits);
  return power;
}

/** b ? 1 + x/8 : 0 */
async function lowBase(
  mpc: Backend,
  bits: SharedBits,
  x: SharedTensor,
  { low, commonSteps: [fractionBits] }: Powers,
): Promise<SharedTensor> {
  const line = mpc.addPublic(mpc.reinterpret(x, x.fractionBits + low.squarings), 1);
  return shrink(mpc, await mpc.multiplex(bits, line), { ringBits: fractionBits + 2, fractionBits });
}

/** x² of low rows for the last time. */
function lastLowSquare(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
  const format = { ringBits: LOW_LAST_FRACTION_BITS + 2, fractionBits: LOW_LAST_FRACTION_BITS };
  return squareStep(mpc, shrink(mpc, x, format), EXP_FRACTION_BITS);
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
      const bits = await aboveClip(mpc, x, high, powers);
      const bases: SharedTensor[] = [];
      if (high > 0) {
        bases.push(await highPower(mpc, mpc.sliceBits(bits, 0, 0, high), mpc.slice(x, 0, 0, high), powers));
      }
      if (high < n)
        bases.push(await lowBase(mpc, mpc.sliceBits(bits, 0, high, n), mpc.slice(x, 0, high, n), powers));
      let power = mpc.concat(bases, 0);
      for (const fractionBits of powers.commonSteps.slice(1))
        power = await squareStep(mpc, power, fractionBits);
      if (high === n) return power;
      const low = await lastLowSquare(mpc, mpc.slice(power, 0, high, n));
      return concatRows(mpc, [mpc.slice(power, 0, 0, high), low]);
    },
  );
}

export type Exponential = ReturnType<typeof exponentialOf>;
