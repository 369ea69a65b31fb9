/** The GLUE tasks: labels in the order of the logits, metrics, and where each file keeps its columns. */
import type { TaskName } from '../../config/schema.js';

export type { TaskName } from '../../config/schema.js';
export type Split = 'train' | 'dev' | 'test';
export type MetricName = 'accuracy' | 'f1' | 'matthews';

/** Columns of a file with a header, by name; without one, by position. */
export interface Columns {
  readonly text: string | number;
  readonly textPair: string | number | null;
  /** Null in files without labels. */
  readonly label: string | number | null;
}

export interface Task {
  readonly name: TaskName;
  /** Names of the classes, in the order of the logits; the hub's numbering. */
  readonly labels: readonly string[];
  /** What a label looks like in GLUE's TSV, in the same order. */
  readonly storedLabels: readonly string[];
  /** The first is the one that GLUE ranks by, or both count. */
  readonly metrics: readonly MetricName[];
  /** Folder below the data directory and files in it. */
  readonly folder: string;
  readonly files: Readonly<Record<Split, string>>;
  readonly columns: Readonly<Record<Split, Columns>>;
  /** The parquet form: configuration name, splits and columns. */
  readonly hub: {
    readonly name: string;
    readonly splits: Readonly<Record<Split, string>>;
    readonly text: string;
    readonly textPair: string | null;
  };
}

const files = { train: 'train.tsv', dev: 'dev.tsv', test: 'test.tsv' };
const hubSplits = { train: 'train', dev: 'validation', test: 'test' };
const entailment = ['entailment', 'not_entailment'];

/** A task whose train and dev files have the same columns, and whose test file lacks only the label. */
const sameColumns = (text: string, textPair: string | null, label: string) => ({
  train: { text, textPair, label },
  dev: { text, textPair, label },
  test: { text, textPair, label: null },
});

const mnli = (name: 'mnli' | 'mnli-mm', suffix: 'matched' | 'mismatched'): Task => ({
  name,
  labels: ['entailment', 'neutral', 'contradiction'],
  storedLabels: ['entailment', 'neutral', 'contradiction'],
  metrics: ['accuracy'],
  folder: 'MNLI',
  files: { train: 'train.tsv', dev: `dev_${suffix}.tsv`, test: `test_${suffix}.tsv` },
  columns: sameColumns('sentence1', 'sentence2', 'gold_label'),
  hub: {
    name: 'mnli',
    splits: { train: 'train', dev: `validation_${suffix}`, test: `test_${suffix}` },
    text: 'premise',
    textPair: 'hypothesis',
  },
});

const unlabelled = { textPair: null, label: null };
const colaColumns = { text: 3, textPair: null, label: 1 };

export const tasks: Readonly<Record<TaskName, Task>> = {
  sst2: {
    name: 'sst2',
    labels: ['negative', 'positive'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy'],
    folder: 'SST-2',
    files,
    columns: sameColumns('sentence', null, 'label'),
    hub: { name: 'sst2', splits: hubSplits, text: 'sentence', textPair: null },
  },
  mrpc: {
    name: 'mrpc',
    labels: ['not_equivalent', 'equivalent'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy', 'f1'],
    folder: 'MRPC',
    files,
    columns: sameColumns('#1 String', '#2 String', 'Quality'),
    hub: { name: 'mrpc', splits: hubSplits, text: 'sentence1', textPair: 'sentence2' },
  },
  rte: {
    name: 'rte',
    labels: entailment,
    storedLabels: entailment,
    metrics: ['accuracy'],
    folder: 'RTE',
    files,
    columns: sameColumns('sentence1', 'sentence2', 'label'),
    hub: { name: 'rte', splits: hubSplits, text: 'sentence1', textPair: 'sentence2' },
  },
  qnli: {
    name: 'qnli',
    labels: entailment,
    storedLabels: entailment,
    metrics: ['accuracy'],
    folder: 'QNLI',
    files,
    columns: sameColumns('question', 'sentence', 'label'),
    hub: { name: 'qnli', splits: hubSplits, text: 'question', textPair: 'sentence' },
  },
  mnli: mnli('mnli', 'matched'),
  'mnli-mm': mnli('mnli-mm', 'mismatched'),
  cola: {
    name: 'cola',
    labels: ['unacceptable', 'acceptable'],
    storedLabels: ['0', '1'],
    metrics: ['matthews', 'accuracy'],
    folder: 'CoLA',
    files,
    // Train and dev have no header: source, label, the author's mark, sentence.
    columns: { train: colaColumns, dev: colaColumns, test: { text: 'sentence', ...unlabelled } },
    hub: { name: 'cola', splits: hubSplits, text: 'sentence', textPair: null },
  },
  qqp: {
    name: 'qqp',
    labels: ['not_duplicate', 'duplicate'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy', 'f1'],
    folder: 'QQP',
    files,
    columns: sameColumns('question1', 'question2', 'is_duplicate'),
    hub: { name: 'qqp', splits: hubSplits, text: 'question1', textPair: 'question2' },
  },
};

/** The task of a name from the command line or an artifact. Throws with the list of known ones. */
export function taskByName(name: string): Task {
  if (!Object.hasOwn(tasks, name))
    throw new Error(`task: expected one of ${Object.keys(tasks).join(', ')}, got ${name}`);
  return tasks[name as TaskName];
}
