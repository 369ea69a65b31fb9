/**
 * GELU by the polynomials of numbers.ts: y/2 + q(y²/8) + max(x - clip, 0), y = x clamped. High rows use degree
 * 8, low rows degree 2.
 *
 * Nothing is clamped: the inner part y/2 + q is computed of x modulo a small ring, while x is compared with both clips, and selected
 * where x lies between them; what it is elsewhere does not matter. With e the value at the clips, gelu(-clip), that is
 * e + [-clip <= x < clip] (inner - e) + [x >= clip] x.
 *
 * With z = y²/8, a quartic q(z) = Σ c[k] z^k is completed to squares: with h = c3/(4 c4), e = c2/(2 c4) - 2h² and
 * v = (z + h)² + e - h², it is c0 - c4 e² + (c1 - 4 c4 h e) z + c4 v²: three squares and no product. c4 is minus a half, so that
 * its factor costs no bits. z and v lie in [0, 2) and carry 10 fraction bits. (z + h)² is taken from the square of u = z - 1/2, a bit less than
 * z + h has with its sign: u² + (2h + 1) z + h² - 1/4, 2h a whole number. Squares go into the wider ring that the result needs.
 * Widths count: each bit of a factor is one or two COTs.
 */
import type { Backend } from '../../inference/backends/backend.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import { betweenClips } from '../../inference/functions/clamp.js';
import { scoped } from '../../inference/functions/scoped.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';
import {
  concatRows,
  convert,
  convertSelected,
  shrink,
  signedBits,
  wideningBits,
  widenNonNegative,
} from '../../inference/functions/fixed-point.js';
import {
  gelu as approximated,
  type CipherPruneNumbers,
  type GeluApproximation,
  SQUARE_UNIT,
} from './numbers.js';

const HIGH_FRACTION_BITS = 10;
/** y² at 20 fraction bits is z = y²/8 at 23; 13 are dropped, 13 remain. */
const HIGH_RING_BITS = 26;
/** The inner part y/2 + q(z) is below 3 in magnitude and leaves with 10 fraction bits. */
const INNER_RANGE = 3;
const INNER = { ringBits: 14, fractionBits: 10 };
/** ... from 21 fraction bits: v² at 20, halved by reading. */
const HIGH_SUM_FRACTION_BITS = 21;
const HIGH_SUM_RING_BITS = INNER.ringBits + HIGH_SUM_FRACTION_BITS - INNER.fractionBits;

/** Its parts, before they are added: so that cutting each is no more than cutting the sum. */
const FINE_INNER = { ringBits: INNER.ringBits + 3, fractionBits: INNER.fractionBits + 3 };
/** v² is read as its half. */
const TWICE_FINE_INNER = { ...FINE_INNER, fractionBits: FINE_INNER.fractionBits - 1 };

/** Of y, so that its half reaches the sum's ring. */
const HIGH_FACTOR_BITS = HIGH_SUM_RING_BITS - HIGH_SUM_FRACTION_BITS + HIGH_FRACTION_BITS + 1;

/** z and v: in [0, 2). */
const POWER = { ringBits: 13, fractionBits: 10 };
/** u = z - 1/2: in [-1, 1), with headroom. */
const CENTRED_RING_BITS = 12;
/** ... and y² before it is read as z. */
const EIGHTFOLD_POWER = { ringBits: POWER.ringBits, fractionBits: POWER.fractionBits - 3 };

const LOW_FRACTION_BITS = 8;
/** 13 bits are squared into 25. */
const LOW_FACTOR_BITS = 13;
/** y² at 16 fraction bits is z at 19; c1 takes 3 more; the inner part is below 2. */
const LOW_COEFFICIENT_BITS = 3;
const LOW_SUM_FRACTION_BITS = 2 * LOW_FRACTION_BITS + 3 + LOW_COEFFICIENT_BITS;
const LOW_RING_BITS = INNER.ringBits + LOW_SUM_FRACTION_BITS - INNER.fractionBits - 1;

/** y/2 at so many fraction bits, in the larger ring: expanded, not widened. */
function halfAt(mpc: Backend, y: SharedTensor, fractionBits: number, ringBits: number): SharedTensor {
  const half = mpc.reinterpret(y, y.fractionBits + 1);
  const bits = fractionBits - half.fractionBits;
  return mpc.expand(mpc.narrow(half, ringBits - bits), bits);
}

/**
 * GELU at -clip, and its distance from x at clip. It is taken away where there are more fraction bits than the inner part leaves with: rounded
 * there, it would be an error of every value between the clips.
 */
const atClip = (approximation: GeluApproximation): number => approximated(-approximation.clip, approximation);

/** A quartic less the value at the clips, as c0 + c1 z - v²/2 with v = (z - 1/2)² + slope · z + d. */
interface CompletedQuartic {
  /** Whole. */
  readonly slope: number;
  readonly d: number;
  readonly c0: number;
  readonly c1: number;
}

/**
 * @throws RangeError if the polynomial does not have the form, or z - 1/2 leaves [-1, 1) or v [0, 2) where z = y²/8 goes
 */
function completed(approximation: GeluApproximation): CompletedQuartic {
  const { clip, coefficients } = approximation;
  const [c0, c1, c2, c3, c4] = coefficients as [number, number, number, number, number];
  if (coefficients.length !== 5 || c4 !== -0.5)
    throw new RangeError(
      `gelu: expected five coefficients of which the last is -0.5, got ${coefficients.join(', ')}`,
    );
  const h = c3 / (4 * c4);
  const e = c2 / (2 * c4) - 2 * h ** 2;
  const d = e - h ** 2;
  const largest = clip ** 2 / SQUARE_UNIT;
  const ends = [0, largest, ...(-h > 0 && -h < largest ? [-h] : [])].map((z) => (z + h) ** 2 + d);
  if (ends.some((v) => v < 0 || v >= 2) || largest >= 1.5)
    throw new RangeError(
      `gelu: expected v in [0, 2) and z in [0, 1.5), got v of ${ends.join(', ')}, z up to ${largest}`,
    );
  const slope = 2 * h + 1;
  if (!Number.isInteger(slope)) throw new RangeError(`gelu: expected a whole 2h, got ${2 * h}`);
  return {
    slope,
    d: d + h ** 2 - 1 / 4,
    c0: c0 - c4 * e ** 2 - atClip(approximation),
    c1: c1 - 4 * c4 * h * e,
  };
}

/** y [n] → y/2 + q(y²/8) less the value at the clips, in INNER */
async function highInner(
  mpc: Backend,
  y: SharedTensor,
  { slope, d, c0, c1 }: CompletedQuartic,
): Promise<SharedTensor> {
  const ySquare = await mpc.square(
    mpc.narrow(y, wideningBits(4, HIGH_FRACTION_BITS)),
    HIGH_RING_BITS,
    'signed',
    EIGHTFOLD_POWER,
  );
  const z = mpc.reinterpret(shrink(mpc, ySquare, EIGHTFOLD_POWER), POWER.fractionBits);
  // z in the sum's ring waits for nothing that comes after it.
  const [vSquare, wide] = await sideBySide<SharedTensor, [SharedTensor]>(
    mpc,
    async (lane) => {
      const u = lane.narrow(lane.addPublic(z, -1 / 2), CENTRED_RING_BITS);
      const square = await lane.square(u, POWER.ringBits + POWER.fractionBits, 'signed', POWER);
      const v = lane.add(shrink(lane, lane.addPublic(square, d), POWER), lane.scale(z, slope, 0));
      return lane.square(v, HIGH_SUM_RING_BITS, 'non-negative', TWICE_FINE_INNER);
    },
    (lane) => widenNonNegative(lane, z, HIGH_SUM_RING_BITS),
  );

  const line = mpc.add(
    halfAt(mpc, y, HIGH_SUM_FRACTION_BITS, HIGH_SUM_RING_BITS),
    mpc.scale(wide, c1, HIGH_SUM_FRACTION_BITS - z.fractionBits),
  );
  const halfSquare = mpc.reinterpret(shrink(mpc, vSquare, TWICE_FINE_INNER), FINE_INNER.fractionBits);
  const sum = mpc.subtract(shrink(mpc, line, FINE_INNER), halfSquare);
  return shrink(mpc, mpc.addPublic(sum, c0), INNER);
}

/**
 * Those of the parabola less the value at the clips.
 * @throws RangeError unless there are two coefficients, of which the second takes LOW_COEFFICIENT_BITS
 */
function lowCoefficients(approximation: GeluApproximation): readonly [number, number] {
  const { coefficients } = approximation;
  const [c0, c1] = coefficients as [number, number];
  if (coefficients.length === 2 && Number.isInteger(c1 * 2 ** LOW_COEFFICIENT_BITS))
    return [c0 - atClip(approximation), c1];
  throw new RangeError(
    `gelu: expected two coefficients, the second in eighths, got ${coefficients.join(', ')}`,
  );
}

/** y [n] → y/2 + c0 + c1 y²/8 with these coefficients in INNER, one bit less */
async function lowInner(
  mpc: Backend,
  y: SharedTensor,
  [c0, c1]: readonly [number, number],
): Promise<SharedTensor> {
  const z = mpc.reinterpret(await mpc.square(y, LOW_RING_BITS), 2 * LOW_FRACTION_BITS + 3);
  const sum = mpc.add(
    halfAt(mpc, y, LOW_SUM_FRACTION_BITS, LOW_RING_BITS),
    mpc.scale(z, c1, LOW_COEFFICIENT_BITS),
  );
  return shrink(mpc, mpc.addPublic(sum, c0), { ...INNER, ringBits: INNER.ringBits - 1 });
}

/** Where x is compared with a clip, it may be so far on the other side: twice the comparison's unit. */
const CLIP_MARGIN = 1 / 8;

interface Part {
  /** Of the flat tensor. */
  readonly begin: number;
  readonly end: number;
  readonly approximation: GeluApproximation;
  readonly inner: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>;
  /** Its squares follow each other. */
  readonly isLong: boolean;
}

/** Of x: it fits with a clip added, with headroom, and in the fewest bits that a square needs. */
export const geluInputFormat = ({ inputRange }: ActivationPlan, { clip }: GeluApproximation): RingFormat => ({
  ringBits: Math.max(
    wideningBits(inputRange + 1, HIGH_FRACTION_BITS),
    signedBits(inputRange + clip, HIGH_FRACTION_BITS),
    LOW_FACTOR_BITS + HIGH_FRACTION_BITS - LOW_FRACTION_BITS,
  ),
  fractionBits: HIGH_FRACTION_BITS,
});

/** What the clips say: bits [2 n] (betweenClips), x where it is above one, and the low rows' inner part where it counts. */
interface Early {
  readonly where: SharedBits;
  readonly above: SharedTensor;
  readonly lows: readonly SharedTensor[];
}

/** x [rows, features], the first `high` rows in high degree → [rows, features] in `plan.out` */
export function geluOf({ geluHigh, geluLow }: Pick<CipherPruneNumbers, 'geluHigh' | 'geluLow'>) {
  const [quartic, quadratic] = [completed(geluHigh), lowCoefficients(geluLow)];
  const ofHigh: Part['inner'] = (mpc, x) =>
    scoped(mpc, () =>
      highInner(mpc, mpc.narrowLoosely(x, HIGH_FACTOR_BITS, geluHigh.clip + CLIP_MARGIN), quartic),
    );
  const ofLow: Part['inner'] = (mpc, x) => {
    const dropped = HIGH_FRACTION_BITS - LOW_FRACTION_BITS;
    return scoped(mpc, () => {
      const loose = mpc.narrowLoosely(x, LOW_FACTOR_BITS + dropped, geluLow.clip + CLIP_MARGIN);
      return lowInner(mpc, mpc.truncateReduce(loose, dropped), quadratic);
    });
  };
  return protocol(
    'gelu',
    async function gelu(
      mpc: Backend,
      x: SharedTensor,
      high: number,
      plan: ActivationPlan,
    ): Promise<SharedTensor> {
      const [rows, features] = x.shape as [number, number];
      const [n, highCount] = [rows * features, high * features];
      const parts: readonly Part[] = [
        { begin: 0, end: highCount, approximation: geluHigh, inner: ofHigh, isLong: true },
        { begin: highCount, end: n, approximation: geluLow, inner: ofLow, isLong: false },
      ].filter(({ begin, end }) => end > begin);
      const format = geluInputFormat(plan, geluHigh);
      const flat = mpc.reshape(await convert(mpc, x, format, plan.inputRange), [n]);
      const clips = parts.map(({ begin, end, approximation: { clip } }) => ({ count: end - begin, clip }));
      const inner = (part: Part) => (lane: Backend) =>
        part.inner(lane, lane.slice(flat, 0, part.begin, part.end));
      const between = (where: SharedBits, begin: number, x: SharedTensor) => (lane: Backend) =>
        lane.multiplex(lane.sliceBits(where, 0, begin, begin + x.shape[0]!), x);
      const [long, short] = [true, false].map((isLong) => parts.filter((part) => part.isLong === isLong)) as [
        Part[],
        Part[],
      ];
      // What needs one square is selected beside the other one's: each in the ring that it needs.
      const [{ where, above, lows }, ...highs] = await sideBySide<Early, SharedTensor[]>(
        mpc,
        async (lane) => {
          const [where, ...inners] = await sideBySide<SharedBits, SharedTensor[]>(
            lane,
            (l) => betweenClips(l, flat, clips, plan.inputRange),
            ...short.map(inner),
          );
          const [above, ...lows] = await sideBySide<SharedTensor, SharedTensor[]>(
            lane,
            between(where, n, flat),
            ...short.map(({ begin }, i) => between(where, begin, inners[i]!)),
          );
          return { where, above, lows };
        },
        ...long.map(inner),
      );
      const [wideAbove, ...wide] = await sideBySide<SharedTensor, SharedTensor[]>(
        mpc,
        (lane) => convert(lane, above, plan.out, plan.inputRange),
        ...long.map(({ begin, end }, i) => (lane: Backend) => {
          const bits = lane.sliceBits(where, 0, begin, end);
          return convertSelected(lane, bits, highs[i]!, plan.out, INNER_RANGE);
        }),
        ...lows.map((low) => (lane: Backend) => convert(lane, low, plan.out, INNER_RANGE)),
      );
      const sums = parts.map(({ begin, end, approximation }, i) =>
        mpc.addPublic(mpc.add(wide[i]!, mpc.slice(wideAbove, 0, begin, end)), atClip(approximation)),
      );
      return mpc.reshape(concatRows(mpc, sums), [rows, features]);
    },
  );
}
