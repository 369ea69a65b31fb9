/** Runs a model over examples without training: predictions, and the tokens that its thresholds keep. */
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../../config/schema.js';
import { mean } from '../../data/metrics/mean.js';
import { computeMetrics, type Metrics } from '../../data/metrics/metrics.js';
import type { Task } from '../../data/sources/tasks.js';
import { type BatchLimits, type EncodedExample, evaluationBatches, makeBatch } from '../loop/batches.js';
import { tokenShares } from '../loop/step.js';
import { secureCurves } from '../network/curves.js';
import { encode, noDropout } from '../network/encoder.js';
import { hardMasks } from '../network/forward-options.js';
import { currentThresholds, type ModelState, weightTensors } from '../network/model-state.js';

export interface Predictions {
  /** [examples, labels], in the order of the examples given. */
  readonly logits: Float32Array;
  /** Per layer: tokens that leave its pruning (that are important) ÷ real tokens, mean over examples; the last keeps [CLS] alone. */
  readonly keptRatio: readonly number[];
  readonly importantRatio: readonly number[];
}

export const evaluationLimits: BatchLimits = { tokens: 8192, examples: 256 };

/** Predictions with hard masks by the model's thresholds, or without masks. */
export function predict(
  state: ModelState,
  examples: readonly EncodedExample[],
  options: { readonly prune: boolean; readonly precision?: Precision },
): Predictions {
  const weights = weightTensors(state);
  const classes = state.config.labels.length;
  const place = new Map(examples.map((example, i) => [example, i]));
  const logits = new Float32Array(examples.length * classes);
  const kept = new Array<number>(state.config.layers).fill(0);
  const important = new Array<number>(state.config.layers).fill(0);
  for (const group of evaluationBatches(examples, evaluationLimits)) {
    const batch = makeBatch(group);
    tf.tidy(() => {
      const thresholds = options.prune ? currentThresholds(state) : null;
      const output = encode(weights.get(), state.config, batch, batch.ids, {
        curves: secureCurves,
        masks: thresholds && hardMasks(thresholds, state.reduces),
        dropout: noDropout,
        lastLayer: 'cls',
        precision: options.precision ?? 'float32',
        compact: true,
      });
      const values = output.logits.dataSync();
      group.forEach((example, row) => {
        logits.set(values.subarray(row * classes, (row + 1) * classes), place.get(example)! * classes);
      });
      const shares = tokenShares(output.layers, batch);
      shares.kept.forEach((share, layer) => {
        kept[layer] = kept[layer]! + share * batch.size;
        important[layer] = important[layer]! + shares.important[layer]! * batch.size;
      });
    });
  }
  weights.dispose();
  const meanOf = (sum: number): number => sum / Math.max(1, examples.length);
  return { logits, keptRatio: kept.map(meanOf), importantRatio: important.map(meanOf) };
}

/** The class of the largest logit of every example. */
export function predictedClasses(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);
  });
}

export interface Evaluation {
  readonly metrics: Metrics;
  readonly loss: number;
  readonly keptRatio: readonly number[];
  readonly importantRatio: readonly number[];
  /** Mean over layers. */
  readonly meanKeptRatio: number;
}

/** GLUE's metrics and kept tokens over labelled examples. */
export function evaluate(
  state: ModelState,
  task: Task,
  examples: readonly EncodedExample[],
  options: { readonly prune: boolean },
): Evaluation {
  const { logits, keptRatio, importantRatio } = predict(state, examples, options);
  const classes = state.config.labels.length;
  const labels = examples.map(({ label }) => label);
  let loss = 0;
  labels.forEach((label, row) => {
    const scores = [...logits.subarray(row * classes, (row + 1) * classes)];
    const highest = Math.max(...scores);
    loss += highest + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - highest), 0)) - scores[label]!;
  });
  return {
    metrics: computeMetrics(task, predictedClasses(logits, classes), labels),
    loss: loss / Math.max(1, examples.length),
    keptRatio,
    importantRatio,
    meanKeptRatio: mean(keptRatio),
  };
}

/** Scores n·S of real tokens but [CLS], per pruning layer, from the model as it is without masks. */
export function collectScores(state: ModelState, examples: readonly EncodedExample[]): number[][] {
  const weights = weightTensors(state);
  const scores: number[][] = Array.from({ length: state.config.layers - 1 }, () => []);
  for (const group of evaluationBatches(examples, evaluationLimits)) {
    const batch = makeBatch(group);
    tf.tidy(() => {
      encode(weights.get(), state.config, batch, batch.ids, {
        curves: secureCurves,
        masks: null,
        dropout: noDropout,
        lastLayer: 'cls',
        observe: (layer, name, value) => {
          if (name !== 'scores' || layer === null || layer >= scores.length) return;
          value.dataSync().forEach((score, i) => {
            if (i % batch.tokens !== 0 && batch.real[i] === 1) scores[layer]!.push(score);
          });
        },
      });
    });
  }
  weights.dispose();
  return scores;
}
