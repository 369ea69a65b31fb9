/** A model of real shapes with random weights, and a text for which its thresholds make a wanted schedule come out. */
import type { EncodedText } from '../inference/run/party.js';
import type { Artifact } from '../model/artifact/artifact.js';
import { leavingCounts, type ModelName, modelConfigOf, parseSchedule } from './model-sizes.js';
import { randomArtifact, randomInput, withThresholds } from './random-model.js';
import { runWithSchedule } from './schedule-thresholds.js';

export interface RandomCaseOptions {
  readonly model: ModelName;
  readonly tokens: number;
  /** As for `bench inference`. */
  readonly schedule: string;
  /** Share of the kept tokens that stay in high degree. */
  readonly importantRatio: number;
  readonly seed: number;
}

/** Throws a ScheduleError for a schedule that does not fit. */
export async function randomCase(
  options: RandomCaseOptions,
): Promise<{ readonly artifact: Artifact; readonly text: EncodedText }> {
  const { model, tokens, importantRatio, seed } = options;
  const config = modelConfigOf(model);
  const schedule = parseSchedule(options.schedule, model, tokens);
  const ids = randomInput(config, tokens, seed);
  const text = { ids, tokenTypes: ids.map(() => 0) };
  const plain = randomArtifact(config, seed);
  if (schedule === null) return { artifact: plain, text };
  const { thresholds } = await runWithSchedule(plain, ids, leavingCounts(schedule), importantRatio);
  return { artifact: withThresholds(plain, thresholds!), text };
}
