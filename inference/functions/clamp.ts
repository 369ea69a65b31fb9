/** Where numbers lie between two clips, by two comparisons, which share their correlated OTs; clamping, by two multiplexers more. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedBits, SharedTensor } from '../core/tensors.js';
import { shrink, signedBits } from './fixed-point.js';
import { scoped } from './scoped.js';

/** Elements begin to end of a flat tensor are clamped to [-clip, clip]. */
export interface ClampSegment {
  readonly count: number;
  readonly clip: number;
}

export interface Clamped {
  /** x clamped; near the borders off by the comparison's unit, if that is coarser than x's. */
  readonly inner: SharedTensor;
  /** max(x - clip, 0) */
  readonly above: SharedTensor;
}

/** The functions that are clamped here are continuous: a unit of 1/16 is enough, where nobody can learn from its rounding. */
const COMPARISON_FRACTION_BITS = 4;

/** y [n] plus sign times its segment's clip. */
function shifted(
  mpc: Backend,
  y: SharedTensor,
  segments: readonly ClampSegment[],
  sign: number,
): SharedTensor {
  let begin = 0;
  const parts = segments.map(({ count, clip }) => {
    begin += count;
    return mpc.addPublic(mpc.slice(y, 0, begin - count, begin), sign * clip);
  });
  return mpc.concat(parts, 0);
}

/** x [n] → [2, n]: is it at or above -clip, and clip? */
async function atOrAboveClips(
  mpc: Backend,
  x: SharedTensor,
  segments: readonly ClampSegment[],
  range: number,
  fractionBits: number,
): Promise<SharedBits> {
  const largestClip = Math.max(...segments.map(({ clip }) => clip));
  const coarse = shrink(mpc, x, { ringBits: signedBits(range + largestClip, fractionBits), fractionBits });
  const clips = (sign: number) => segments.map(({ count, clip }) => ({ rows: count, value: sign * clip }));
  return scoped(mpc, async () => mpc.not(await mpc.areNegative(coarse, [clips(1), clips(-1)])));
}

/**
 * x [n] with |x| < range, segments that cover it → [2 n]: is it between -clip and clip, then: is it at or above clip? Near a clip
 * wrong by up to two of the comparison's units.
 */
export const betweenClips = protocol(
  'clips',
  async (
    mpc: Backend,
    x: SharedTensor,
    segments: readonly ClampSegment[],
    range: number,
  ): Promise<SharedBits> => {
    const n = x.shape[0]!;
    const bits = await atOrAboveClips(mpc, x, segments, range, COMPARISON_FRACTION_BITS);
    const half = (i: number): SharedBits => mpc.reshapeBits(mpc.sliceBits(bits, 0, i, i + 1), [n]);
    return mpc.concatBits([mpc.xor(half(0), half(1)), half(1)], 0);
  },
);

/** x [n] with |x| < range, segments that cover it → both parts in x's format. x ± clip must fit x's ring. */
export const clamp = protocol(
  'clamp',
  async (
    mpc: Backend,
    x: SharedTensor,
    segments: readonly ClampSegment[],
    range: number,
    comparisonFractionBits: number = COMPARISON_FRACTION_BITS,
  ): Promise<Clamped> => {
    const n = x.shape[0]!;
    const bits = await atOrAboveClips(mpc, x, segments, range, comparisonFractionBits);
    const both = mpc.reshape(mpc.concat([shifted(mpc, x, segments, 1), shifted(mpc, x, segments, -1)], 0), [
      2,
      n,
    ]);
    const chosen = await mpc.multiplex(bits, both);
    const half = (i: number): SharedTensor => mpc.reshape(mpc.slice(chosen, 0, i, i + 1), [n]);
    const [aboveLower, above] = [half(0), half(1)];
    // clamp(x) = -clip + max(x + clip, 0) - max(x - clip, 0)
    return { inner: shifted(mpc, mpc.subtract(aboveLower, above), segments, -1), above };
  },
);
