/** Plain text: a text a line, or two texts with a tab between them. */
import { DatasetError } from '../sources/dataset-error.js';
import type { TableContent, TableRow } from './table.js';

/** The fields of a file without header. */
export const LINE_COLUMNS = ['text', 'textPair'] as const;

/** One line → its row. */
export function lineRow(content: string, line: number): TableRow {
  const cells = content.split('\t');
  const fields = Object.fromEntries(LINE_COLUMNS.slice(0, cells.length).map((name, i) => [name, cells[i]!]));
  const fault = cells.length > 2 ? `expected one or two columns, got ${cells.length}` : null;
  return { line, fields, fault };
}

/** Throws DatasetError if there is no line. */
export function readLines(text: string, file: string): TableContent {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new DatasetError(`${file}: expected at least one text, the file is empty`);
  const rows = lines.map((content, at) => lineRow(content, at + 1));
  const columns = LINE_COLUMNS.filter((name) => rows.some(({ fields }) => name in fields));
  return { columns, rows, notes: [] };
}
