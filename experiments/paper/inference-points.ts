/** Points of `bench inference`: counted by shapes, or run. */
import { type CountedFigure, countInference } from '../../bench/counted.js';
import { type ModelName, parseSchedule } from '../../bench/model-sizes.js';
import type { Method } from '../../methods/method.js';
import { type Point, pointOf } from './point.js';

export interface InferenceSpec {
  readonly model: ModelName;
  readonly tokens: number;
  readonly method: Method;
}

const IMPORTANT_RATIO = 0.5;
/** Two processes, weights drawn, a connection set up. */
const START_SECONDS = 4;
/** Seconds in which a count is there, apart from the first of its model. */
const COUNT_SECONDS = 0.3;
/** Of two-party seconds, as three parties take them. */
const THREE_PARTY_SHARE = 1 / 3;

const figures = new Map<string, Promise<CountedFigure>>();

/** Published numbers of kept tokens where a method learns them. */
function counted({ model, tokens, method }: InferenceSpec): Promise<CountedFigure> {
  const key = `${model} ${tokens} ${method.name}`;
  let figure = figures.get(key);
  if (!figure) {
    const schedule = method.learns === 'nothing' ? null : parseSchedule('paper', model, tokens);
    figure = countInference({ model, tokens, method, schedule, importantRatio: IMPORTANT_RATIO });
    figures.set(key, figure);
  }
  return figure;
}

const wordsOf = ({ model, tokens, method }: InferenceSpec): string[] => [
  ...['bench', 'inference', '--model', model, '--tokens', String(tokens), '--method', method.name],
];

/** Bytes and rounds of two parties. */
export const countedPoint = (spec: InferenceSpec): Point =>
  pointOf([...wordsOf(spec), '--counted', '--json'], COUNT_SECONDS, () => counted(spec));

export type Parties = 2 | 3;

const runArgs = (spec: InferenceSpec, parties: Parties): string[] => [
  ...wordsOf(spec),
  ...(parties === 3 ? ['--parties', '3'] : []),
  '--no-check',
  '--json',
];

export const runId = (spec: InferenceSpec, parties: Parties): string => runArgs(spec, parties).join(' ');

/** With all parties as processes of one machine. */
export async function runPoint(spec: InferenceSpec, parties: Parties): Promise<Point> {
  const { estimatedSeconds } = await counted(spec);
  const share = parties === 3 ? THREE_PARTY_SHARE : 1;
  return pointOf(runArgs(spec, parties), START_SECONDS + share * estimatedSeconds.loopback);
}
