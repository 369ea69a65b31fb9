/** The texts that a user wants classified: from the command line or a file. */
import type { FileFormat } from '../config/file-formats.js';
import { checkBadRows, DEFAULT_MAX_BAD_ROWS } from '../data/sources/bad-rows.js';
import { describeMalformed, MalformedRowLog } from '../data/sources/dataset.js';
import { readTextRows } from '../data/sources/text-rows.js';
import type { AskedColumns } from '../data/tables/columns.js';
import type { Field } from '../data/tables/table.js';
import type { TaskColumns } from '../model/task.js';
import { UsageError } from '../util/errors.js';

export interface TextInput {
  readonly text: string;
  readonly textPair: string | null;
  /** Where it came from, for errors: `--text`, or `FILE:LINE`. */
  readonly source: string;
  /** All that a file says beside it. */
  readonly fields: Readonly<Record<string, Field>>;
}

export interface TextOptions {
  readonly text?: readonly string[] | undefined;
  readonly textPair?: readonly string[] | undefined;
  readonly file?: string | undefined;
  readonly format?: FileFormat | undefined;
  readonly asked?: AskedColumns | undefined;
  /** Columns of the data that the model was trained on. */
  readonly known?: TaskColumns | null | undefined;
  readonly maxBadRows?: number | undefined;
}

export interface Texts {
  readonly inputs: readonly TextInput[];
  /** Names of their fields, in order. */
  readonly columns: readonly string[];
  /** What was guessed or left out. */
  readonly notes: readonly string[];
}

function checked(text: string, textPair: string | null): void {
  if (text.trim() === '') throw new Error('--text: the text is empty');
  if (textPair !== null && textPair.trim() === '')
    throw new Error('--text-pair: the second text of the pair is empty');
}

/** Texts of the command line; `--text-pair` as often as `--text`, or not at all. */
function givenTexts(texts: readonly string[], pairs: readonly string[]): Texts {
  if (pairs.length > 0 && pairs.length !== texts.length)
    throw new UsageError(`expected as many --text-pair as --text, got ${pairs.length} and ${texts.length}`);
  const inputs = texts.map((text, at): TextInput => {
    const textPair = pairs[at] ?? null;
    checked(text, textPair);
    const fields = textPair === null ? { text } : { text, textPair };
    return { text, textPair, source: texts.length === 1 ? '--text' : `--text ${at + 1}`, fields };
  });
  return { inputs, columns: pairs.length > 0 ? ['text', 'textPair'] : ['text'], notes: [] };
}

/** Texts of a file. A few rows without text may be left out, and are named. */
async function fileTexts(file: string, options: TextOptions): Promise<Texts> {
  const { table, rows, notes } = await readTextRows({ ...options, file });
  const malformed = new MalformedRowLog();
  for (const { line, fault } of rows) if (fault !== null) malformed.add({ file, line, reason: fault });
  checkBadRows(file, rows.length, malformed, options.maxBadRows ?? DEFAULT_MAX_BAD_ROWS);
  const inputs = rows.flatMap(({ text, textPair, line, fields, fault }) =>
    fault === null ? [{ text, textPair, fields, source: `${file}:${line}` }] : [],
  );
  return { inputs, columns: table.columns, notes: [...notes, ...describeMalformed(malformed)] };
}

/** All inputs, checked before any connection is made. */
export async function readTexts(options: TextOptions): Promise<Texts> {
  const { text = [], textPair = [], file } = options;
  if (text.length > 0 === (file !== undefined)) {
    throw new UsageError(
      text.length === 0 && textPair.length > 0
        ? '--text-pair needs --text'
        : 'expected either --text or --file',
    );
  }
  if (file === undefined) return givenTexts(text, textPair);
  if (textPair.length > 0) throw new UsageError('--text-pair needs --text');
  return fileTexts(file, options);
}
