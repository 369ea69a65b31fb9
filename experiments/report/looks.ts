/** How a run looks: one colour and one dash everywhere, so that lines that coincide can both be seen. */
import type { Run } from './collect.js';

export interface Look {
  /** As short as it may be and still be the only one. */
  readonly name: string;
  readonly color: string;
  /** Lengths of strokes and gaps. */
  readonly dash: readonly number[];
}

/** By the names of the runs. */
export type Looks = ReadonlyMap<string, Look>;

/** Colours that stay apart in print and for colour-blind readers: Okabe and Ito's, then some of Tol's. */
const PALETTE = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#5b5b5b',
  '#b8a800',
  '#332288',
  '#882255',
  '#44aa99',
  '#000000',
];

/** One is solid; through the gaps of the others a line below is seen. */
const DASHES: readonly (readonly number[])[] = [[], [7, 5], [2, 4], [9, 3, 2, 3], [4, 3], [12, 6]];

/** Of lines: a piece of each, with its dash. */
export const LINE_LEGEND = {
  labelLimit: 0,
  symbolType: 'stroke',
  symbolSize: 300,
  symbolStrokeWidth: 2,
} as const;

/** Of functions: none of the colours of runs. */
export const FUNCTION_COLORS = 'tableau10';

/** Beyond the palette, hues as far from each other as the golden angle makes them. */
const colorOf = (index: number): string =>
  PALETTE[index] ?? `hsl(${Math.round(index * 137.508) % 360}, 60%, ${index % 2 === 0 ? 38 : 55}%)`;

/** The look of the so-many-th line of a figure. */
export const lookAt = (index: number): Omit<Look, 'name'> => ({
  color: colorOf(index),
  dash: DASHES[index % DASHES.length]!,
});

/** The last part of a path is enough where it is unique. */
function shortNames(runs: readonly { readonly name: string }[]): Map<string, string> {
  const last = (name: string): string => name.split('/').at(-1)!;
  const counts = new Map<string, number>();
  for (const { name } of runs) counts.set(last(name), (counts.get(last(name)) ?? 0) + 1);
  return new Map(runs.map(({ name }) => [name, counts.get(last(name)) === 1 ? last(name) : name]));
}

export function looksOf(runs: readonly Run[]): Looks {
  const names = shortNames(runs);
  return new Map(runs.map(({ name }, index) => [name, { name: names.get(name)!, ...lookAt(index) }]));
}

/** Runs of one task: scores of different ones are never on one axis. */
export interface TaskRuns {
  /** Null for runs that nothing says the task of. */
  readonly task: string | null;
  readonly runs: readonly Run[];
}

export function runsByTask(runs: readonly Run[]): TaskRuns[] {
  const groups = new Map<string | null, Run[]>();
  for (const run of runs) groups.set(run.task, [...(groups.get(run.task) ?? []), run]);
  return [...groups].map(([task, members]) => ({ task, runs: members }));
}
