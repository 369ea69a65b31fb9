/** What every reader of data returns, and the bookkeeping of rows that could not be read. */
import type { Split, Task } from './tasks.js';

export { DatasetError } from './dataset-error.js';

export interface Example {
  /** Position among the rows of its file, malformed ones included, from 0. */
  readonly index: number;
  readonly text: string;
  readonly textPair: string | null;
  /** Class number, or the number itself of a regression; null in a split without labels. */
  readonly label: number | null;
}

export interface MalformedRow {
  readonly file: string;
  /** From 1, as editors count. */
  readonly line: number;
  readonly reason: string;
}

export interface MalformedRows {
  readonly count: number;
  /** The first of them, for a report. */
  readonly first: readonly MalformedRow[];
}

export interface Dataset {
  readonly task: Task;
  readonly split: Split;
  readonly examples: readonly Example[];
  readonly malformed: MalformedRows;
}

/** Counts malformed rows and keeps the first few. */
export class MalformedRowLog {
  count = 0;
  readonly first: MalformedRow[] = [];

  constructor(private readonly keep = 20) {}

  add(row: MalformedRow): void {
    this.count++;
    if (this.first.length < this.keep) this.first.push(row);
  }
}

/** Lines for the log, one a row; none if there are no such rows. */
export function describeMalformed({ count, first }: MalformedRows): string[] {
  if (count === 0) return [];
  const lines = first.map(({ file, line, reason }) => `  ${file}:${line}: ${reason}`);
  const more = count > first.length ? [`  and ${count - first.length} more`] : [];
  return [`${count} malformed ${count === 1 ? 'row was' : 'rows were'} skipped:`, ...lines, ...more];
}

/** Parts that a development file can be split into. */
const FOLDS = 5;

/**
 * Splits examples 4/5 to 1/5, for a task of which only the dev file is at hand (QNLI). Every fifth distinct first text goes to the
 * test part, so that no question is in both. fold: which fifth is the test part, from 1.
 */
export function splitFourToOne(
  examples: readonly Example[],
  fold: number,
): { train: Example[]; dev: Example[] } {
  const ordinal = new Map<string, number>();
  const train: Example[] = [];
  const dev: Example[] = [];
  for (const example of examples) {
    const at = ordinal.get(example.text) ?? ordinal.size;
    ordinal.set(example.text, at);
    (at % FOLDS === fold - 1 ? dev : train).push(example);
  }
  return { train, dev };
}
