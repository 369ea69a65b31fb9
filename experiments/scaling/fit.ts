/** What follows from the points of `bench scaling`: exponents, savings, and what many cores would do. */
import { rounded } from '../../bench/measure.js';
import type { NetworkName } from '../../bench/networks.js';
import { type TextCost, manyCores, networkModels } from '../../inference/cost/cost-model.js';
import {
  type Place,
  type ScalingPoint,
  type ScalingSetting,
  SCHEDULE_KINDS,
  type ScheduleKind,
  seriesOf,
} from './point.js';

/** cost ~ tokens^exponent over the lengths of one series, by least squares on logarithms. */
export interface Exponents extends Omit<Place, 'tokens'> {
  readonly lengths: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Without pruning over with it, where everything else is equal. */
export interface Saving extends Omit<Place, 'schedule'> {
  readonly bytes: number;
  readonly seconds: number;
}

/** By the cost model, not measured: a server with many cores, one text at a time and as many as it has cores. */
export interface ModelledServer {
  readonly cores: number;
  readonly tokens: number;
  readonly schedule: ScheduleKind;
  /** Of one text on each network. */
  readonly seconds: Readonly<Record<NetworkName, number>>;
  /** With all cores busy, and what the server's line must carry then. */
  readonly textsPerSecond: number;
  readonly gigabitsPerSecond: number;
}

export interface ScalingFigure extends ScalingSetting {
  readonly points: readonly ScalingPoint[];
  readonly exponents: readonly Exponents[];
  readonly savings: readonly Saving[];
  readonly modelled: readonly ModelledServer[];
}

const MODELLED_CORES = 64;

/** Slope of the line through (log x, log y). */
export function fittedExponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (pick: 0 | 1) => logs.reduce((sum, point) => sum + point[pick], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}

function exponentsOf(points: readonly ScalingPoint[]): Exponents[] {
  return [...new Set(points.map(seriesOf))].flatMap((name) => {
    const series = points.filter((point) => seriesOf(point) === name);
    if (series.length < 2) return [];
    const exponentOf = (costOf: (point: ScalingPoint) => number) =>
      rounded(fittedExponent(series.map((point) => [point.tokens, costOf(point)])));
    const { schedule, network, batch, cores, cots } = series[0]!;
    const exponents = {
      bytes: exponentOf(({ bytes }) => bytes),
      seconds: exponentOf(({ seconds }) => seconds),
    };
    return [{ schedule, network, batch, cores, cots, lengths: series.length, ...exponents }];
  });
}

function savingsOf(points: readonly ScalingPoint[]): Saving[] {
  return points.flatMap((none) => {
    if (none.schedule !== 'none') return [];
    const { tokens, network, batch, cores, cots } = none;
    const pruned = { ...none, schedule: 'paper' } as const;
    const paper = points.find((point) => point.tokens === tokens && seriesOf(point) === seriesOf(pruned));
    if (!paper) return [];
    const [bytes, seconds] = [none.bytes / paper.bytes, none.seconds / paper.seconds].map(rounded);
    return [{ tokens, network, batch, cores, cots, bytes: bytes!, seconds: seconds! }];
  });
}

function modelledServer(tokens: number, schedule: ScheduleKind, cost: TextCost): ModelledServer {
  const { secondsOn, textsPerSecond } = manyCores(cost, MODELLED_CORES);
  const { loopback, lan, wan } = networkModels;
  return {
    cores: MODELLED_CORES,
    tokens,
    schedule,
    seconds: {
      loopback: rounded(secondsOn(loopback)),
      lan: rounded(secondsOn(lan)),
      wan: rounded(secondsOn(wan)),
    },
    textsPerSecond: rounded(textsPerSecond),
    gigabitsPerSecond: rounded((textsPerSecond * cost.bytes * 8) / 1e9),
  };
}

/** Points in order, with what follows from them. */
export async function scalingFigure(
  { model, importantRatio }: ScalingSetting,
  points: readonly ScalingPoint[],
  costOf: (tokens: number, schedule: ScheduleKind) => Promise<TextCost>,
): Promise<ScalingFigure> {
  const order = (point: ScalingPoint) => `${SCHEDULE_KINDS.indexOf(point.schedule)} ${seriesOf(point)}`;
  const sorted = [...points].sort((a, b) => order(a).localeCompare(order(b)) || a.tokens - b.tokens);
  const modelled: ModelledServer[] = [];
  for (const schedule of SCHEDULE_KINDS) {
    const lengths = new Set(
      sorted.filter((point) => point.schedule === schedule).map(({ tokens }) => tokens),
    );
    for (const tokens of [...lengths].sort((a, b) => a - b))
      modelled.push(modelledServer(tokens, schedule, await costOf(tokens, schedule)));
  }
  const follows = { exponents: exponentsOf(sorted), savings: savingsOf(sorted), modelled };
  return { model, importantRatio, points: sorted, ...follows };
}
