/** Reads GLUE's own TSV files (https://gluebenchmark.com): tabs between columns, no quoting, sometimes no header. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { splitRows } from '../tables/delimited.js';
import { decodeText, readBytes } from '../tables/encoding.js';
import { checkBadRows } from './bad-rows.js';
import { type Dataset, DatasetError, type Example, MalformedRowLog } from './dataset.js';
import { readNumber } from './labels.js';
import { type Columns, type GlueTask, type Split, type TaskName, tasks } from './tasks.js';

export interface ReadOptions {
  /** Stop after so many good rows; null or absent for all. */
  readonly limit?: number | null;
  /** Share of the rows that may be malformed. */
  readonly maxBadRows?: number | undefined;
}

/** Positions of the columns in every row, and how many columns a row must have at least. */
interface Layout {
  readonly text: number;
  readonly textPair: number | null;
  readonly label: number | null;
  readonly columns: number;
}

const hasHeader = (columns: Columns): boolean => typeof columns.text === 'string';

function layoutFromHeader(columns: Columns, header: readonly string[], file: string): Layout {
  const position = (name: string | number): number => {
    const at = typeof name === 'number' ? name : header.indexOf(name);
    if (at < 0) throw new DatasetError(`${file}:1: expected a column "${name}", got ${header.join(', ')}`);
    return at;
  };
  return {
    text: position(columns.text),
    textPair: columns.textPair === null ? null : position(columns.textPair),
    label: columns.label === null ? null : position(columns.label),
    columns: header.length,
  };
}

/** The class number or the number itself, or the reason why it is none. */
function readLabel(stored: string, { storedLabels, range }: GlueTask): number | string {
  if (range !== null) return readNumber(stored, range);
  const label = storedLabels.indexOf(stored);
  if (label >= 0) return label;
  return `expected a label ${storedLabels.join(' or ')}, got "${stored.slice(0, 40)}"`;
}

/** One row → an example, or the reason why it is none. */
function readRow(row: readonly string[], layout: Layout, task: GlueTask, index: number): Example | string {
  if (row.length !== layout.columns) return `expected ${layout.columns} columns, got ${row.length}`;
  const text = row[layout.text]!.trim();
  const textPair = layout.textPair === null ? null : row[layout.textPair]!.trim();
  if (text === '' || textPair === '') return 'empty text';
  if (layout.label === null) return { index, text, textPair, label: null };
  const label = readLabel(row[layout.label]!.trim(), task);
  return typeof label === 'string' ? label : { index, text, textPair, label };
}

/** Columns of the CoLA files without header: source, label, mark, sentence. */
const HEADERLESS_COLUMNS = 4;

/** Reads one TSV file of a task. Malformed rows are skipped and reported; a file of nothing else is an error. */
async function readTsv(
  file: string,
  task: GlueTask,
  split: Split,
  options: ReadOptions = {},
): Promise<Dataset> {
  if (!existsSync(file))
    throw new DatasetError(`${file}: no such file; expected ${task.name}'s ${split} split in GLUE's layout`);
  const rows = splitRows(decodeText(await readBytes(file), file), file, '\t', 'none');
  const columns = task.layout[split];
  const header = hasHeader(columns) ? rows.shift()?.cells : new Array<string>(HEADERLESS_COLUMNS).fill('');
  if (header === undefined) throw new DatasetError(`${file}: no usable row for ${task.name}: no rows`);
  const layout = layoutFromHeader(
    columns,
    header.map((name) => name.trim()),
    file,
  );
  const malformed = new MalformedRowLog();
  const examples: Example[] = [];
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  for (const [index, { line, cells }] of rows.entries()) {
    if (examples.length >= limit) break;
    const example = readRow(cells, layout, task, index);
    if (typeof example === 'string') malformed.add({ file, line, reason: example });
    else examples.push(example);
  }
  const { count, first } = malformed;
  checkBadRows(file, examples.length + count, { count, first }, options.maxBadRows);
  if (examples.length === 0) throw new DatasetError(`${file}: no usable row for ${task.name}: no rows`);
  return { task, split, examples, malformed: { count, first } };
}

/** Reads a split of a task from GLUE's directory layout: `directory/SST-2/dev.tsv` and so on. */
export async function readGlue(
  directory: string,
  name: TaskName,
  split: Split,
  options: ReadOptions = {},
): Promise<Dataset> {
  const task = tasks[name];
  return readTsv(join(directory, task.folder, task.files[split]), task, split, options);
}
