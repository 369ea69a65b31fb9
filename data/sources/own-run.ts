/** From a file of one's own, and what is said of it, to the configuration of a run: no YAML needed. */
import { basename, extname } from 'node:path';
import { loadRunConfig, runConfigFrom } from '../../config/load.js';
import { describeRecipe, recipeFor } from '../../config/recipe.js';
import type { FileFormat } from '../../config/file-formats.js';
import type { RunConfig, RunConfigInput } from '../../config/schema.js';
import { NOTHING_ASKED } from '../tables/columns.js';
import { DatasetError } from './dataset-error.js';
import { loadSplit } from './load.js';
import { completeTask } from './own.js';

/** What a user says of his data; the rest is found in it. */
export interface OwnData {
  readonly train: string;
  readonly dev?: string | undefined;
  readonly devShare?: number | undefined;
  readonly text?: string | undefined;
  readonly textPair?: string | undefined;
  readonly label?: string | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly format?: FileFormat | undefined;
  readonly maxBadRows?: number | undefined;
  /** Labels are numbers. */
  readonly regression?: boolean | undefined;
  /** Of the task; by default the file's. */
  readonly name?: string | undefined;
}

export interface OwnRun {
  readonly config: RunConfig;
  /** What was guessed. */
  readonly notes: readonly string[];
}

const override = (key: string, value: unknown): string[] =>
  value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];

/** The data of a run, as `--set` would write them. */
const dataOverrides = ({ train, dev, devShare, format, maxBadRows }: OwnData): string[] => [
  'data.source=files',
  ...override('data.train', train),
  ...override('data.dev', dev),
  ...override('data.devShare', devShare),
  ...override('data.format', format),
  ...override('data.maxBadRows', maxBadRows),
];

/**
 * The configuration of a run on own data. given: a configuration to begin with, as a file or as what one says, or null for one
 * that suits the number of rows; overrides: `key=value`, over everything else.
 * @throws DatasetError or ConfigError
 */
export async function ownRun(
  own: OwnData,
  given: string | Omit<RunConfigInput, 'name' | 'task'> | null,
  overrides: readonly string[],
): Promise<OwnRun> {
  const name = own.name ?? basename(own.train, extname(own.train));
  const described = {
    name,
    ...(own.regression ? { problem: 'regression' } : {}),
    ...(own.labels ? { labels: own.labels } : {}),
  };
  const configWith = (task: unknown, base: object): Promise<RunConfig> | RunConfig => {
    const all = [...dataOverrides(own), ...override('task', task), ...overrides];
    return typeof given === 'string'
      ? loadRunConfig(given, all)
      : runConfigFrom({ name, output: `runs/${name}`, ...(given ?? base) }, 'the command line', all);
  };
  const asked = { text: own.text ?? null, textPair: own.textPair ?? null, label: own.label ?? null };
  const first = await configWith(described, {});
  if (typeof first.task === 'string')
    throw new DatasetError(`expected a task of one's own, got ${first.task}`);
  const { task, notes } = await completeTask(first.task, first, { ...NOTHING_ASKED, ...asked });
  const { examples } = await loadSplit({ task, data: first.data }, 'train');
  const config = await configWith(task, recipeFor({ rows: examples.length }));
  const recipe = given === null ? [`for ${examples.length} training rows: ${describeRecipe(config)}`] : [];
  return { config, notes: [...notes, ...recipe] };
}
