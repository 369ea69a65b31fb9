/** A file of rows with named fields, whatever its format: what is trained on, evaluated, and classified. */
import type { FileFormat } from '../../config/file-formats.js';
import { decodeText, readBytes } from './encoding.js';
import { formatOf } from './format.js';
import { readJson } from './json.js';
import { readLines } from './lines.js';

export type Field = string | number | boolean | bigint | null | object | undefined;

export interface TableRow {
  /** Where the row begins, from 1, as editors count; in parquet the number of the row. */
  readonly line: number;
  readonly fields: Readonly<Record<string, Field>>;
  /** Why the row cannot be used: it has too few fields, or too many. */
  readonly fault: string | null;
}

export interface Table {
  readonly file: string;
  readonly format: FileFormat;
  /** Names of the fields, in the file's order. */
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** What was taken for granted, for the user to see. */
  readonly notes: readonly string[];
}

export interface TableOptions {
  /** Null or absent: by the file's ending. */
  readonly format?: FileFormat | null | undefined;
  /** Names that a header has, if there is one: a `.tsv` file may have none, and is a text or a pair a line then. */
  readonly knownColumns?: readonly string[] | undefined;
}

/** Reads a whole file. Throws DatasetError, naming file and line, if it is of another format or encoding, or empty. */
export async function readTable(file: string, options: TableOptions = {}): Promise<Table> {
  const format = formatOf(file, options.format);
  const bytes = await readBytes(file);
  if (format === 'parquet') {
    const { readParquet } = await import('./parquet.js');
    return { file, format, ...(await readParquet(bytes, file)) };
  }
  const content = await parseTable(decodeText(bytes, file), file, format, options.knownColumns ?? []);
  return { file, format, ...content };
}

export type TableContent = Pick<Table, 'columns' | 'rows' | 'notes'>;

/** Text → rows. `file` names it in errors. What reads a format is loaded with the first file of it. */
async function parseTable(
  text: string,
  file: string,
  format: Exclude<FileFormat, 'parquet'>,
  knownColumns: readonly string[],
): Promise<TableContent> {
  switch (format) {
    case 'jsonl':
      return readJson(text, file);
    case 'txt':
      return readLines(text, file);
    default: {
      const { readDelimited } = await import('./delimited.js');
      return readDelimited(text, file, format, knownColumns);
    }
  }
}

/** A field as text: numbers and booleans as they are written; null for what is no text. */
export function fieldText(field: Field): string | null {
  if (typeof field === 'string') return field;
  if (typeof field === 'number' || typeof field === 'boolean' || typeof field === 'bigint')
    return String(field);
  return null;
}
