/** Accuracy, kept tokens and cost of a classifier over labelled examples. */

import { mean } from '../../data/metrics/mean.js';
import { type Scores, scoresOf } from '../../data/metrics/scores.js';
import type { Dataset, Example } from '../../data/sources/dataset.js';
import type { Task } from '../../data/sources/tasks.js';
import type { Classification } from '../../inference/run/classification.js';
import type { TextInput, TextOrPair } from '../../inference/run/text-input.js';
import { chunks } from '../../util/chunks.js';
import type { ClassMapping } from './subject.js';

/** Whatever classifies: a connected client, or the cleartext backend. */
export interface Classifier {
  classify(input: TextInput): Promise<Classification>;
  /** Several at a time, where that is of use. */
  classifyBatch?(texts: readonly TextOrPair[]): Promise<Classification[]>;
}

/** One line of `--predictions`; classes are those of the data. */
export interface Prediction {
  readonly index: number;
  readonly label: number | null;
  /** Class number, or the number of a regression. */
  readonly predicted: number;
  /** Null where the answer has none. */
  readonly logits: readonly number[] | null;
}

export interface EvaluationCost {
  readonly milliseconds: number;
  readonly bytes: number;
  readonly rounds: number;
  /** The part of milliseconds and bytes that went into the set-up and into material made ahead. */
  readonly offline: { readonly milliseconds: number; readonly bytes: number };
}

export interface Evaluation extends Scores {
  readonly examples: number;
  /** Texts that did not fit into the model's longest input. */
  readonly truncated: number;
  /** Per layer: tokens that leave its pruning ÷ real input tokens, mean over examples. */
  readonly keptRatio: readonly number[];
  readonly importantRatio: readonly number[];
  readonly meanKeptRatio: number;
  /** Of all examples together. */
  readonly cost: EvaluationCost;
  /** Per example. */
  readonly meanCost: EvaluationCost;
}

/** What one example came to: plain JSON, so that it may come from another machine. */
export interface ExampleRow {
  readonly prediction: Prediction;
  readonly tokens: number;
  readonly truncated: boolean;
  readonly kept: readonly number[];
  readonly important: readonly number[];
  /** Its share of a batch. */
  readonly cost: EvaluationCost;
}

/** A model that does not prune carries its padding along: not more than the real tokens count. */
const ratios = (rows: readonly ExampleRow[], of: 'kept' | 'important'): number[] =>
  (rows[0]?.[of] ?? []).map((_, layer) =>
    mean(rows.map((row) => Math.min(row[of][layer]!, row.tokens) / row.tokens)),
  );

function rowOf(result: Classification, prediction: Prediction): ExampleRow {
  const { tokens, truncatedTokens, layers, cost, batch } = result;
  const { offline } = cost;
  const made = offline.sentBytes + offline.receivedBytes;
  return {
    prediction,
    tokens,
    truncated: truncatedTokens > 0,
    kept: layers.map(({ kept }) => kept),
    important: layers.map(({ important }) => important),
    cost: {
      milliseconds: cost.milliseconds + offline.milliseconds,
      bytes: cost.sentBytes + cost.receivedBytes + made,
      // Texts of a batch report the rounds that they share.
      rounds: cost.rounds / (batch?.size ?? 1),
      offline: { milliseconds: offline.milliseconds, bytes: made },
    },
  };
}

function costOf(rows: readonly ExampleRow[]): EvaluationCost {
  const sum = (value: (cost: EvaluationCost) => number) => rows.reduce((a, { cost }) => a + value(cost), 0);
  return {
    milliseconds: Math.round(sum(({ milliseconds }) => milliseconds)),
    bytes: sum(({ bytes }) => bytes),
    rounds: Math.round(sum(({ rounds }) => rounds)),
    offline: {
      milliseconds: Math.round(sum(({ offline }) => offline.milliseconds)),
      bytes: sum(({ offline }) => offline.bytes),
    },
  };
}

function perExample(cost: EvaluationCost, examples: number): EvaluationCost {
  const each = (total: number) => Math.round((total / examples) * 100) / 100;
  const { milliseconds, bytes, rounds, offline } = cost;
  return {
    milliseconds: each(milliseconds),
    bytes: each(bytes),
    rounds: each(rounds),
    offline: { milliseconds: each(offline.milliseconds), bytes: each(offline.bytes) },
  };
}

export interface EvaluateOptions {
  readonly dataset: Dataset;
  readonly classifier: Classifier;
  /** Classes of the data by those of the model; absent: they are the same. */
  readonly mapping?: ClassMapping | undefined;
  /** Examples in one protocol run. */
  readonly batch?: number;
  readonly onPrediction: (prediction: Prediction, example: Example) => void;
}

/** Several texts, together where the classifier can. */
export async function classifyAll(
  classifier: Classifier,
  examples: readonly TextOrPair[],
): Promise<Classification[]> {
  if (classifier.classifyBatch) return classifier.classifyBatch(examples);
  const results: Classification[] = [];
  for (const { text, textPair } of examples) results.push(await classifier.classify({ text, textPair }));
  return results;
}

/** The class of the data that a model's answer stands for, or the number. */
export function predictedBy(
  { label, logits }: Classification,
  { problem }: Task,
  mapping: ClassMapping | null,
): number {
  if (problem === 'regression' && logits) return logits[0]!;
  return mapping === null ? label : mapping[label]!;
}

/** Classifies every example in order. */
export async function evaluateRows(options: EvaluateOptions): Promise<ExampleRow[]> {
  const { dataset, classifier, batch = 1, mapping = null, onPrediction } = options;
  const rows: ExampleRow[] = [];
  for (const examples of chunks(dataset.examples, batch)) {
    for (const [i, result] of (await classifyAll(classifier, examples)).entries()) {
      const { index, label } = examples[i]!;
      const predicted = predictedBy(result, dataset.task, mapping);
      const row = rowOf(result, { index, label, predicted, logits: result.logits });
      rows.push(row);
      onPrediction(row.prediction, examples[i]!);
    }
  }
  return rows;
}

/** What the rows of a task come to. */
export function evaluationOf(task: Task, rows: readonly ExampleRow[]): Evaluation {
  const known = rows.flatMap(({ prediction: { label, predicted } }) =>
    label === null ? [] : [{ label, predicted }],
  );
  const keptRatio = ratios(rows, 'kept');
  const cost = costOf(rows);
  return {
    examples: rows.length,
    ...scoresOf(
      task,
      known.map(({ predicted }) => predicted),
      known.map(({ label }) => label),
    ),
    truncated: rows.filter(({ truncated }) => truncated).length,
    keptRatio,
    importantRatio: ratios(rows, 'important'),
    meanKeptRatio: mean(keptRatio),
    cost,
    meanCost: perExample(cost, rows.length),
  };
}

/** Classifies every example in order, and measures. */
export const evaluate = async (options: EvaluateOptions): Promise<Evaluation> =>
  evaluationOf(options.dataset.task, await evaluateRows(options));
