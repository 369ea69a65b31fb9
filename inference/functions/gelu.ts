/**
 * GELU by the polynomials of model/approximations.ts: y/2 + q(y²/8) + max(x - clip, 0), y = x clamped. High rows use degree
 * 8, low rows degree 2.
 *
 * With z = y²/8 and w = z², q(z) = c0 + c1 z - w (w - 4z + b)/2 (high). Its square completed, with e = b/2 - 2 and
 * v = (z - 1)² + e - 1, it is c0 + e²/2 + (c1 - 2e) z - v²/2: three squares and no product. z and v lie in [0, 2), carry 10
 * fraction bits (13-bit rings: z - 1 needs the headroom of a sign); squares go into the wider ring that the result needs.
 * Widths count: each bit of a factor is one or two COTs.
 */
import { geluHigh, geluLow } from '../../model/approximations.js';
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import type { ActivationPlan } from './activation-plan.js';
import { clamp } from './clamp.js';
import { convert, shrink, signedBits, wideningBits, widenNonNegative } from './fixed-point.js';

const HIGH_FRACTION_BITS = 10;
/** y² at 20 fraction bits is z = y²/8 at 23; 13 are dropped, 13 remain. */
const HIGH_RING_BITS = 26;
/** The inner part y/2 + q(z) is below 3 in magnitude and leaves with 10 fraction bits. */
const INNER = { ringBits: 14, fractionBits: 10 };
/** ... from 21 fraction bits: v² at 20, halved by reading. */
const HIGH_SUM_FRACTION_BITS = 21;
const HIGH_SUM_RING_BITS = INNER.ringBits + HIGH_SUM_FRACTION_BITS - INNER.fractionBits;

/** z and v: in [0, 2). */
const POWER = { ringBits: 13, fractionBits: 10 };

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

/** y [n] → y/2 + q(y²/8) in INNER */
async function highInner(mpc: Backend, y: SharedTensor): Promise<SharedTensor> {
  const [c0, c1, c2] = geluHigh.coefficients as [number, number, number];
  const e = -c2 - 2;
  const ySquare = await mpc.square(mpc.narrow(y, wideningBits(4, HIGH_FRACTION_BITS)), HIGH_RING_BITS);
  const z = shrink(mpc, mpc.reinterpret(ySquare, 2 * HIGH_FRACTION_BITS + 3), POWER);
  const distance = await mpc.square(mpc.addPublic(z, -1), POWER.ringBits + POWER.fractionBits);
  const v = shrink(mpc, mpc.addPublic(distance, e - 1), POWER);
  const vSquare = await mpc.square(v, HIGH_SUM_RING_BITS, 'non-negative');

  const line = mpc.add(
    halfAt(mpc, y, HIGH_SUM_FRACTION_BITS, HIGH_SUM_RING_BITS),
    mpc.scale(
      await widenNonNegative(mpc, z, HIGH_SUM_RING_BITS),
      c1 - 2 * e,
      HIGH_SUM_FRACTION_BITS - z.fractionBits,
    ),
  );
  const sum = mpc.subtract(line, mpc.reinterpret(vSquare, HIGH_SUM_FRACTION_BITS));
  return shrink(mpc, mpc.addPublic(sum, c0 + e ** 2 / 2), INNER);
}

/** y [n] → y/2 + c0 + c1 y²/8 in INNER, one bit less */
async function lowInner(mpc: Backend, y: SharedTensor): Promise<SharedTensor> {
  const [c0, c1] = geluLow.coefficients as [number, number];
  const z = mpc.reinterpret(await mpc.square(y, LOW_RING_BITS), 2 * LOW_FRACTION_BITS + 3);
  const sum = mpc.add(
    halfAt(mpc, y, LOW_SUM_FRACTION_BITS, LOW_RING_BITS),
    mpc.scale(z, c1, LOW_COEFFICIENT_BITS),
  );
  return shrink(mpc, mpc.addPublic(sum, c0), { ...INNER, ringBits: INNER.ringBits - 1 });
}

/** inner + above, widened to the output's ring. Two small widenings cost less than one ring for both. */
async function combine(
  mpc: Backend,
  inner: SharedTensor,
  above: SharedTensor,
  plan: ActivationPlan,
): Promise<SharedTensor> {
  const fractionBits = INNER.fractionBits;
  const ringBits = wideningBits(plan.inputRange + 1, fractionBits);
  const wideInner =
    inner.ringBits < ringBits ? await mpc.widen(inner, ringBits) : mpc.narrow(inner, ringBits);
  return mpc.add(wideInner, await convert(mpc, above, { ringBits, fractionBits }, plan.inputRange));
}

/** x [rows, features], the first `high` rows in high degree → [rows, features] in `plan.out` */
export const gelu = protocol(
  'gelu',
  async (mpc: Backend, x: SharedTensor, high: number, plan: ActivationPlan): Promise<SharedTensor> => {
    const [rows, features] = x.shape as [number, number];
    const [n, highCount] = [rows * features, high * features];
    // x with the clip added fits, and y at the fewest bits that a square needs.
    const ringBits = Math.max(
      signedBits(plan.inputRange + geluHigh.clip, HIGH_FRACTION_BITS),
      LOW_FACTOR_BITS + HIGH_FRACTION_BITS - LOW_FRACTION_BITS,
    );
    const format = { ringBits, fractionBits: HIGH_FRACTION_BITS };
    const flat = mpc.reshape(await convert(mpc, x, format, plan.inputRange), [n]);
    const segments = [
      { count: highCount, clip: geluHigh.clip },
      { count: n - highCount, clip: geluLow.clip },
    ];
    const { inner, above } = await clamp(
      mpc,
      flat,
      segments.filter(({ count }) => count > 0),
      plan.inputRange,
    );
    const results: SharedTensor[] = [];
    if (highCount > 0) {
      const value = await highInner(mpc, mpc.slice(inner, 0, 0, highCount));
      results.push(await combine(mpc, value, mpc.slice(above, 0, 0, highCount), plan));
    }
    if (highCount < n) {
      const low = { ringBits: LOW_FACTOR_BITS, fractionBits: LOW_FRACTION_BITS };
      const value = await lowInner(mpc, shrink(mpc, mpc.slice(inner, 0, highCount, n), low));
      results.push(await combine(mpc, value, mpc.slice(above, 0, highCount, n), plan));
    }
    const all = await convert(mpc, mpc.concat(results, 0), plan.out, plan.inputRange + 1);
    return mpc.reshape(all, [rows, features]);
  },
);
