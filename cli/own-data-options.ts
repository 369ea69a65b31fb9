/** Options that say what is in a file of one's own: for `train`, and in part for every command that reads one. */
import { FILE_FORMATS } from '../config/file-formats.js';
import { type GlueTask, taskByName } from '../data/sources/tasks.js';
import { type LabelMap, parseLabelMap } from '../model/label-map.js';
import { UsageError } from '../util/errors.js';
import { fraction, optional } from './options.js';

/** `a,b,c` → names. */
const names =
  (option: string) =>
  (value: unknown): string[] => {
    const list = String(value)
      .split(',')
      .map((name) => name.trim());
    if (list.every((name) => name !== '') && new Set(list).size === list.length && list.length > 1)
      return list;
    throw new UsageError(
      `--${option}: expected different names with commas between, got ${JSON.stringify(value)}`,
    );
  };

function labelMap(value: unknown): LabelMap {
  try {
    return parseLabelMap(String(value));
  } catch (error) {
    throw new UsageError(`--label-map: ${(error as Error).message}`);
  }
}

/** Which columns hold what. */
export const columnOptions = {
  text: { type: 'string', describe: 'Column of the text; guessed where only one fits', requiresArg: true },
  'text-pair': { type: 'string', describe: 'Column of the second text of a pair', requiresArg: true },
  label: { type: 'string', describe: 'Column of the label; guessed where only one fits', requiresArg: true },
} as const;

function glueTask(name: unknown): GlueTask {
  try {
    return taskByName(String(name));
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

export const glueTaskOption = {
  type: 'string',
  describe: "A GLUE task; by default the model's own",
  requiresArg: true,
  coerce: optional(glueTask),
} as const;

export const labelMapOption = {
  type: 'string',
  describe:
    'Which class of the model is which of the data, where names differ: MODEL=DATA with commas between',
  requiresArg: true,
  coerce: optional(labelMap),
} as const;

export const formatOption = {
  choices: FILE_FORMATS,
  describe: "Format of the file, where its name's ending does not say it",
} as const;

export const maxBadRowsOption = {
  type: 'string',
  describe: 'Share of rows that may be left out because they cannot be used, 0 to 1; 0.01 by default',
  requiresArg: true,
  coerce: optional(fraction('max-bad-rows')),
} as const;

export const ownDataOptions = {
  train: {
    type: 'string',
    describe: 'A file of your own to learn from: .csv, .tsv, .jsonl, .json or .parquet',
    requiresArg: true,
  },
  dev: {
    type: 'string',
    describe: 'A file to measure on; otherwise a part of --train is held out',
    requiresArg: true,
  },
  'dev-share': {
    type: 'string',
    describe: 'Share of --train that is held out, of every class; 0.1 by default',
    requiresArg: true,
    coerce: optional(fraction('dev-share')),
  },
  ...columnOptions,
  labels: {
    type: 'string',
    describe: 'Names of the classes, with commas between; by default those of the file, as they come',
    requiresArg: true,
    coerce: optional(names('labels')),
  },
  regression: { type: 'boolean', default: false, describe: 'Labels are numbers, not classes' },
  format: formatOption,
  'max-bad-rows': maxBadRowsOption,
} as const;
