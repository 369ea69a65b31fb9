/** Learned thresholds in fixed point: made once a model, for texts of any length. */
import { decode, privateTensor, type RingFormat } from '../../inference/core/ring-tensor.js';
import type { PrivateTensor } from '../../inference/core/tensors.js';
import { signedBits } from '../../inference/functions/fixed-point.js';
import { SCORE_MARGIN } from '../../inference/functions/keep-best.js';
import type { LayerThresholds } from '../../model/thresholds.js';

export const SCORE_FRACTION_BITS = 9;

/** True if a score of 0, which padding has, would reach this threshold in fixed point. */
export const roundsToZero = (threshold: number): boolean => threshold * 2 ** SCORE_FRACTION_BITS <= 0.5;

/** Scores and thresholds are not negative, so their difference stays below either. */
const formatFor = (largest: number): RingFormat => ({
  ringBits: signedBits(SCORE_MARGIN * largest, SCORE_FRACTION_BITS),
  fractionBits: SCORE_FRACTION_BITS,
});

/**
 * The server's -prune and -reduce [2] on sums over heads, null at others, in a ring for scores up to `largest`, of the longest text; a
 * threshold beyond every score stays beyond.
 */
export function privateThresholds(thresholds: LayerThresholds | null, largest: number): PrivateTensor {
  const values =
    thresholds && [thresholds.prune, thresholds.reduce].map((value) => -Math.min(value, largest));
  return privateTensor('server', [2], formatFor(largest), values && Float64Array.from(values));
}

/** The same for a text whose scores reach `largest` at most: a few bits less to be compared. What their owner does with them is local. */
export function thresholdsUpTo(thresholds: PrivateTensor, largest: number): PrivateTensor {
  const format = formatFor(largest);
  if (format.ringBits >= thresholds.ringBits) return thresholds;
  const { owner, shape, value } = thresholds;
  const least = -SCORE_MARGIN * largest;
  return privateTensor(owner, shape, format, value && decode(value).map((each) => Math.max(each, least)));
}
