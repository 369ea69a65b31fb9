/** Runs that differ in the seed or the fold alone, as one row: mean and standard deviation. */
import { mean } from '../../data/metrics/mean.js';
import { type RunResult, scoreOf } from '../measure/run-result.js';
import type { Setting } from './grid.js';
import type { SweepRow } from './results-file.js';

export interface Spread {
  readonly mean: number;
  /** Of a sample, so with n - 1. */
  readonly deviation: number;
}

export interface RepeatMean {
  /** The settings without seed and fold. */
  readonly settings: Setting;
  readonly runs: number;
  readonly float: Spread;
  /** Null where a run has none. */
  readonly fixedPoint: Spread | null;
  /**
   * Score less that of the dense model of the same seed and fold: a difference on the same texts varies less than either score. Null
   * where a dense model is missing.
   */
  readonly gain: { readonly float: Spread | null; readonly fixedPoint: Spread | null };
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

/** Settings that a repetition changes. */
const REPEATED = ['seed', 'data.fold'];

const textOf = (settings: Setting): string => JSON.stringify(Object.entries(settings).sort());
const pick = (settings: Setting, wanted: (key: string) => boolean): Setting =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => wanted(key)));
const repetitionOf = (row: DoneRow): string => textOf(pick(row.settings, (key) => REPEATED.includes(key)));

const isDense = ({ settings }: DoneRow): boolean => settings['masks.mode'] === 'none';

type Score = (row: RunResult) => number | null;
const floatScore: Score = ({ float }) => scoreOf(float);
const fixedPointScore: Score = ({ fixedPoint }) => fixedPoint && scoreOf(fixedPoint);

/** Null unless every value is there. */
const spreadOfAll = (values: readonly (number | null)[]): Spread | null =>
  values.every((value) => value !== null) ? spreadOf(values) : null;

function gainOver(
  dense: ReadonlyMap<string, DoneRow>,
  rows: readonly DoneRow[],
  score: Score,
): Spread | null {
  return spreadOfAll(
    rows.map((row) => {
      const base = dense.get(repetitionOf(row));
      const [own, other] = [score(row), base ? score(base) : null];
      return own === null || other === null ? null : own - other;
    }),
  );
}

function summary(
  rows: readonly DoneRow[],
  dense: ReadonlyMap<string, DoneRow>,
): Omit<RepeatMean, 'settings'> {
  const over = (value: (row: RunResult) => number): number[] => rows.map(value);
  return {
    runs: rows.length,
    float: spreadOf(over(({ float }) => scoreOf(float))),
    fixedPoint: spreadOfAll(rows.map(fixedPointScore)),
    gain: { float: gainOver(dense, rows, floatScore), fixedPoint: gainOver(dense, rows, fixedPointScore) },
    meanKeptRatio: spreadOf(over(({ float }) => float.meanKeptRatio)),
    bytes: mean(over(({ estimate }) => estimate.bytes)),
    seconds: mean(over(({ estimate }) => estimate.seconds.lan)),
  };
}

/** One entry for every group of finished runs that repeat a setting, in the order of their first runs. */
export function repeatMeans(rows: readonly SweepRow[]): RepeatMean[] {
  const done = rows.filter((row) => row.status === 'done');
  const dense = new Map(done.filter(isDense).map((row) => [repetitionOf(row), row]));
  const groups = new Map<string, DoneRow[]>();
  for (const row of done) {
    const key = textOf(pick(row.settings, (name) => !REPEATED.includes(name)));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups]
    .filter(([, { length }]) => length > 1)
    .map(([key, group]) => ({ settings: Object.fromEntries(JSON.parse(key)), ...summary(group, dense) }));
}
