/** The texts of a table: what every command that takes a file of one's own reads. */
import type { FileFormat } from '../../config/file-formats.js';
import type { TaskColumns } from '../../model/task.js';
import {
  type AskedColumns,
  type FoundColumns,
  KNOWN_COLUMNS,
  NOTHING_ASKED,
  textColumns,
} from '../tables/columns.js';
import { fieldText, readTable, type Table, type TableRow } from '../tables/table.js';

export interface TextRow extends TableRow {
  /** Position in the file, from 0. */
  readonly index: number;
  /** As the file has them; empty where `fault` says that there are none. */
  readonly text: string;
  readonly textPair: string | null;
}

/** A file, and what is known of its columns before it is read. */
export interface TextFile {
  readonly file: string;
  readonly format?: FileFormat | null | undefined;
  readonly asked?: AskedColumns | undefined;
  /** Columns of the data that the model was trained on: used where the file has them too. */
  readonly known?: TaskColumns | null | undefined;
}

export interface ReadTexts {
  readonly table: Table;
  readonly columns: FoundColumns;
  readonly rows: readonly TextRow[];
  /** What was guessed. */
  readonly notes: readonly string[];
}

/** Half of a character beyond U+FFFF: no text that could be written down. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The text of a field, or why there is none. */
function textOf(row: TableRow, column: string): { readonly text: string; readonly fault: string | null } {
  const field = row.fields[column];
  const text = fieldText(field) ?? '';
  if (field !== null && field !== undefined && typeof field === 'object')
    return { text, fault: `expected text in column "${column}", got ${JSON.stringify(field)?.slice(0, 40)}` };
  if (text.trim() === '') return { text, fault: 'the text is empty' };
  if (LONE_SURROGATE.test(text)) return { text, fault: 'the text holds half a character (a lone surrogate)' };
  return { text, fault: null };
}

/** A row may lack its second text: one text among pairs. */
function textRow(row: TableRow, index: number, { text, textPair }: FoundColumns): TextRow {
  const first = textOf(row, text);
  const hasSecond = textPair !== null && row.fields[textPair] !== undefined && row.fields[textPair] !== null;
  const second = hasSecond ? textOf(row, textPair) : null;
  const fault = row.fault ?? first.fault ?? (second?.fault ? `second text: ${second.fault}` : null);
  return { ...row, index, text: first.text, textPair: second?.text ?? null, fault };
}

export function rowsOfTable(table: Table, columns: FoundColumns): TextRow[] {
  return table.rows.map((row, index) => textRow(row, index, columns));
}

/** Reads the texts of a file, faulty rows included. Throws DatasetError if file or columns cannot be used. */
export async function readTextRows({
  file,
  format,
  asked = NOTHING_ASKED,
  known = null,
}: TextFile): Promise<ReadTexts> {
  const names = [asked.text, asked.textPair, asked.label, known?.text, known?.textPair, known?.label];
  const given = names.filter((name): name is string => typeof name === 'string');
  const table = await readTable(file, { format, knownColumns: [...KNOWN_COLUMNS, ...given] });
  const { columns, notes } = textColumns(table, asked, known);
  return { table, columns, rows: rowsOfTable(table, columns), notes: [...table.notes, ...notes] };
}
