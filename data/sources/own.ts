/** Data of one's own: a file with a text (or two) and a label a row. */
import type { RunConfig } from '../../config/schema.js';
import type { TaskColumns } from '../../model/task.js';
import { labelColumn, NOTHING_ASKED } from '../tables/columns.js';
import { fieldText } from '../tables/table.js';
import { checkBadRows } from './bad-rows.js';
import { type Dataset, type Example, MalformedRowLog } from './dataset.js';
import { DatasetError } from './dataset-error.js';
import { holdOut } from './hold-out.js';
import { readNumber } from './labels.js';
import { resolveTask, type Split, type Task } from './tasks.js';
import { type ReadTexts, readTextRows, type TextFile, type TextRow } from './text-rows.js';
import { taskOfTexts } from './unlabelled.js';

/** Classes that a label column has at most. */
const MOST_CLASSES = 1000;
/** Rows that a class has at least on average, or the column is hardly one of classes. */
const LEAST_ROWS_A_CLASS = 2;

type OwnTask = Exclude<RunConfig['task'], string>;
/** A description that the data have completed. */
export type CompleteTask = OwnTask & { readonly labels: readonly string[]; readonly columns: TaskColumns };

/** A label as the file writes it; null where there is none. */
const labelText = (row: TextRow, column: string): string | null => {
  const text = fieldText(row.fields[column])?.trim() ?? '';
  return text === '' ? null : text;
};

/** The class number or the number, or why there is none. */
function labelOf(row: TextRow, column: string, { labels, range, problem }: Task): number | string {
  const text = labelText(row, column);
  if (text === null) return `no label in column "${column}"`;
  if (problem === 'regression') return readNumber(text, range ?? [-Number.MAX_VALUE, Number.MAX_VALUE]);
  const label = labels.indexOf(text);
  return label >= 0 ? label : `expected a label ${shortList(labels)}, got "${text.slice(0, 40)}"`;
}

const shortList = (labels: readonly string[]): string =>
  labels.length <= 8
    ? labels.join(' or ')
    : `${labels.slice(0, 6).join(' or ')} or ${labels.length - 6} others`;

/** What to do about classes of a file that the task does not have. */
export type LabelAdvice = (unknown: readonly string[]) => string;

/** Classes that a file has and the task has not, in order of first appearance. */
function unknownClasses({ rows }: ReadTexts, column: string, { labels, problem }: Task): string[] {
  if (problem === 'regression') return [];
  const classes = new Set(rows.flatMap((row) => (row.fault === null ? (labelText(row, column) ?? []) : [])));
  return [...classes].filter((label) => !labels.includes(label));
}

/** Rows of a file → examples of a task. Malformed ones are counted; too many of them are an error. */
function labelledExamples(
  texts: ReadTexts,
  column: string,
  task: Task,
  maxBadRows: number,
  advice: LabelAdvice,
): Pick<Dataset, 'examples' | 'malformed'> {
  const { table, rows } = texts;
  const malformed = new MalformedRowLog();
  const examples: Example[] = [];
  for (const row of rows) {
    const label = row.fault ?? pairFault(row, task) ?? labelOf(row, column, task);
    if (typeof label === 'string') malformed.add({ file: table.file, line: row.line, reason: label });
    else examples.push({ index: row.index, text: row.text, textPair: row.textPair, label });
  }
  const { count, first } = malformed;
  const unknown = unknownClasses(texts, column, task);
  checkBadRows(
    table.file,
    rows.length,
    { count, first },
    maxBadRows,
    unknown.length > 0 ? advice(unknown) : '',
  );
  if (examples.length === 0) throw new DatasetError(`${table.file}: no usable row`);
  return { examples, malformed: { count, first } };
}

/** Why a row does not suit a task of one text, or of two. */
export function pairFault(row: Pick<TextRow, 'textPair'>, { pair }: Pick<Task, 'pair'>): string | null {
  if (pair === null || pair === (row.textPair !== null)) return null;
  return pair ? 'expected two texts, got one' : 'expected one text, got two';
}

/** Distinct labels in order of first appearance. Throws DatasetError if the column hardly holds classes. */
function classesOf({ table, rows }: ReadTexts, column: string): string[] {
  const labels = rows.filter(({ fault }) => fault === null).flatMap((row) => labelText(row, column) ?? []);
  const classes = [...new Set(labels)];
  const isMany = classes.length > 2 && labels.length < LEAST_ROWS_A_CLASS * classes.length;
  if (classes.length > MOST_CLASSES || isMany) {
    const hint = classes.every((label) => Number.isFinite(Number(label)))
      ? '; --regression learns numbers'
      : '';
    throw new DatasetError(
      `${table.file}: expected classes in column "${column}", got ${classes.length} different values in ${labels.length} rows${hint}`,
    );
  }
  if (classes.length < 2)
    throw new DatasetError(
      `${table.file}: expected two classes or more in column "${column}", got ${classes.length === 0 ? 'none' : `"${classes[0]}" alone`}`,
    );
  return classes;
}

/** Least and greatest number of a column. */
function rangeOf({ table, rows }: ReadTexts, column: string): [number, number] {
  const texts = rows.filter(({ fault }) => fault === null).flatMap((row) => labelText(row, column) ?? []);
  const numbers = texts.map(Number).filter(Number.isFinite);
  const [least, most] = [
    numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ];
  if (least < most) return [least, most];
  throw new DatasetError(
    `${table.file}: expected different numbers in column "${column}", got ${numbers.length === 0 ? 'none' : `${least} alone`}`,
  );
}

const trainFile = ({ data }: Pick<RunConfig, 'data'>): string => {
  if (data.train !== null) return data.train;
  throw new DatasetError('data.source files: expected data.train, a file of training rows, got none');
};

const askedOf = ({ columns }: OwnTask): TextFile['asked'] =>
  columns && { text: columns.text, textPair: columns.textPair, label: columns.label };

export interface CompletedTask {
  readonly task: CompleteTask;
  /** What was guessed, for the user to see. */
  readonly notes: readonly string[];
}

/** What a description leaves to the data: columns, classes in order of first appearance, range. Throws DatasetError. */
export async function completeTask(
  task: OwnTask,
  { data }: Pick<RunConfig, 'data'>,
  asked: TextFile['asked'] = askedOf(task),
): Promise<CompletedTask> {
  const { labels, columns, problem, range } = task;
  const isComplete = columns && labels && (problem === 'classes' || range !== null);
  if (isComplete) return { task: { ...task, columns, labels }, notes: [] };
  const texts = await readTextRows({ file: trainFile({ data }), format: data.format, asked });
  const label = labelColumn(texts.table, asked ?? NOTHING_ASKED, texts.columns);
  const found: TaskColumns = { ...texts.columns, label: label.column };
  const isRegression = problem === 'regression';
  const completed: CompleteTask = {
    ...task,
    columns: found,
    labels: labels ?? (isRegression ? [label.column] : classesOf(texts, label.column)),
    range: isRegression ? (range ?? rangeOf(texts, label.column)) : null,
  };
  return { task: completed, notes: [...texts.notes, ...label.notes] };
}

/** The task of a run, completed by its data where it must be. */
export async function taskOfRun(config: Pick<RunConfig, 'task' | 'data'>): Promise<Task> {
  const { task } = config;
  if (config.data.source === 'texts') return taskOfTexts(config);
  return resolveTask(typeof task === 'string' ? task : (await completeTask(task, config)).task);
}

/** A file of labelled rows of a task, wherever its columns are. */
export async function readLabelled(
  file: TextFile,
  task: Task,
  split: Split,
  maxBadRows: number,
  advice: LabelAdvice = () => '',
): Promise<Dataset & { readonly notes: readonly string[] }> {
  const texts = await readTextRows({ known: task.columns, ...file });
  const { column, notes } = labelColumn(
    texts.table,
    file.asked ?? NOTHING_ASKED,
    texts.columns,
    task.columns,
  );
  const labelled = labelledExamples(texts, column, task, maxBadRows, advice);
  return { task, split, ...labelled, notes: [...texts.notes, ...notes] };
}

/** The train or dev part of a run's own data. */
export async function readOwn(
  config: Pick<RunConfig, 'task' | 'data'>,
  split: 'train' | 'dev',
): Promise<Dataset> {
  const { data } = config;
  const { format, maxBadRows, devShare: share, splitSeed: seed } = data;
  const task = await taskOfRun(config);
  if (split === 'dev' && data.dev !== null)
    return readLabelled({ file: data.dev, format }, task, split, maxBadRows);
  const whole = await readLabelled({ file: trainFile(config), format }, task, split, maxBadRows);
  if (data.dev !== null) return whole;
  const parts = holdOut(whole.examples, { share, seed, isStratified: task.problem === 'classes' });
  return { ...whole, examples: parts[split] };
}
