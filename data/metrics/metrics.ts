/** The metrics that tasks name, over predicted and true class numbers, or numbers. */
import type { MetricName } from '../../model/task.js';
import { pearson, spearman } from './correlation.js';
import { checkLengths } from './lengths.js';
import { type ClassScores, classScores, confusionMatrix, macroF1Of } from './per-class.js';

type Labels = readonly number[];

/** Classes that occur in either list: a matrix that holds both. */
const classesOf = (predicted: Labels, labels: Labels): number =>
  predicted.reduce((most, label, i) => Math.max(most, label + 1, labels[i]! + 1), 2);

const confusion = (predicted: Labels, labels: Labels): number[][] => {
  checkLengths(predicted, labels);
  return confusionMatrix(predicted, labels, classesOf(predicted, labels));
};

/** Share of right predictions; 0 of nothing. */
export function accuracy(predicted: Labels, labels: Labels): number {
  checkLengths(predicted, labels);
  if (labels.length === 0) return 0;
  return predicted.filter((value, i) => value === labels[i]).length / labels.length;
}

/** Harmonic mean of precision and recall of class 1; 0 if it never occurs. */
export const f1 = (predicted: Labels, labels: Labels): number =>
  classScores(confusion(predicted, labels), [])[1]!.f1;

/** Mean F1 of the classes that occur. */
export const macroF1 = (predicted: Labels, labels: Labels): number =>
  macroF1Of(classScores(confusion(predicted, labels), []));

/**
 * Matthews correlation, −1 to 1; 0 if either side is constant. Of any number of classes (J. Gorodkin, 2004), which for two is that of
 * B. W. Matthews (1975).
 */
export function matthews(predicted: Labels, labels: Labels): number {
  const counts = confusion(predicted, labels);
  const total = labels.length;
  const scores = classScores(counts, []);
  const right = counts.reduce((sum, row, at) => sum + row[at]!, 0);
  const sum = (of: (scores: ClassScores) => number): number => scores.reduce((all, one) => all + of(one), 0);
  const product = right * total - sum(({ support, predicted: called }) => support * called);
  const spreadOf = (of: 'support' | 'predicted'): number => total ** 2 - sum((one) => one[of] ** 2);
  const denominator = Math.sqrt(spreadOf('support') * spreadOf('predicted'));
  return denominator === 0 ? 0 : product / denominator;
}

export const metricFunctions: Readonly<Record<MetricName, (predicted: Labels, labels: Labels) => number>> = {
  accuracy,
  f1,
  macroF1,
  matthews,
  pearson,
  spearman,
};

export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

/** The task's own metrics, each 0-1 (correlations −1 to 1). */
export const computeMetrics = (
  { metrics }: { readonly metrics: readonly MetricName[] },
  predicted: Labels,
  labels: Labels,
): Metrics => Object.fromEntries(metrics.map((name) => [name, metricFunctions[name](predicted, labels)]));
