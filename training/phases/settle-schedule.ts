/** Where the masks of the hard phase become a schedule: once thresholds stand still, as export will do it. */
import { splitmix32 } from '../../util/splitmix32.js';
import type { Schedule } from '../../model/artifact/schedule.js';
import { traceTokens } from '../evaluate/token-trace.js';
import { measureSchedule } from '../export/measure-schedule.js';
import { shuffle } from '../loop/batches.js';
import { thresholdSeed } from '../seeds.js';
import type { RunContext } from './phase.js';

/** What the thresholds keep of some training sentences, at the configured quantile. */
export async function settledSchedule({ config, prepared }: RunContext): Promise<Schedule> {
  const { initial, scheduleQuantile } = config.masks;
  const sample = shuffle([...prepared.train], splitmix32(thresholdSeed(config.seed))).slice(
    0,
    initial.examples,
  );
  const traces = await traceTokens({ ...prepared.state, schedule: undefined }, sample);
  const counted = traces.map(({ kept, important }, i) => ({
    tokens: sample[i]!.ids.length,
    kept,
    important,
  }));
  return measureSchedule(counted, prepared.state.maxTokens, scheduleQuantile);
}
