/**
 * Public numbers of tokens: what a model that opens no counts keeps in each layer, by padded length. The best are kept, whatever
 * their scores; a shorter text than the schedule expects keeps padding.
 */
import * as z from 'zod';
import { bucketsUpTo } from '../padded-length.js';

/** Tokens that leave a layer's pruning, [CLS] among them, and those of them that get the high-degree polynomials. */
export interface LayerSchedule {
  readonly kept: number;
  readonly important: number;
}

export interface LengthSchedule {
  /** Padded length. */
  readonly tokens: number;
  /** All layers but the last, which goes on with [CLS] alone. */
  readonly layers: readonly LayerSchedule[];
}

/** One for every padded length, the shortest first. */
export type Schedule = readonly LengthSchedule[];

const count = z
  .number()
  .int()
  .min(1)
  .max(1 << 16);

export const scheduleSchema = z
  .array(
    z.strictObject({
      tokens: count,
      layers: z.array(z.strictObject({ kept: count, important: count })).max(1 << 10),
    }),
  )
  .max(16);

/** What is wrong with a schedule for a model of so many layers and tokens, or null. */
export function scheduleFault(schedule: Schedule, layers: number, maxTokens: number): string | null {
  const buckets = bucketsUpTo(maxTokens);
  if (schedule.map(({ tokens }) => tokens).join() !== buckets.join())
    return `schedule must have the padded lengths ${buckets.join(', ')}`;
  for (const { tokens, layers: counts } of schedule) {
    if (counts.length !== layers - 1) return `schedule of ${tokens} tokens must have ${layers - 1} layers`;
    let most = tokens;
    for (const { kept, important } of counts) {
      if (kept > most || important > kept)
        return `schedule of ${tokens} tokens must keep no more than the layer before, and fewer important ones`;
      most = kept;
    }
  }
  return null;
}
