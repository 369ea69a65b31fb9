/** Values with a delimiter between them (CSV by RFC 4180, TSV): a header, quoted fields, lines that end as they like. */
import { type CsvError, parse } from 'csv-parse/sync';
import { DatasetError } from '../sources/dataset-error.js';
import { readLines } from './lines.js';
import type { TableContent, TableRow } from './table.js';

const DELIMITERS = [',', ';', '\t', '|'] as const;
const DELIMITER_NAMES: Readonly<Record<string, string>> = { ';': 'semicolons', '\t': 'tabs', '|': 'bars' };

/** `usual`: a quote within an unquoted field is a character; `strict`: an error. */
type Quotes = 'usual' | 'strict' | 'none';

export interface RawRow {
  readonly line: number;
  readonly cells: readonly string[];
}

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Follows a parser through a file: which line a byte is on. */
class LineCounter {
  #at = 0;
  #line = 1;

  constructor(private readonly bytes: Uint8Array) {}

  /** The line of the first byte from here on that ends no line: where the next row begins. */
  get beginning(): number {
    while (this.#at < this.bytes.length && this.#isBreak(this.bytes[this.#at]!)) this.#step();
    return this.#line;
  }

  /** Goes on to a byte. */
  moveTo(end: number): void {
    while (this.#at < end) this.#step();
  }

  #isBreak = (byte: number): boolean => byte === LINE_FEED || byte === CARRIAGE_RETURN;

  #step(): void {
    const byte = this.bytes[this.#at++]!;
    const isFirstOfTwo = byte === CARRIAGE_RETURN && this.bytes[this.#at] === LINE_FEED;
    if (this.#isBreak(byte) && !isFirstOfTwo) this.#line++;
  }
}

/** Rows of cells, blank lines left out. Throws DatasetError on a quote that is never closed. */
export function splitRows(text: string, file: string, delimiter: string, quotes: Quotes): RawRow[] {
  const rows: RawRow[] = [];
  const source = Buffer.from(text);
  const lines = new LineCounter(source);
  const keep = (cells: string[], { bytes }: { readonly bytes: number }): null => {
    rows.push({ line: lines.beginning, cells });
    lines.moveTo(bytes);
    return null;
  };
  try {
    parse(source, {
      delimiter,
      quote: quotes === 'none' ? null : '"',
      relax_column_count: true,
      relax_quotes: quotes === 'usual',
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      on_record: keep,
    });
  } catch (error) {
    const { code, message } = error as CsvError;
    const what = code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is opened that is never closed' : message;
    throw new DatasetError(`${file}:${lines.beginning}: ${what}`);
  }
  return rows;
}

/** The delimiter of a CSV file: the one that its header has most of; spreadsheets in some languages write semicolons. */
function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/)).replace(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string): number => header.split(delimiter).length;
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best), DELIMITERS[0]);
}

const raggedRows = (rows: readonly RawRow[]): number =>
  rows.filter(({ cells }) => cells.length !== rows[0]!.cells.length).length;

/** A cell that begins with a quote which it does not close: one field in several pieces, or a quote that means nothing. */
const isTorn = (cell: string): boolean => cell.startsWith('"') && (cell.split('"').length - 1) % 2 === 1;

/** TSV has no quotes, but spreadsheets write them as in CSV: so they are read where fields would be torn otherwise, and close. */
function splitTabs(text: string, file: string): RawRow[] {
  const plain = splitRows(text, file, '\t', 'none');
  if (!plain.some(({ cells }) => cells.some(isTorn))) return plain;
  try {
    const quoted = splitRows(text, file, '\t', 'strict');
    return raggedRows(quoted) <= raggedRows(plain) ? quoted : plain;
  } catch (error) {
    if (error instanceof DatasetError) return plain;
    throw error;
  }
}

function checkHeader(header: readonly string[], file: string): void {
  const twice = header.find((name, at) => header.indexOf(name) !== at);
  if (twice !== undefined)
    throw new DatasetError(`${file}:1: expected columns of different names, got "${twice}" twice`);
}

function rowOf({ line, cells }: RawRow, header: readonly string[]): TableRow {
  const fields = Object.fromEntries(header.map((name, at) => [name, cells[at] ?? '']));
  const { length } = cells;
  const fault = length === header.length ? null : `expected ${header.length} columns, got ${length}`;
  return { line, fields, fault };
}

/** `knownColumns`: a `.tsv` file whose first line has none of these is a text or a pair a line. */
export function readDelimited(
  text: string,
  file: string,
  format: 'csv' | 'tsv',
  knownColumns: readonly string[],
): TableContent {
  const delimiter = format === 'tsv' ? '\t' : delimiterOf(text);
  const [first, ...rest] =
    format === 'tsv' ? splitTabs(text, file) : splitRows(text, file, delimiter, 'usual');
  if (first === undefined) throw new DatasetError(`${file}: expected at least one text, the file is empty`);
  const header = first.cells.map((name) => name.trim());
  if (format === 'tsv' && !header.some((name) => knownColumns.includes(name))) return readLines(text, file);
  checkHeader(header, file);
  if (rest.length === 0) throw new DatasetError(`${file}: expected rows below the header, got none`);
  const isUsual = format === 'tsv' || delimiter === ',';
  const notes = isUsual ? [] : [`${file}: columns are separated by ${DELIMITER_NAMES[delimiter]}`];
  return { columns: header, rows: rest.map((row) => rowOf(row, header)), notes };
}
