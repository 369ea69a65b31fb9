/**
 * `bench scaling`: how cost grows with the length of the text, over networks, batches and cores. With `measure` every point is
 * a run of both parties in processes of their own; without, bytes and rounds are counted exactly and seconds are the cost
 * model's.
 */
import { countedCost as costOfText } from '../../bench/counted.js';
import { benchInference } from '../../bench/inference.js';
import { rounded } from '../../bench/measure.js';
import { parseSchedule } from '../../bench/model-sizes.js';
import { defaultCots, defaultLine, type NetworkName } from '../../bench/networks.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { TextCost } from '../../inference/cost/cost-model.js';
import { cipherPrune, dense } from '../../methods/cipherprune/index.js';
import { type ScalingFigure, scalingFigure } from './fit.js';
import { type Place, placeOf, type ScalingPoint, type ScalingSetting, type ScheduleKind } from './point.js';

export interface ScalingOptions extends ScalingSetting {
  /** Powers of two, so that no padding blurs the picture. */
  readonly lengths: readonly number[];
  readonly schedules: readonly ScheduleKind[];
  readonly networks: readonly NetworkName[];
  /** Texts in one protocol run. Counted points have one. */
  readonly batches: readonly number[];
  /** Processors of each party. Counted points have one. */
  readonly cores: readonly number[];
  /** By default the one that suits the network. */
  readonly cots?: CotKind | undefined;
  readonly measure: boolean;
  /** Points of earlier runs with the same setting: those that are finished are not made again. */
  readonly known?: readonly ScalingPoint[];
  /** Told after each new point, so that it can be kept. */
  readonly onPoint?: (figure: ScalingFigure) => Promise<void>;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Padded tokens of one protocol run, as a server allows them. */
const MOST_BATCH_TOKENS = 2048;

/** One text by the cost model; with a server of many cores it multiplies alone. */
export function countedCost(
  { model, importantRatio }: ScalingSetting,
  tokens: number,
  kind: ScheduleKind,
  mutual: boolean,
): Promise<TextCost> {
  const schedule = parseSchedule(kind, model, tokens);
  const method = schedule === null ? dense : cipherPrune;
  return costOfText({ model, method, tokens, schedule, importantRatio, mutual });
}

function countedPoint(place: Place, { bytes, rounds, seconds }: TextCost): ScalingPoint {
  return { ...place, bytes, rounds, seconds: rounded(seconds[place.network]), measured: null };
}

async function measuredPoint(options: ScalingOptions, place: Place): Promise<ScalingPoint> {
  const { model, importantRatio, onProgress, signal } = options;
  const { tokens, schedule, network, batch, cores, cots } = place;
  const figure = await benchInference({
    model,
    tokens,
    method: schedule === 'none' ? dense : cipherPrune,
    schedule: parseSchedule(schedule, model, tokens),
    network,
    cots,
    line: defaultLine(network),
    preprocess: false,
    batch,
    texts: batch,
    importantRatio,
    check: false,
    seed: 1,
    cores,
    onProgress: (text) => onProgress(`${describePlace(place)}: ${text}`),
    ...(signal ? { signal } : {}),
  });
  const { bytes, rounds, milliseconds, cpuMilliseconds, peakMemoryBytes, shaping, coresShared } = figure;
  const measured = { cpuMilliseconds, peakMemoryBytes, shaping, coresShared: coresShared ?? false };
  return { ...place, bytes, rounds, seconds: rounded(milliseconds / 1000), measured };
}

const describePlace = ({ tokens, schedule, network, batch, cores }: Place): string =>
  `${tokens} tokens, schedule ${schedule}, ${network}, batch ${batch}, cores ${cores}`;

/** Short texts first. Without measuring, one text on one core with SoftSpoken is what is counted. */
function placesOf(options: ScalingOptions): Place[] {
  const { measure, onProgress } = options;
  const lengths = [...options.lengths].sort((a, b) => a - b);
  const places = lengths.flatMap((tokens) =>
    options.schedules.flatMap((schedule) =>
      options.networks.flatMap((network) =>
        (measure ? options.batches : [1]).flatMap((batch) =>
          (measure ? options.cores : [1]).map((cores) => {
            const cots = measure ? (options.cots ?? defaultCots(network)) : 'softspoken';
            return { tokens, schedule, network, batch, cores, cots };
          }),
        ),
      ),
    ),
  );
  const isPossible = ({ batch, tokens }: Place) => batch === 1 || batch * tokens <= MOST_BATCH_TOKENS;
  const left = places.filter((place) => !isPossible(place));
  if (left.length > 0)
    onProgress(
      `left out, since a run has at most ${MOST_BATCH_TOKENS} padded tokens: ${left.map(describePlace).join('; ')}`,
    );
  return places.filter(isPossible);
}

/** The points that were known come along. */
export async function benchScaling(options: ScalingOptions): Promise<ScalingFigure> {
  const { measure, known = [], onPoint } = options;
  const costs = new Map<string, Promise<TextCost>>();
  const costBy = (tokens: number, kind: ScheduleKind, mutual: boolean): Promise<TextCost> => {
    const key = `${tokens} ${kind} ${mutual}`;
    const cost = costs.get(key) ?? countedCost(options, tokens, kind, mutual);
    costs.set(key, cost);
    return cost;
  };
  const costAlone = (tokens: number, kind: ScheduleKind) => costBy(tokens, kind, false);
  let points = [...known];
  for (const place of placesOf(options)) {
    const old = points.find((point) => placeOf(point) === placeOf(place));
    if (old && (old.measured || !measure)) continue;
    const made = measure
      ? await measuredPoint(options, place)
      : countedPoint(place, await costBy(place.tokens, place.schedule, true));
    points = [...points.filter((point) => point !== old), made];
    await onPoint?.(await scalingFigure(options, points, costAlone));
  }
  return scalingFigure(options, points, costAlone);
}
