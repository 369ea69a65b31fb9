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

/** A model that does not prune carries its padding along: not more than the real tokens count. */
const ratios = (results: readonly Classification[], of: 'kept' | 'important'): number[] =>
  (results[0]?.layers ?? []).map((_, layer) =>
    mean(results.map(({ layers, tokens }) => Math.min(layers[layer]![of], tokens) / tokens)),
  );

function costOf(results: readonly Classification[]): EvaluationCost {
  const sum = (value: (result: Classification) => number) => results.reduce((a, r) => a + value(r), 0);
  return {
    milliseconds: Math.round(sum(({ cost }) => cost.milliseconds + cost.offline.milliseconds)),
    bytes: sum(
      ({ cost: { offline, ...online } }) =>
        online.sentBytes + online.receivedBytes + offline.sentBytes + offline.receivedBytes,
    ),
    // Texts of a batch report the rounds that they share.
    rounds: Math.round(sum(({ cost, batch }) => cost.rounds / (batch?.size ?? 1))),
    offline: {
      milliseconds: Math.round(sum(({ cost }) => cost.offline.milliseconds)),
      bytes: sum(({ cost }) => cost.offline.sentBytes + cost.offline.receivedBytes),
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
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { dataset, classifier, batch = 1, mapping = null, onPrediction } = options;
  const { task } = dataset;
  const results: Classification[] = [];
  const predictions: Prediction[] = [];
  for (const examples of chunks(dataset.examples, batch)) {
    for (const [i, result] of (await classifyAll(classifier, examples)).entries()) {
      const { index, label } = examples[i]!;
      const predicted = predictedBy(result, task, mapping);
      results.push(result);
      predictions.push({ index, label, predicted, logits: result.logits });
      onPrediction(predictions.at(-1)!, examples[i]!);
    }
  }
  const known = predictions.filter((row): row is Prediction & { label: number } => row.label !== null);
  const keptRatio = ratios(results, 'kept');
  const cost = costOf(results);
  return {
    examples: results.length,
    ...scoresOf(
      task,
      known.map(({ predicted }) => predicted),
      known.map(({ label }) => label),
    ),
    truncated: results.filter(({ truncatedTokens }) => truncatedTokens > 0).length,
    keptRatio,
    importantRatio: ratios(results, 'important'),
    meanKeptRatio: mean(keptRatio),
    cost,
    meanCost: perExample(cost, results.length),
  };
}
