/** Everything that is told of predictions beside their labels. */
import type { Problem } from '../../model/config.js';
import type { MetricName } from '../../model/task.js';
import { type Interval, intervalOf } from './interval.js';
import { computeMetrics, type Metrics } from './metrics.js';
import { type ClassScores, classScores, confusionMatrix } from './per-class.js';

export interface ClassFigures {
  /** Names of the classes, in the order of the rest; the last is `(other)` if the model said a class that the data do not have. */
  readonly labels: readonly string[];
  readonly perClass: readonly ClassScores[];
  /** Counts [true class][predicted class]. */
  readonly confusion: readonly (readonly number[])[];
  /** Accuracy of always saying the most frequent class. */
  readonly majorityShare: number;
}

export interface Scores {
  /** The task's own, the first of them the one that models are compared by. */
  readonly metrics: Metrics;
  /** Of the first metric, 95%; null without labels. */
  readonly interval: Interval | null;
  /** Null for numbers, and without labels. */
  readonly classes: ClassFigures | null;
}

const OTHER = '(other)';
const NOTHING: Scores = { metrics: {}, interval: null, classes: null };

function classFigures(
  names: readonly string[],
  predicted: readonly number[],
  labels: readonly number[],
): ClassFigures {
  const hasOther = predicted.some((label) => label >= names.length);
  const all = hasOther ? [...names, OTHER] : names;
  const confusion = confusionMatrix(predicted, labels, all.length);
  const perClass = classScores(confusion, all);
  const majority = perClass.reduce((most, { support }) => Math.max(most, support), 0);
  return { labels: all, perClass, confusion, majorityShare: majority / labels.length };
}

/** The classes that a model never says though the data have them. */
const neverPredicted = ({ perClass }: ClassFigures): string[] =>
  perClass.filter(({ support, predicted }) => support > 0 && predicted === 0).map(({ label }) => label);

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Sentences that say what figures alone may hide; none for a model that tells its classes apart. */
export function warningsOf({ classes, metrics }: Pick<Scores, 'classes' | 'metrics'>): string[] {
  if (classes === null) return [];
  const said = classes.perClass.filter(({ predicted }) => predicted > 0);
  const never = neverPredicted(classes);
  const { accuracy } = metrics;
  const warnings: string[] = [];
  if (said.length === 1 && classes.perClass.length > 1)
    warnings.push(`warning: the model always answers ${said[0]!.label}`);
  else if (never.length > 0) warnings.push(`warning: the model never answers ${never.join(', ')}`);
  if (accuracy !== undefined && accuracy <= classes.majorityShare)
    warnings.push(
      `warning: no better than always answering the most frequent class (${percent(classes.majorityShare)})`,
    );
  return warnings;
}

export function scoresOf(
  task: {
    readonly problem: Problem;
    readonly labels: readonly string[];
    readonly metrics: readonly MetricName[];
  },
  predicted: readonly number[],
  labels: readonly number[],
): Scores {
  if (labels.length === 0) return NOTHING;
  const [first] = task.metrics;
  return {
    metrics: computeMetrics(task, predicted, labels),
    interval: first === undefined ? null : intervalOf(first, predicted, labels),
    classes: task.problem === 'classes' ? classFigures(task.labels, predicted, labels) : null,
  };
}
