/**
 * An artifact with another answer to what its runs open: a schedule measured with its own thresholds and weights in the clear, or
 * none. Weights, thresholds and ranges stay as they are; it gets a new commitment and so a new digest.
 */
import { CleartextBackend, type Overflow } from '../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../inference/core/answer.js';
import { openEngine } from '../inference/run/engine.js';
import type { TextOrPair } from '../inference/run/text-input.js';
import type { Artifact } from '../model/artifact/artifact.js';
import { bucketOf } from '../model/padded-length.js';
import { createTokenizer } from '../model/tokenizer/tokenizer.js';
import { type CountedText, measureSchedule } from '../training/export/measure-schedule.js';
import { UsageError } from '../util/errors.js';

/** The same model without public numbers: its thresholds decide, and counts are opened. */
export function withoutSchedule({ public: model, private: secret }: Artifact): Artifact {
  const { schedule: _, ...rest } = model;
  return { public: rest, private: secret };
}

export interface Rescheduled {
  readonly artifact: Artifact;
  /** Values that did not fit their rings with the schedule, over all texts: ranges were measured with fewer tokens. */
  readonly overflows: number;
}

/** Runs every text in the clear. */
async function runAll(
  artifact: Artifact,
  texts: readonly TextOrPair[],
  onOverflow: (overflow: Overflow) => void,
): Promise<CountedText[]> {
  const { tokenizerFiles, config, maxTokens } = artifact.public;
  const tokenizer = createTokenizer(tokenizerFiles, config);
  const party = await openEngine(new CleartextBackend({ onOverflow }), artifact, FINEST_LOGITS);
  const counted: CountedText[] = [];
  for (const { text, textPair } of texts) {
    const encoding = tokenizer.encode(text, textPair, maxTokens);
    const tokens = encoding.ids.length;
    const { layers } = await party.classify(encoding, bucketOf(tokens));
    counted.push({
      tokens,
      kept: layers.map(({ kept }) => kept),
      important: layers.map(({ important }) => important),
    });
  }
  return counted;
}

/** @throws UsageError for a model that keeps all tokens, which has nothing to schedule */
export async function reschedule(
  artifact: Artifact,
  texts: readonly TextOrPair[],
  quantile: number,
): Promise<Rescheduled> {
  const plain = withoutSchedule(artifact);
  if (plain.private.layers.every(({ thresholds }) => thresholds === null))
    throw new UsageError('reschedule: expected a model that prunes, this one keeps all tokens');
  const counted = await runAll(plain, texts, () => undefined);
  const schedule = measureSchedule(counted, plain.public.maxTokens, quantile);
  const scheduled = { public: { ...plain.public, schedule }, private: plain.private };
  let overflows = 0;
  await runAll(scheduled, texts, () => overflows++);
  return { artifact: scheduled, overflows };
}
