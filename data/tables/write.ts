/** Rows of fields as lines of a file: CSV by RFC 4180, the same with tabs, or JSON lines. */
import type { Field } from './table.js';
import { fieldText } from './table.js';

export const OUTPUT_FORMATS = ['csv', 'tsv', 'jsonl'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export type Fields = Readonly<Record<string, Field>>;

/** Null, and what is no text, is an empty cell; objects are JSON. */
const cellText = (field: Field): string =>
  fieldText(field) ?? (field === null || field === undefined ? '' : JSON.stringify(field));

const quoted = (cell: string, delimiter: string): string =>
  /["\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** JSON has no whole numbers beyond 2^53: they are written as text. */
const jsonField = (_: string, field: unknown): unknown => (typeof field === 'bigint' ? String(field) : field);

/** Writes rows one by one; CSV and TSV begin with a header. `columns`: what every row has, in order. */
export class RowWriter {
  readonly #delimiter: string;

  constructor(
    private readonly format: OutputFormat,
    private readonly columns: readonly string[],
  ) {
    this.#delimiter = format === 'tsv' ? '\t' : ',';
  }

  /** Empty for JSON lines. */
  header(): string {
    return this.format === 'jsonl' ? '' : this.#line(this.columns);
  }

  row(fields: Fields): string {
    if (this.format === 'jsonl') return `${JSON.stringify(fields, jsonField)}\n`;
    return this.#line(this.columns.map((name) => cellText(fields[name])));
  }

  #line = (cells: readonly string[]): string =>
    `${cells.map((cell) => quoted(cell, this.#delimiter)).join(this.#delimiter)}\n`;
}
