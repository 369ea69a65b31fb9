/** Evaluations for people, and as JSON. */
import { type ClassFigures, type Scores, warningsOf } from '../data/metrics/scores.js';
import type { WayResult } from '../experiments/evaluate/comparison.js';
import type { Evaluation } from '../experiments/evaluate/evaluation.js';
import { megabytes } from '../util/megabytes.js';
import { print, printTable } from './output.js';

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)}%`;

/** One object: figures per class are among the metrics. */
export function evaluationJson({ metrics, classes, ...rest }: Scores): object {
  if (classes === null) return { metrics, ...rest };
  const { labels, perClass, confusion, majorityShare } = classes;
  const byName = Object.fromEntries(perClass.map(({ label, ...figures }) => [label, figures]));
  return { metrics: { ...metrics, perClass: byName, confusion }, labels, majorityShare, ...rest };
}

/** Precision, recall and F1 of each class, and what it was taken for. */
function printClasses({ perClass, confusion, labels }: ClassFigures): void {
  const isSmall = labels.length <= 8;
  printTable(
    [
      'class',
      'examples',
      'precision',
      'recall',
      'F1',
      ...(isSmall ? labels.map((label) => `as ${label}`) : []),
    ],
    perClass.map(({ label, support, precision, recall, f1 }, at) => [
      label,
      support,
      percent(precision),
      percent(recall),
      percent(f1),
      ...(isSmall ? confusion[at]! : []),
    ]),
  );
}

/** The metrics, the first with its 95% interval and accuracy with the share of the most frequent class, then figures per class. */
export function printScores({ metrics, interval, classes }: Scores): void {
  for (const [at, [name, value]] of Object.entries(metrics).entries()) {
    const range = at === 0 && interval ? ` (95%: ${interval.map((end) => end.toFixed(4)).join(' to ')})` : '';
    const share =
      name === 'accuracy' && classes ? `; most frequent class alone: ${percent(classes.majorityShare)}` : '';
    print(`  ${name}: ${value.toFixed(4)}${range}${share}`);
  }
  if (classes) printClasses(classes);
}

/** `title`: what was evaluated, on what. */
export function printEvaluation(title: string, evaluation: Evaluation): void {
  const { truncated, meanCost, keptRatio, importantRatio } = evaluation;
  print(title);
  printScores(evaluation);
  if (truncated > 0) print(`  truncated texts: ${truncated}`);
  print(
    `  per example: ${Math.round(meanCost.milliseconds)} ms, ${megabytes(meanCost.bytes)} MB, ${meanCost.rounds} rounds`,
  );
  const { offline } = meanCost;
  if (offline.bytes > 0)
    print(`  of which made ahead: ${Math.round(offline.milliseconds)} ms, ${megabytes(offline.bytes)} MB`);
  printTable(
    ['layer', 'kept', 'important'],
    keptRatio.map((kept, layer) => [layer, percent(kept), percent(importantRatio[layer]!)]),
  );
  for (const line of warningsOf(evaluation)) print(line);
}

export function printComparison(results: readonly WayResult[]): void {
  const names = Object.keys(results[0]?.metrics ?? {}) as (keyof WayResult['metrics'])[];
  printTable(
    ['backend', 'examples', ...names, 'kept', 'same label', 'logit error', 'ms', 'MB', 'rounds'],
    results.map(({ backend, examples, metrics, meanKeptRatio, agreement, meanCost }) => [
      backend,
      examples,
      ...names.map((name) => metrics[name]?.toFixed(4) ?? ''),
      percent(meanKeptRatio),
      agreement ? percent(agreement.labels) : '',
      agreement ? agreement.maxLogitError.toFixed(4) : '',
      Math.round(meanCost.milliseconds),
      megabytes(meanCost.bytes),
      meanCost.rounds,
    ]),
  );
  const reference = results[0]?.backend;
  print(`same label and largest logit error: against ${reference}, on the examples that both saw`);
}
