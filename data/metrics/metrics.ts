/** The metrics that GLUE names, over predicted and true class numbers. */
import type { MetricName, Task } from '../sources/tasks.js';

type Labels = readonly number[];

/** Counts of a binary confusion matrix; class 1 is positive. */
interface Confusion {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

function checkLengths(predicted: Labels, labels: Labels): void {
  if (predicted.length !== labels.length)
    throw new RangeError(
      `metrics: expected as many predictions as labels, got ${predicted.length} and ${labels.length}`,
    );
}

function confusion(predicted: Labels, labels: Labels): Confusion {
  checkLengths(predicted, labels);
  const count = (p: boolean, y: boolean): number =>
    predicted.filter((value, i) => (value === 1) === p && (labels[i] === 1) === y).length;
  return {
    truePositive: count(true, true),
    falsePositive: count(true, false),
    falseNegative: count(false, true),
    trueNegative: count(false, false),
  };
}

/** Share of right predictions; 0 of nothing. */
export function accuracy(predicted: Labels, labels: Labels): number {
  checkLengths(predicted, labels);
  if (labels.length === 0) return 0;
  return predicted.filter((value, i) => value === labels[i]).length / labels.length;
}

/** Harmonic mean of precision and recall of class 1; 0 if it never occurs. */
export function f1(predicted: Labels, labels: Labels): number {
  const { truePositive, falsePositive, falseNegative } = confusion(predicted, labels);
  const denominator = 2 * truePositive + falsePositive + falseNegative;
  return denominator === 0 ? 0 : (2 * truePositive) / denominator;
}

/** Matthews correlation of two classes, −1 to 1; 0 if either side is constant (B. W. Matthews, 1975). */
export function matthews(predicted: Labels, labels: Labels): number {
  const {
    truePositive: tp,
    falsePositive: fp,
    falseNegative: fn,
    trueNegative: tn,
  } = confusion(predicted, labels);
  const denominator = Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
  return denominator === 0 ? 0 : (tp * tn - fp * fn) / denominator;
}

const metricFunctions = { accuracy, f1, matthews };

export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

/** The task's own metrics, each 0-1 (Matthews −1 to 1). */
export const computeMetrics = (task: Task, predicted: Labels, labels: Labels): Metrics =>
  Object.fromEntries(task.metrics.map((name) => [name, metricFunctions[name](predicted, labels)]));
