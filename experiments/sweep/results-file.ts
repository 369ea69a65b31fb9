/** results.jsonl in the folder of a sweep: a row a run, written anew after each. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { readJsonLines } from '../../util/json-lines.js';
import type { RunResult } from '../measure/run-result.js';
import type { Setting } from './grid.js';

/** One line of results.jsonl. */
export type SweepRow =
  | ({
      readonly run: string;
      readonly settings: Setting;
      readonly status: 'done';
      readonly pareto?: boolean;
    } & RunResult)
  | { readonly run: string; readonly settings: Setting; readonly status: 'failed'; readonly error: string };

const fileOf = (out: string): string => join(out, 'results.jsonl');

export const writeRows = (out: string, rows: readonly SweepRow[]): Promise<void> =>
  writeFileAtomically(fileOf(out), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

/** The rows of a finished or unfinished sweep; empty where there is none. */
export const readSweep = async (out: string): Promise<SweepRow[]> =>
  existsSync(fileOf(out)) ? readJsonLines<SweepRow>(fileOf(out)) : [];
