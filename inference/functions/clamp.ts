/** Clamping by two comparisons, which share their correlated OTs, and two multiplexers, each pair in one call. */
import type { Backend } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { shrink, signedBits } from './fixed-point.js';

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
    const shifted = (y: SharedTensor, sign: number): SharedTensor => {
      let begin = 0;
      const parts = segments.map(({ count, clip }) => {
        begin += count;
        return mpc.addPublic(mpc.slice(y, 0, begin - count, begin), sign * clip);
      });
      return mpc.concat(parts, 0);
    };
    const largestClip = Math.max(...segments.map(({ clip }) => clip));
    const coarse = shrink(mpc, x, {
      ringBits: signedBits(range + largestClip, comparisonFractionBits),
      fractionBits: comparisonFractionBits,
    });
    const both = (y: SharedTensor): SharedTensor =>
      mpc.reshape(mpc.concat([shifted(y, 1), shifted(y, -1)], 0), [2, n]);
    const clips = (sign: number) => segments.map(({ count, clip }) => ({ rows: count, value: sign * clip }));
    const bits = mpc.not(await mpc.areNegative(coarse, [clips(1), clips(-1)]));
    const chosen = await mpc.multiplex(bits, both(x));
    const half = (i: number): SharedTensor => mpc.reshape(mpc.slice(chosen, 0, i, i + 1), [n]);
    const [aboveLower, above] = [half(0), half(1)];
    // clamp(x) = -clip + max(x + clip, 0) - max(x - clip, 0)
    return { inner: shifted(mpc.subtract(aboveLower, above), -1), above };
  },
);
