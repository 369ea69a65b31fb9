/** Which columns of a file are the text, the second text and the label: said by the user, known from a model, or guessed. */
import type { TaskColumns } from '../../model/task.js';
import { DatasetError } from '../sources/dataset-error.js';
import { fieldText, type Table } from './table.js';

/** Null: not said. */
export interface AskedColumns {
  readonly text: string | null;
  readonly textPair: string | null;
  readonly label: string | null;
}

export const NOTHING_ASKED: AskedColumns = { text: null, textPair: null, label: null };

/** Names by which columns are known at once, in lower case. */
const TEXT_NAMES = [
  'text',
  'sentence',
  'message',
  'review',
  'comment',
  'content',
  'body',
  'document',
  'utterance',
];
const PAIR_NAMES: readonly (readonly [string, string])[] = [
  ['text', 'textpair'],
  ['text', 'text_pair'],
  ['text1', 'text2'],
  ['text_a', 'text_b'],
  ['sentence1', 'sentence2'],
  ['question1', 'question2'],
  ['premise', 'hypothesis'],
  ['question', 'sentence'],
];
const LABEL_NAMES = [
  'label',
  'labels',
  'class',
  'category',
  'target',
  'sentiment',
  'intent',
  'topic',
  'score',
];

/** Names that a header may have: what tells a header from a text. */
export const KNOWN_COLUMNS: readonly string[] = [
  ...new Set([...TEXT_NAMES, ...PAIR_NAMES.flat(), ...LABEL_NAMES, 'textPair']),
];

/** Rows that a guess looks at. */
const GUESSED_FROM = 200;
/** Words that a text has at least on average, where its name does not say what it is. */
const WORDS_OF_TEXT = 3;
/** Classes that a column of labels has at most, as a share of its rows, where its name does not say what it is. */
const SHARE_OF_CLASSES = 0.25;

function checkAsked(table: Table, asked: AskedColumns): void {
  for (const name of [asked.text, asked.textPair, asked.label])
    if (name !== null && !table.columns.includes(name))
      throw new DatasetError(`${table.file}: expected a column "${name}", got ${table.columns.join(', ')}`);
}

const columnNamed = (columns: readonly string[], name: string): string | undefined =>
  columns.find((column) => column.toLowerCase() === name);

const namedAs = (columns: readonly string[], names: readonly string[]): string[] =>
  names.flatMap((name) => columnNamed(columns, name) ?? []);

function valuesOf(table: Table, column: string): string[] {
  return table.rows
    .filter(({ fault }) => fault === null)
    .slice(0, GUESSED_FROM)
    .flatMap(({ fields }) => fieldText(fields[column]) ?? [])
    .filter((value) => value.trim() !== '');
}

function looksLikeText(values: readonly string[]): boolean {
  const words = values.reduce((sum, value) => sum + value.trim().split(/\s+/u).length, 0);
  return values.length > 0 && words / values.length >= WORDS_OF_TEXT;
}

function looksLikeLabel(values: readonly string[]): boolean {
  const different = new Set(values).size;
  return different >= 2 && different <= Math.max(2, SHARE_OF_CLASSES * values.length);
}

/** What a column has that is none of labels. */
function whyNoLabel(table: Table, column: string): string {
  const values = valuesOf(table, column);
  const different = new Set(values).size;
  if (different > 1) return `${column} has ${different} different values in ${values.length} rows`;
  return different === 1 ? `${column} has "${values[0]!.slice(0, 40)}" alone` : `${column} is empty`;
}

/** What may be the reason why nothing fits: rows with fields too many or too few. */
function raggedRows({ rows }: Table): string {
  const faulty = rows.filter(({ fault }) => fault !== null);
  const [first] = faulty;
  return first === undefined
    ? ''
    : `; ${faulty.length} of ${rows.length} rows are not as the header (line ${first.line}: ${first.fault}: is a field with a delimiter in it quoted?)`;
}

/** The one that fits, or an error that names the option to say it by. */
function onlyOne(
  table: Table,
  fitting: readonly string[],
  option: 'text' | 'label',
  others: readonly string[] = [],
): string {
  const [first, ...more] = fitting;
  if (first !== undefined && more.length === 0) return first;
  const why = others.map((column) => whyNoLabel(table, column)).join(', ');
  const got =
    first === undefined ? `none looks like it${why && ` (${why})`}` : `${fitting.join(' and ')} could be`;
  throw new DatasetError(
    `${table.file}: which column is the ${option}? ${got}, of ${table.columns.join(', ')}; say --${option} COLUMN${raggedRows(table)}`,
  );
}

function guessText(table: Table, others: readonly string[]): string {
  const free = table.columns.filter((column) => !others.includes(column));
  const named = namedAs(free, TEXT_NAMES);
  if (named.length > 0) return onlyOne(table, named, 'text');
  const fitting = free.filter((column) => looksLikeText(valuesOf(table, column)));
  return onlyOne(table, fitting.length === 0 && free.length === 1 ? free : fitting, 'text');
}

function guessPair(table: Table, { text, textPair, label }: AskedColumns): readonly [string, string] | null {
  if (text !== null || textPair !== null) return null;
  for (const names of PAIR_NAMES) {
    const [first, second] = names.map((name) => columnNamed(table.columns, name));
    if (first !== undefined && second !== undefined && first !== label && second !== label)
      return [first, second];
  }
  return null;
}

export interface FoundColumns {
  readonly text: string;
  readonly textPair: string | null;
}

/** The columns of the texts, and lines that say what was guessed. `known`: those of the model's own data, if the file has them. */
export function textColumns(
  table: Table,
  asked: AskedColumns,
  known: TaskColumns | null = null,
): { readonly columns: FoundColumns; readonly notes: readonly string[] } {
  checkAsked(table, asked);
  const fits = known !== null && table.columns.includes(known.text);
  if (asked.text === null && asked.textPair === null && fits)
    return { columns: { text: known.text, textPair: presentPair(table, known) }, notes: [] };
  const pair = guessPair(table, asked);
  const textPair = asked.textPair ?? pair?.[1] ?? null;
  const others = [textPair, asked.label].filter((name) => name !== null);
  const text = asked.text ?? pair?.[0] ?? guessText(table, others);
  const said = `text from column "${text}"${textPair === null ? '' : `, second text from "${textPair}"`}`;
  // Nobody needs to be told that the column `text` is the text.
  const isGuessed = asked.text === null && text !== 'text';
  return { columns: { text, textPair }, notes: isGuessed ? [`${table.file}: ${said}`] : [] };
}

const presentPair = (table: Table, { textPair }: TaskColumns): string | null =>
  textPair !== null && table.columns.includes(textPair) ? textPair : null;

/** The column of the labels; `texts` are none. */
export function labelColumn(
  table: Table,
  asked: AskedColumns,
  texts: FoundColumns,
  known: TaskColumns | null = null,
): { readonly column: string; readonly notes: readonly string[] } {
  if (asked.label !== null) return { column: asked.label, notes: [] };
  if (known !== null && table.columns.includes(known.label)) return { column: known.label, notes: [] };
  const free = table.columns.filter((column) => column !== texts.text && column !== texts.textPair);
  const named = namedAs(free, LABEL_NAMES);
  const fitting = named.length > 0 ? named : free.filter((column) => looksLikeLabel(valuesOf(table, column)));
  const column = onlyOne(table, fitting, 'label', free);
  return { column, notes: column === 'label' ? [] : [`${table.file}: label from column "${column}"`] };
}
