/** Reads GLUE's own TSV files (https://gluebenchmark.com): tabs between columns, no quoting, sometimes no header. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse';
import { type Dataset, DatasetError, type Example, MalformedRowLog } from './dataset.js';
import { readNumber } from './labels.js';
import { type Columns, type GlueTask, type Split, type TaskName, tasks } from './tasks.js';

export interface ReadOptions {
  /** Stop after so many good rows; null or absent for all. */
  readonly limit?: number | null;
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
const headerlessColumns = 4;

/** Reads one TSV file of a task. Malformed rows are skipped and reported; a file of nothing else is an error. */
export async function readTsv(
  file: string,
  task: GlueTask,
  split: Split,
  options: ReadOptions = {},
): Promise<Dataset> {
  if (!existsSync(file))
    throw new DatasetError(`${file}: no such file; expected ${task.name}'s ${split} split in GLUE's layout`);
  const columns = task.layout[split];
  const malformed = new MalformedRowLog();
  const examples: Example[] = [];
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let layout: Layout | null = hasHeader(columns)
    ? null
    : layoutFromHeader(columns, new Array<string>(headerlessColumns).fill(''), file);
  let index = 0;
  let line = 0;
  const rows = createReadStream(file).pipe(
    parse({
      delimiter: '\t',
      quote: null,
      bom: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n'],
    }),
  ) as AsyncIterable<string[]>;
  for await (const row of rows) {
    line++;
    if (layout === null) {
      layout = layoutFromHeader(
        columns,
        row.map((name) => name.trim()),
        file,
      );
      continue;
    }
    if (examples.length >= limit) break;
    const example = readRow(row, layout, task, index++);
    if (typeof example === 'string') malformed.add({ file, line, reason: example });
    else examples.push(example);
  }
  if (examples.length === 0) {
    const reason = malformed.first[0]?.reason ?? 'no rows';
    throw new DatasetError(
      `${file}: no usable row for ${task.name} (${malformed.count} malformed; first: ${reason})`,
    );
  }
  return { task, split, examples, malformed: { count: malformed.count, first: malformed.first } };
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
