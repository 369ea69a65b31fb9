/**
 * `bench scaling`: how cost grows with the length of the text, with and without pruning. Bytes and rounds of SoftSpoken
 * are counted exactly without running anything (inference/run/cost-model.ts); with `measure` every point is a run of both
 * parties, for its seconds and memory as well.
 */

import type { CotKind } from '../inference/core/cot-kind.js';
import type { PartyId } from '../inference/core/tensors.js';
import { cipherPrune, dense } from '../methods/cipherprune/index.js';
import { countInference } from './counted.js';
import { benchInference } from './inference.js';
import { rounded } from './measure.js';
import { type ModelName, parseSchedule } from './model-sizes.js';

export const SCHEDULE_KINDS = ['paper', 'none'] as const;
/** `paper`: the published kept tokens, scaled to the length; `none`: a model that does not prune. */
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

/** What only a run between two processes tells. */
export interface MeasuredCost {
  /** From the client's input to its logits. */
  readonly milliseconds: number;
  readonly cpuMilliseconds: Readonly<Record<PartyId, number>>;
  readonly peakMemoryBytes: Readonly<Record<PartyId, number>>;
}

export interface ScalingPoint {
  readonly tokens: number;
  readonly schedule: ScheduleKind;
  /** Both directions. */
  readonly bytes: number;
  readonly rounds: number;
  /** Null if only counted. */
  readonly measured: MeasuredCost | null;
}

/** cost ~ tokens^exponent, by least squares on logarithms; null with fewer than two lengths. */
export interface Exponents {
  readonly schedule: ScheduleKind;
  readonly bytes: number | null;
  readonly milliseconds: number | null;
}

/** Without pruning over with it, at one length. */
export interface Saving {
  readonly tokens: number;
  readonly bytes: number;
  readonly milliseconds: number | null;
}

/** What all points of one figure have in common. */
export interface ScalingSetting {
  readonly model: ModelName;
  readonly cots: CotKind;
  /** Share of the kept tokens that stay in high degree. */
  readonly importantRatio: number;
}

export interface ScalingFigure extends ScalingSetting {
  readonly points: readonly ScalingPoint[];
  readonly exponents: readonly Exponents[];
  readonly savings: readonly Saving[];
}

export interface ScalingOptions extends ScalingSetting {
  /** Powers of two, so that no padding blurs the picture. */
  readonly lengths: readonly number[];
  readonly schedules: readonly ScheduleKind[];
  readonly measure: boolean;
  /** Points of earlier runs with the same setting: those that are finished are not made again. */
  readonly known?: readonly ScalingPoint[];
  /** Told after each new point, so that it can be kept. */
  readonly onPoint?: (figure: ScalingFigure) => Promise<void>;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Slope of the line through (log x, log y). */
export function fittedExponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (pick: 0 | 1) => logs.reduce((sum, point) => sum + point[pick], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}

async function countedPoint(
  { model, importantRatio }: ScalingSetting,
  tokens: number,
  kind: ScheduleKind,
): Promise<ScalingPoint> {
  const schedule = parseSchedule(kind, model, tokens);
  const method = schedule === null ? dense : cipherPrune;
  const { bytes, rounds } = await countInference({ model, method, tokens, schedule, importantRatio });
  return { tokens, schedule: kind, bytes, rounds, measured: null };
}

async function measuredPoint(
  options: ScalingOptions,
  tokens: number,
  kind: ScheduleKind,
): Promise<ScalingPoint> {
  const { model, cots, importantRatio, onProgress, signal } = options;
  const { bytes, rounds, milliseconds, cpuMilliseconds, peakMemoryBytes } = await benchInference({
    model,
    tokens,
    method: kind === 'none' ? dense : cipherPrune,
    schedule: parseSchedule(kind, model, tokens),
    network: 'loopback',
    cots,
    preprocess: false,
    batch: 1,
    texts: 1,
    importantRatio,
    check: false,
    seed: 1,
    onProgress: (text) => onProgress(`${tokens} tokens, schedule ${kind}: ${text}`),
    ...(signal ? { signal } : {}),
  });
  const measured = { milliseconds, cpuMilliseconds, peakMemoryBytes };
  return { tokens, schedule: kind, bytes, rounds, measured };
}

/** Null if a length lacks the cost, or there are fewer than two. */
function exponentOf(points: readonly ScalingPoint[], costOf: (point: ScalingPoint) => number | null) {
  const pairs = points.flatMap((point) => {
    const cost = costOf(point);
    return cost === null ? [] : [[point.tokens, cost] as const];
  });
  return pairs.length === points.length && pairs.length > 1 ? rounded(fittedExponent(pairs)) : null;
}

const millisecondsOf = ({ measured }: ScalingPoint): number | null => measured?.milliseconds ?? null;

function exponentsOf(points: readonly ScalingPoint[], schedule: ScheduleKind): Exponents {
  const own = points.filter((point) => point.schedule === schedule);
  return {
    schedule,
    bytes: exponentOf(own, ({ bytes }) => bytes),
    milliseconds: exponentOf(own, millisecondsOf),
  };
}

function savingsOf(points: readonly ScalingPoint[]): Saving[] {
  return points.flatMap((none) => {
    const paper = points.find(({ tokens, schedule }) => schedule === 'paper' && tokens === none.tokens);
    if (none.schedule !== 'none' || !paper) return [];
    const [long, short] = [millisecondsOf(none), millisecondsOf(paper)];
    const milliseconds = long === null || short === null ? null : rounded(long / short);
    return [{ tokens: none.tokens, bytes: rounded(none.bytes / paper.bytes), milliseconds }];
  });
}

/** Points in order, with what follows from them. */
export function scalingFigure(
  { model, cots, importantRatio }: ScalingSetting,
  points: readonly ScalingPoint[],
): ScalingFigure {
  const sorted = SCHEDULE_KINDS.flatMap((kind) =>
    points.filter(({ schedule }) => schedule === kind).sort((a, b) => a.tokens - b.tokens),
  );
  const exponents = SCHEDULE_KINDS.map((kind) => exponentsOf(sorted, kind));
  return { model, cots, importantRatio, points: sorted, exponents, savings: savingsOf(sorted) };
}

/** Short texts first; the points that were known come along. */
export async function benchScaling(options: ScalingOptions): Promise<ScalingFigure> {
  const { lengths, schedules, measure, known = [], onPoint } = options;
  let points = [...known];
  for (const tokens of [...lengths].sort((a, b) => a - b))
    for (const kind of schedules) {
      const isSame = (point: ScalingPoint) => point.tokens === tokens && point.schedule === kind;
      const old = points.find(isSame);
      if (old && (old.measured || !measure)) continue;
      const made = await (measure
        ? measuredPoint(options, tokens, kind)
        : countedPoint(options, tokens, kind));
      points = [...points.filter((point) => !isSame(point)), made];
      await onPoint?.(scalingFigure(options, points));
    }
  return scalingFigure(options, points);
}
