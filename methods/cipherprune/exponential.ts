/**
 * exp(x) for x at most slightly above 0, by what each party knows of x (Backend.exponential): e^x itself, in one exchange. Rows of low
 * degree have it too: the published power (1 + x/8)^8 costs more than this.
 *
 * The exchange grows with the range of x, of which only the last 12 are not 0. Where that would cost too much, e^x is computed of x modulo
 * a range of 32, while a table of one bit tells whether it is near 0, and selected where it is.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { encode } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { RingTensor, SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { integerBits } from '../../inference/functions/fixed-point.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';

/** Fraction bits of the result; its ring has two more. */
export const EXP_FRACTION_BITS = 10;
/** Fraction bits of the argument. */
export const EXP_INPUT_FRACTION_BITS = 8;
/** Above 0, and below the range by rounding. */
const MARGIN = 1;
/** What Backend.exponential leaves out of a range. */
const UNUSED_RANGE = 4;

/** Ranges of 2^6 are cheap enough; of more, numbers are computed modulo 2^5. */
const MOST_RANGE_BITS = 6;
const WINDOW_BITS = 5;
/** A message or two less are worth so many bytes. */
const FREE_BYTES = 1 << 18;
/** For each number and each 4 of its range. */
const BYTES_A_PLACE = 3.5;

/** Where x lies is read in units of 4, and so rounded by less than one of them: what is above -12 is not below -5 units. */
const UNIT_BITS = 2;
const LEAST_UNITS = -5;

const windows = new Map<number, RingTensor>();

/** Is a number of so many bits, of which only 0 and 1 are not below 0, at least LEAST_UNITS? One object a ring. */
function windowTable(indexBits: number): RingTensor {
  const size = 2 ** indexBits;
  let table = windows.get(indexBits);
  if (!table) {
    const isInside = (word: number): boolean => word <= 1 || word >= size + LEAST_UNITS;
    const values = Float64Array.from({ length: size }, (_, word) => (isInside(word) ? -1 : 0));
    table = encode(values, [size], { ringBits: 1, fractionBits: 0 });
    windows.set(indexBits, table);
  }
  return table;
}

const ringBitsOf = (x: SharedTensor, rangeBits: number): number =>
  Math.min(EXP_INPUT_FRACTION_BITS + rangeBits, x.ringBits);

/** x in [1 - 2^rangeBits, 1) modulo that range: a sign takes no bit. */
function inRange(mpc: Backend, x: SharedTensor, rangeBits: number): SharedTensor {
  const middle = 2 ** (rangeBits - 1) - 1;
  return mpc.addPublic(mpc.narrow(mpc.addPublic(x, middle), ringBitsOf(x, rangeBits)), -middle);
}

/** Is x near 0, so that it is the number that it is modulo 2^WINDOW_BITS? Between -24 and -20 either is right. */
async function isNear(mpc: Backend, x: SharedTensor, rangeBits: number): Promise<SharedBits> {
  const units = mpc.truncateReduce(inRange(mpc, x, rangeBits), EXP_INPUT_FRACTION_BITS + UNIT_BITS);
  // The sign of one bit is itself.
  return mpc.isNegative(await mpc.lookUp(units, windowTable(units.ringBits)));
}

/**
 * x [n] with EXP_INPUT_FRACTION_BITS, of which the first `high` are in high degree where there is a choice, -spread - 1 < x <= 0.65 → [n]
 * with EXP_FRACTION_BITS, in a ring of two more bits.
 */
export type Exponential = (
  mpc: Backend,
  x: SharedTensor,
  high: number,
  spread: number,
) => Promise<SharedTensor>;

export const exponential: Exponential = protocol(
  'exp',
  async function exp(mpc: Backend, x: SharedTensor, _high: number, spread: number): Promise<SharedTensor> {
    const rangeBits = Math.max(UNIT_BITS + 1, integerBits(spread + 2 * MARGIN + UNUSED_RANGE));
    const bytes = x.shape[0]! * 2 ** (rangeBits - UNIT_BITS) * BYTES_A_PLACE;
    if (rangeBits <= MOST_RANGE_BITS || bytes <= FREE_BYTES)
      return mpc.exponential(inRange(mpc, x, rangeBits), EXP_FRACTION_BITS);
    const window = (lane: Backend) =>
      lane.narrowLoosely(x, ringBitsOf(x, WINDOW_BITS), 2 ** WINDOW_BITS - MARGIN - UNUSED_RANGE);
    const [near, power] = await sideBySide<SharedBits, [SharedTensor]>(
      mpc,
      (lane) => isNear(lane, x, rangeBits),
      (lane) => lane.exponential(window(lane), EXP_FRACTION_BITS),
    );
    return mpc.multiplex(near, power);
  },
);
