/** Tasks as data, and GLUE's as shorthands: labels in the order of the logits, metrics, and where each file keeps its columns. */
import type { RunConfig, TaskName } from '../../config/schema.js';
import type { Problem } from '../../model/config.js';
import type { MetricName, TaskDescription } from '../../model/task.js';
import { DatasetError } from './dataset-error.js';

export type { TaskName } from '../../config/schema.js';
export type { MetricName } from '../../model/task.js';
export type Split = 'train' | 'dev' | 'test';

/** Columns of a file with a header, by name; without one, by position. */
export interface Columns {
  readonly text: string | number;
  readonly textPair: string | number | null;
  /** Null in files without labels. */
  readonly label: string | number | null;
}

/** A task with everything that data and metrics depend on. */
export interface Task extends TaskDescription {
  readonly problem: Problem;
  /** Names of the classes, in the order of the logits; of a regression, the name of its number. */
  readonly labels: readonly string[];
}

export interface GlueTask extends Task {
  readonly name: TaskName;
  readonly pair: boolean;
  /** What a label looks like in GLUE's TSV, in the order of `labels`; of a regression it is the number itself. */
  readonly storedLabels: readonly string[];
  /** Folder below the data directory and files in it. */
  readonly folder: string;
  readonly files: Readonly<Record<Split, string>>;
  readonly layout: Readonly<Record<Split, Columns>>;
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
const ENTAILMENT = ['entailment', 'not_entailment'];

/** A task whose train and dev files have the same columns, and whose test file lacks only the label. */
const sameColumns = (text: string, textPair: string | null, label: string) => ({
  train: { text, textPair, label },
  dev: { text, textPair, label },
  test: { text, textPair, label: null },
});

const classesOf = { problem: 'classes', columns: null, range: null } as const;
const single = { ...classesOf, pair: false } as const;
const pairs = { ...classesOf, pair: true } as const;

const mnli = (name: 'mnli' | 'mnli-mm', suffix: 'matched' | 'mismatched'): GlueTask => ({
  ...pairs,
  name,
  labels: ['entailment', 'neutral', 'contradiction'],
  storedLabels: ['entailment', 'neutral', 'contradiction'],
  metrics: ['accuracy'],
  folder: 'MNLI',
  files: { train: 'train.tsv', dev: `dev_${suffix}.tsv`, test: `test_${suffix}.tsv` },
  layout: sameColumns('sentence1', 'sentence2', 'gold_label'),
  hub: {
    name: 'mnli',
    splits: { train: 'train', dev: `validation_${suffix}`, test: `test_${suffix}` },
    text: 'premise',
    textPair: 'hypothesis',
  },
});

const unlabelled = { textPair: null, label: null };
const colaColumns = { text: 3, textPair: null, label: 1 };

export const tasks: Readonly<Record<TaskName, GlueTask>> = {
  sst2: {
    ...single,
    name: 'sst2',
    labels: ['negative', 'positive'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy'],
    folder: 'SST-2',
    files,
    layout: sameColumns('sentence', null, 'label'),
    hub: { name: 'sst2', splits: hubSplits, text: 'sentence', textPair: null },
  },
  mrpc: {
    ...pairs,
    name: 'mrpc',
    labels: ['not_equivalent', 'equivalent'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy', 'f1'],
    folder: 'MRPC',
    files,
    layout: sameColumns('#1 String', '#2 String', 'Quality'),
    hub: { name: 'mrpc', splits: hubSplits, text: 'sentence1', textPair: 'sentence2' },
  },
  rte: {
    ...pairs,
    name: 'rte',
    labels: ENTAILMENT,
    storedLabels: ENTAILMENT,
    metrics: ['accuracy'],
    folder: 'RTE',
    files,
    layout: sameColumns('sentence1', 'sentence2', 'label'),
    hub: { name: 'rte', splits: hubSplits, text: 'sentence1', textPair: 'sentence2' },
  },
  qnli: {
    ...pairs,
    name: 'qnli',
    labels: ENTAILMENT,
    storedLabels: ENTAILMENT,
    metrics: ['accuracy'],
    folder: 'QNLI',
    files,
    layout: sameColumns('question', 'sentence', 'label'),
    hub: { name: 'qnli', splits: hubSplits, text: 'question', textPair: 'sentence' },
  },
  mnli: mnli('mnli', 'matched'),
  'mnli-mm': mnli('mnli-mm', 'mismatched'),
  cola: {
    ...single,
    name: 'cola',
    labels: ['unacceptable', 'acceptable'],
    storedLabels: ['0', '1'],
    metrics: ['matthews', 'accuracy'],
    folder: 'CoLA',
    files,
    // Train and dev have no header: source, label, the author's mark, sentence.
    layout: { train: colaColumns, dev: colaColumns, test: { text: 'sentence', ...unlabelled } },
    hub: { name: 'cola', splits: hubSplits, text: 'sentence', textPair: null },
  },
  qqp: {
    ...pairs,
    name: 'qqp',
    labels: ['not_duplicate', 'duplicate'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy', 'f1'],
    folder: 'QQP',
    files,
    layout: sameColumns('question1', 'question2', 'is_duplicate'),
    hub: { name: 'qqp', splits: hubSplits, text: 'question1', textPair: 'question2' },
  },
  stsb: {
    name: 'stsb',
    problem: 'regression',
    pair: true,
    columns: null,
    range: [0, 5],
    labels: ['similarity'],
    storedLabels: [],
    metrics: ['pearson', 'spearman'],
    folder: 'STS-B',
    files,
    layout: sameColumns('sentence1', 'sentence2', 'score'),
    hub: { name: 'stsb', splits: hubSplits, text: 'sentence1', textPair: 'sentence2' },
  },
  wnli: {
    ...pairs,
    name: 'wnli',
    labels: ['not_entailment', 'entailment'],
    storedLabels: ['0', '1'],
    metrics: ['accuracy'],
    folder: 'WNLI',
    files,
    layout: sameColumns('sentence1', 'sentence2', 'label'),
    hub: { name: 'wnli', splits: hubSplits, text: 'sentence1', textPair: 'sentence2' },
  },
};

/** The GLUE task of a name from the command line. Throws with the list of known ones. */
export function taskByName(name: string): GlueTask {
  if (!Object.hasOwn(tasks, name))
    throw new Error(`task: expected one of ${Object.keys(tasks).join(', ')}, got ${name}`);
  return tasks[name as TaskName];
}

/** What a model carries of its task. */
export const descriptionOf = ({ name, pair, metrics, columns, range }: Task): TaskDescription => ({
  name,
  pair,
  metrics,
  columns,
  range,
});

/** What models of one's own data are compared by, unless their task says otherwise. */
export const DEFAULT_METRICS: Readonly<Record<Problem, readonly MetricName[]>> = {
  classes: ['accuracy', 'macroF1'],
  regression: ['pearson', 'spearman'],
  'multi-label': [],
};

/**
 * The task of a configuration: a GLUE name, or a description.
 * @throws DatasetError if a description lacks what only the data can say
 */
export function resolveTask(task: RunConfig['task']): Task {
  if (typeof task === 'string') return tasks[task];
  const { name, problem, labels, metrics, columns } = task;
  if (!labels || !columns)
    throw new DatasetError(`task ${name}: expected labels and columns, which its data name`);
  return {
    name,
    problem,
    labels,
    metrics: metrics ?? DEFAULT_METRICS[problem],
    columns,
    pair: columns.textPair !== null,
    range: task.range,
  };
}

/** The task of a model, with what GLUE says of a task that only its name is known of; null if nobody has named it. */
export function taskOfModel(model: {
  readonly task: TaskDescription | null;
  readonly config: { readonly labels: readonly string[]; readonly problem: Problem };
}): Task | null {
  const { task, config } = model;
  if (task === null) return null;
  const { labels, problem } = config;
  const known = Object.hasOwn(tasks, task.name) ? tasks[task.name as TaskName] : null;
  const { pair, range } = task.pair === null && known !== null ? known : task;
  const named = task.metrics.length > 0 ? task.metrics : (known?.metrics ?? DEFAULT_METRICS[problem]);
  return { ...task, pair, range, metrics: named, labels, problem };
}
