/**
 * `bench scaling`: how cost grows with the length of the text, with and without pruning. Bytes and rounds are counted
 * exactly without running anything (inference/run/cost-model.ts); seconds are measured if wanted.
 */

import type { ScheduledCounts } from '../inference/backends/counting/counting-backend.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import { estimateCost } from '../inference/run/cost-model.js';
import { benchInference } from './inference.js';
import { rounded } from './measure.js';
import { type ModelName, modelConfigOf, parseSchedule } from './model-sizes.js';
import { randomArtifact } from './random-model.js';

export type ScheduleKind = 'paper' | 'none';

export interface ScalingPoint {
  readonly tokens: number;
  readonly schedule: ScheduleKind;
  readonly bytes: number;
  readonly rounds: number;
  /** Wall time of a run between two processes; null if not measured. */
  readonly milliseconds: number | null;
}

/** cost ~ tokens^exponent, by least squares on logarithms. */
export interface Exponents {
  readonly schedule: ScheduleKind;
  readonly bytes: number;
  readonly milliseconds: number | null;
}

export interface ScalingFigure {
  readonly model: ModelName;
  readonly points: readonly ScalingPoint[];
  readonly exponents: readonly Exponents[];
}

export interface ScalingOptions {
  readonly model: ModelName;
  /** Powers of two, so that no padding blurs the picture. */
  readonly lengths: readonly number[];
  readonly measure: boolean;
  readonly cots: CotKind;
  readonly importantRatio: number;
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

const countsOf = (schedule: readonly number[], importantRatio: number): ScheduledCounts[] =>
  schedule.map((kept) => ({ kept, important: 1 + Math.ceil((kept - 1) * importantRatio) }));

/** Costs depend on shapes only: no vocabulary is needed. */
const smallModel = (model: ModelName) =>
  randomArtifact({ ...modelConfigOf(model), vocabularySize: 8 }, 1).public;

async function milliseconds(options: ScalingOptions, tokens: number, kind: ScheduleKind): Promise<number> {
  const { model, cots, importantRatio, onProgress, signal } = options;
  const figure = await benchInference({
    model,
    tokens,
    schedule: parseSchedule(kind, model, tokens),
    network: 'loopback',
    cots,
    rowsAhead: 0,
    batch: 1,
    texts: 1,
    importantRatio,
    check: false,
    seed: 1,
    onProgress: (text) => onProgress(`${tokens} tokens, schedule ${kind}: ${text}`),
    ...(signal ? { signal } : {}),
  });
  return figure.milliseconds;
}

function exponentsOf(points: readonly ScalingPoint[], schedule: ScheduleKind): Exponents {
  const own = points.filter((point) => point.schedule === schedule);
  const times = own.flatMap((point) =>
    point.milliseconds === null ? [] : [[point.tokens, point.milliseconds] as const],
  );
  return {
    schedule,
    bytes: rounded(fittedExponent(own.map(({ tokens, bytes }) => [tokens, bytes]))),
    milliseconds: times.length === own.length ? rounded(fittedExponent(times)) : null,
  };
}

export async function benchScaling(options: ScalingOptions): Promise<ScalingFigure> {
  const { model, lengths, measure, importantRatio } = options;
  const shapes = smallModel(model);
  const points: ScalingPoint[] = [];
  for (const kind of ['paper', 'none'] as const)
    for (const tokens of lengths) {
      const schedule = parseSchedule(kind, model, tokens);
      const pruning = { ...shapes, prunes: schedule !== null, reduces: schedule !== null };
      const { bytes, rounds } = await estimateCost(pruning, {
        bucket: tokens,
        schedule: countsOf(schedule ?? [], importantRatio),
      });
      const time = measure ? await milliseconds(options, tokens, kind) : null;
      points.push({ tokens, schedule: kind, bytes, rounds, milliseconds: time });
    }
  return { model, points, exponents: [exponentsOf(points, 'paper'), exponentsOf(points, 'none')] };
}
