/** Runs that differ in the seed alone, as one row: mean and standard deviation. */
import { mean } from '../../data/mean.js';
import { type RunResult, scoreOf } from '../run-result.js';
import type { SweepRow } from './sweep.js';

export interface Spread {
  readonly mean: number;
  /** Of a sample, so with n - 1. */
  readonly deviation: number;
}

export interface SeedMean {
  /** The settings without the seed. */
  readonly settings: Readonly<Record<string, string>>;
  readonly seeds: number;
  readonly float: Spread;
  /** Null where a run has none. */
  readonly fixedPoint: Spread | null;
  readonly meanKeptRatio: Spread;
  readonly bytes: number;
  readonly seconds: number;
}

type DoneRow = Extract<SweepRow, { status: 'done' }>;

function spreadOf(values: readonly number[]): Spread {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { mean: centre, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}

function summary(rows: readonly DoneRow[]): Omit<SeedMean, 'settings'> {
  const over = (value: (row: RunResult) => number): number[] => rows.map(value);
  const rounded = rows.every(({ fixedPoint }) => fixedPoint);
  return {
    seeds: rows.length,
    float: spreadOf(over(({ float }) => scoreOf(float))),
    fixedPoint: rounded ? spreadOf(over(({ fixedPoint }) => scoreOf(fixedPoint!))) : null,
    meanKeptRatio: spreadOf(over(({ float }) => float.meanKeptRatio)),
    bytes: mean(over(({ estimate }) => estimate.bytes)),
    seconds: mean(over(({ estimate }) => estimate.seconds.lan)),
  };
}

const keyOf = (settings: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(settings).sort());

/** One entry for every group of finished runs with more than one seed, in the order of their first runs. */
export function seedMeans(rows: readonly SweepRow[]): SeedMean[] {
  const groups = new Map<string, DoneRow[]>();
  for (const row of rows) {
    if (row.status !== 'done') continue;
    const { seed: _, ...others } = row.settings;
    const key = keyOf(others);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups]
    .filter(([, { length }]) => length > 1)
    .map(([key, group]) => ({ settings: Object.fromEntries(JSON.parse(key)), ...summary(group) }));
}
