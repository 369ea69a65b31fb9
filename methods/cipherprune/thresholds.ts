/** Learned thresholds in fixed point: made once a model, for texts of any length. */
import { privateTensor } from '../../inference/core/ring-tensor.js';
import type { PrivateTensor } from '../../inference/core/tensors.js';
import { signedBits } from '../../inference/functions/fixed-point.js';
import { SCORE_MARGIN } from '../../inference/functions/keep-best.js';
import type { LayerThresholds } from '../../model/thresholds.js';

export const SCORE_FRACTION_BITS = 9;

/** True if a score of 0, which padding has, would reach this threshold in fixed point. */
export const roundsToZero = (threshold: number): boolean => threshold * 2 ** SCORE_FRACTION_BITS <= 0.5;

/**
 * The server's -prune and -reduce [2] on sums over heads, null at others, in a ring for scores up to `largest`, of the longest text; a
 * threshold beyond every score stays beyond.
 */
export function privateThresholds(thresholds: LayerThresholds | null, largest: number): PrivateTensor {
  const format = {
    // Scores and thresholds are not negative, so their difference stays below either.
    ringBits: signedBits(SCORE_MARGIN * largest, SCORE_FRACTION_BITS),
    fractionBits: SCORE_FRACTION_BITS,
  };
  const values =
    thresholds && [thresholds.prune, thresholds.reduce].map((value) => -Math.min(value, largest));
  return privateTensor('server', [2], format, values && Float64Array.from(values));
}
