/** What a text's openings give, where nothing is computed: as a schedule of counts says. */
import type { LeakName } from '../backends/backend.js';

/** Tokens that leave a layer's pruning, [CLS] included, and the important ones among them. */
export interface ScheduledCounts {
  readonly kept: number;
  readonly important: number;
}

/** Of the `time`-th opening (from 0) under a name: the number that it gives, or how many of its bits are set. */
export type Opens = (leak: LeakName, time: number) => number;

/**
 * Counts of the tokens behind [CLS], layer by layer under each name; every other opening gives nothing.
 * @throws RangeError if the schedule has no such layer
 */
export const opensOf =
  (schedule: readonly ScheduledCounts[]): Opens =>
  (leak, time) => {
    if (leak !== 'kept-token-count' && leak !== 'important-token-count') return 0;
    const counts = schedule[time];
    if (!counts)
      throw new RangeError(`counting: expected counts for layer ${time}, got ${schedule.length} layers`);
    return Math.max(0, (leak === 'kept-token-count' ? counts.kept : counts.important) - 1);
  };
