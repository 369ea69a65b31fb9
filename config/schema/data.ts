/** Where examples come from, and how many. */
import * as z from 'zod';
import { FILE_FORMATS } from '../file-formats.js';
import { count, fraction } from './numbers.js';

export const data = z.strictObject({
  /** `glue`: TSV files below `directory`; `hub`: parquet by name, cached; `files`: one's own; `texts`: the same without labels; `synthetic`: the project's generator. */
  source: z.enum(['glue', 'hub', 'files', 'texts', 'synthetic']).default('glue'),
  directory: z.string().default('data/glue'),
  /** For `hub`: the data set's name there. */
  repository: z.string().default('nyu-mll/glue'),
  /** For `files`: training rows, and those to measure on; without the latter a share of every class is held out. */
  train: z.string().min(1).nullable().default(null),
  dev: z.string().min(1).nullable().default(null),
  devShare: z.number().gt(0).lt(1).default(0.1),
  /** For `texts`: columns of the first and the second text; null: guessed where only one fits. */
  text: z.string().min(1).nullable().default(null),
  textPair: z.string().min(1).nullable().default(null),
  /** Which rows are held out; of its own, so that runs with different seeds measure on the same ones. */
  splitSeed: z.number().int().min(0).max(0xffffffff).default(1),
  /** Null: by the files' endings. */
  format: z.enum(FILE_FORMATS).nullable().default(null),
  /** Share of a file's rows that may be malformed: no text, an unknown label, another number of columns. */
  maxBadRows: fraction.default(0.01),
  /** Use only the first so many examples; null for all. */
  trainLimit: count.nullable().default(null),
  devLimit: count.nullable().default(null),
  /** Split the dev file 4/5 for training, 1/5 for testing, by first texts (QNLI where its train file is missing). */
  splitDev: z.boolean().default(false),
  /** Which fifth is for testing then: five runs, one a fold, test on the whole file. */
  fold: z.number().int().min(1).max(5).default(5),
  /** Examples of the synthetic source. */
  syntheticTrain: count.default(4000),
  syntheticDev: count.default(400),
  /** Of its own, so that runs with different seeds see the same sentences. */
  syntheticSeed: z.number().int().min(0).max(0xffffffff).default(1),
});
