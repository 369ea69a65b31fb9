/**
 * exp of BOLT: x = p - l ln 2 with an integer l, exp(x) = q(p) 2^-l with one square, and a shift by the bits of l. l comes from a
 * product with 1 / ln 2 that is rounded exactly, so p stays where q was fitted. q(p) = r² + offset with
 * r = √scale (p + shift), which is linear in x and l.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { shrink, widenNonNegative } from '../../inference/functions/fixed-point.js';
import { bitsOfNumber, obliviousShift } from '../../inference/functions/oblivious-shift.js';
import { EXP_FRACTION_BITS } from '../cipherprune/exponential.js';
import type { BoltExp } from './numbers.js';

/** l of at most 15, of which the last stands for 0: so small a power is below half a unit of the result. */
const PLACES_BITS = 4;
export const MOST_PLACES = 2 ** PLACES_BITS - 1;
/** Of 1 / ln 2, and of √scale. */
const COEFFICIENT_BITS = 10;
/** Of r and q. */
const FRACTION_BITS = 12;
/** The clip is compared in units of 1/4. */
const CLIP_FRACTION_BITS = 2;
/** |x| stays below 16 above the clip. */
const ARGUMENT_BITS = 4;

/** x [n] → x above the clip, else where l is MOST_PLACES */
async function clipped(mpc: Backend, x: SharedTensor, most: number): Promise<SharedTensor> {
  const coarse = mpc.truncateReduce(x, x.fractionBits - CLIP_FRACTION_BITS);
  const above = mpc.not(await mpc.isNegative(mpc.addPublic(coarse, most * Math.LN2)));
  const lowest = (MOST_PLACES + 0.5) * Math.LN2;
  return mpc.addPublic(await mpc.multiplex(above, mpc.addPublic(x, lowest)), -lowest);
}

/** exp, and how often its largest value is halved. */
export interface PowerAndPlaces {
  /** [n] at EXP_FRACTION_BITS in two bits more. */
  readonly power: SharedTensor;
  /** l [n], at most MOST_PLACES. */
  readonly places: SharedTensor;
}

/** x [n] of at most 0; numbers up to 16 must fit its ring. */
export const placedExponentialOf = ({ scale, shift, offset, most }: BoltExp) =>
  protocol('exp', async function exp(mpc: Backend, x: SharedTensor): Promise<PowerAndPlaces> {
    const { fractionBits } = x;
    const root = Math.sqrt(scale);
    const wideBits = ARGUMENT_BITS + fractionBits + COEFFICIENT_BITS + 2;
    const wide = await mpc.widen(await clipped(mpc, x, most), wideBits);

    // Half less, to nearest, is what lies below.
    const quotient = mpc.scale(mpc.negate(wide), 1 / Math.LN2, COEFFICIENT_BITS);
    const l = await mpc.round(mpc.addPublic(quotient, -0.5), quotient.fractionBits);
    const places = mpc.narrow(l, PLACES_BITS + 1);

    const sumBits = PLACES_BITS + FRACTION_BITS + 2;
    const line = shrink(mpc, mpc.scale(wide, root, COEFFICIENT_BITS), {
      ringBits: sumBits,
      fractionBits: FRACTION_BITS,
    });
    const steps = mpc.scale(await mpc.widen(l, sumBits), root * Math.LN2, FRACTION_BITS);
    const r = mpc.addPublic(mpc.add(line, steps), root * shift);
    const factor = mpc.narrow(r, FRACTION_BITS + 2);
    const square = await mpc.square(factor, 2 * FRACTION_BITS + 2, 'non-negative');
    const q = mpc.addPublic(mpc.truncateReduce(square, FRACTION_BITS), offset);

    const shiftable = await widenNonNegative(mpc, q, q.ringBits + MOST_PLACES);
    const power = await obliviousShift(mpc, shiftable, await bitsOfNumber(mpc, places, PLACES_BITS));
    return {
      power: shrink(mpc, power, { ringBits: EXP_FRACTION_BITS + 2, fractionBits: EXP_FRACTION_BITS }),
      places,
    };
  });

export type PlacedExponential = ReturnType<typeof placedExponentialOf>;
