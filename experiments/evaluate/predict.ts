/** Answers for rows of a file, or for a test set whose labels nobody here has. */
import { dirname, join } from 'node:path';
import { type MalformedRow, MalformedRowLog } from '../../data/sources/dataset.js';
import { DatasetError } from '../../data/sources/dataset-error.js';
import { readGlue } from '../../data/sources/glue.js';
import { pairFault } from '../../data/sources/own.js';
import { type GlueTask, taskOfModel } from '../../data/sources/tasks.js';
import type { ReadTexts, TextRow } from '../../data/sources/text-rows.js';
import { type OutputFormat, RowWriter } from '../../data/tables/write.js';
import type { Classification } from '../../inference/run/classification.js';
import type { TextOrPair } from '../../inference/run/text-input.js';
import { LabelError, type LabelMap, renameLabels } from '../../model/label-map.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { chunks } from '../../util/chunks.js';
import { answeredColumns, answeredRow } from './answered-rows.js';
import { type Classifier, classifyAll, predictedBy } from './evaluation.js';
import { mappingTo, type Subject } from './subject.js';
import { checkFileWritable, checkWritable, makeDirectory } from '../../util/make-directory.js';

export interface PredictOptions {
  readonly classifier: Classifier;
  /** Texts in one call. */
  readonly batch: number;
  readonly onAnswer: () => void;
}

async function answersTo(
  texts: readonly TextOrPair[],
  { classifier, batch, onAnswer }: PredictOptions,
): Promise<Classification[]> {
  const answers: Classification[] = [];
  for (const part of chunks(texts, batch))
    for (const answer of await classifyAll(classifier, part)) {
      answers.push(answer);
      onAnswer();
    }
  return answers;
}

export interface Predicted {
  readonly rows: number;
  readonly answered: number;
  /** Answers by label; empty for numbers. */
  readonly labels: Readonly<Record<string, number>>;
  /** Rows without an answer, which are in the output all the same. */
  readonly skipped: { readonly count: number; readonly first: readonly MalformedRow[] };
}

function countLabels(answers: readonly Classification[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { labelName } of answers) counts.set(labelName, (counts.get(labelName) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Gives answers the user's names of the classes. Throws LabelError if the model has no such classes. */
function renamedBy({ config }: Subject, said: LabelMap | null): (answer: Classification) => Classification {
  if (said === null) return (answer) => answer;
  if (config.problem !== 'classes')
    throw new LabelError(`--label-map: expected a model of classes, got one of ${config.problem}`);
  const names = renameLabels(config.labels, said);
  return (answer) => ({ ...answer, labelName: names[answer.label]! });
}

/** Writes the rows of a file, in their order and all of them, with label and probability; nothing half-written. */
export async function predictFile(
  { table, rows }: ReadTexts,
  subject: Subject,
  said: LabelMap | null,
  out: { readonly path: string; readonly format: OutputFormat },
  options: PredictOptions,
): Promise<Predicted> {
  const named = renamedBy(subject, said);
  await checkFileWritable(out.path);
  await makeDirectory(dirname(out.path));
  const task = taskOfModel(subject);
  const faultOf = (row: TextRow): string | null => row.fault ?? (task === null ? null : pairFault(row, task));
  const usable = rows.filter((row) => faultOf(row) === null);
  const answers = (await answersTo(usable, options)).map(named);
  const byRow = new Map(usable.map((row, at) => [row, answers[at]!]));
  const writer = new RowWriter(out.format, answeredColumns(table.columns));
  const { problem } = subject.config;
  const lines = rows.map((row) => writer.row(answeredRow(row.fields, byRow.get(row) ?? null, problem)));
  await writeFileAtomically(out.path, [writer.header(), ...lines].join(''));
  const skipped = new MalformedRowLog();
  for (const row of rows) {
    const reason = faultOf(row);
    if (reason !== null) skipped.add({ file: table.file, line: row.line, reason });
  }
  const labels = problem === 'regression' ? {} : countLabels(answers);
  return {
    rows: rows.length,
    answered: answers.length,
    labels,
    skipped: { count: skipped.count, first: skipped.first },
  };
}

/** Names of GLUE's submission files, where they are not those of the tasks' folders. */
const SUBMISSION_NAMES: Readonly<Record<string, string>> = { mnli: 'MNLI-m', 'mnli-mm': 'MNLI-mm' };

/** Digits of a number in a submission, as GLUE's own examples have them. */
const SCORE_DIGITS = 3;

/** A class as GLUE's files write it; a number within its range. */
function submitted(answer: Classification, task: GlueTask, mapping: readonly number[]): string {
  const predicted = predictedBy(answer, task, mapping);
  if (task.range === null) {
    const stored = task.storedLabels[predicted];
    if (stored !== undefined) return stored;
    throw new DatasetError(
      `${task.name}: expected one of ${task.labels.join(', ')}, got ${answer.labelName}`,
    );
  }
  const [least, most] = task.range;
  return Math.min(most, Math.max(least, predicted)).toFixed(SCORE_DIGITS);
}

/**
 * Writes the answers to a GLUE task's test file as its submission wants them: `index TAB prediction`. `out`: a folder, in which the
 * file has the name that GLUE expects.
 * @throws DatasetError if a row of the test file cannot be read: the answers would not be in their places
 */
export async function predictTest(
  task: GlueTask,
  directory: string,
  subject: Subject,
  said: LabelMap | null,
  out: string,
  options: PredictOptions,
): Promise<{ readonly path: string; readonly rows: number }> {
  await checkWritable(out);
  await makeDirectory(out);
  const mapping = mappingTo(task, subject, said);
  const { examples } = await readGlue(directory, task.name, 'test', { maxBadRows: 0 });
  const answers = await answersTo(examples, options);
  const lines = answers.map((answer, at) => `${examples[at]!.index}\t${submitted(answer, task, mapping)}\n`);
  const path = join(out, `${SUBMISSION_NAMES[task.name] ?? task.folder}.tsv`);
  await writeFileAtomically(path, ['index\tprediction\n', ...lines].join(''));
  return { path, rows: examples.length };
}
