/** JSON objects: one a line (JSON lines), or all of them in one array. */
import { DatasetError } from '../sources/dataset-error.js';
import type { Field, TableContent, TableRow } from './table.js';

type Fields = Record<string, Field>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 40) ?? 'nothing';

/** One line → its row; what is not an object is a row that cannot be used. */
export function jsonRow(content: string, line: number): TableRow {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return { line, fields: {}, fault: `expected a JSON object, got ${JSON.stringify(content.slice(0, 40))}` };
  }
  if (isObject(value)) return { line, fields: value, fault: null };
  return { line, fields: {}, fault: `expected a JSON object, got ${shown(value)}` };
}

/** Rows are numbered by their place, since an array may be written on one line. */
function fromArray(text: string, file: string): TableRow[] {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${file}: expected an array of JSON objects, got ${(error as Error).message}`);
  }
  return (values as unknown[]).map((value, at) =>
    isObject(value)
      ? { line: at + 1, fields: value, fault: null }
      : { line: at + 1, fields: {}, fault: `expected a JSON object, got ${shown(value)}` },
  );
}

function fromLines(text: string): TableRow[] {
  return text
    .split(/\r?\n/)
    .map((content, at) => ({ content, line: at + 1 }))
    .filter(({ content }) => content.trim() !== '')
    .map(({ content, line }) => jsonRow(content, line));
}

/** Throws DatasetError if there is no object at all. */
export function readJson(text: string, file: string): TableContent {
  const rows = /^\s*\[/.test(text) ? fromArray(text, file) : fromLines(text);
  if (rows.length === 0) throw new DatasetError(`${file}: expected at least one text, the file is empty`);
  const columns = new Set(rows.flatMap(({ fields }) => Object.keys(fields)));
  return { columns: [...columns], rows, notes: [] };
}
