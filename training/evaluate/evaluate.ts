/** How good a model's predictions are, and the scores of its tokens. */
import { mean } from '../../data/metrics/mean.js';
import { scoresOf } from '../../data/metrics/scores.js';
import type { Task } from '../../data/sources/tasks.js';
import type { CurveSet } from '../../methods/curves.js';
import type { LayerThresholds } from '../../model/thresholds.js';
import type { ModelConfig } from '../../model/config.js';
import { predictionOf } from '../../model/outputs.js';
import type { EncodedExample } from '../loop/batches.js';
import { hardMasks } from '../network/forward-options.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';
import type { Evaluation } from './evaluation.js';
import { predict } from './predict.js';
import { runBatches } from './run-batches.js';

/** Of every example the class of the largest logit, or the number. logits [examples, labels] */
export function predictions(logits: Float32Array, { problem, labels }: ModelConfig): number[] {
  const classes = labels.length;
  return Array.from({ length: logits.length / classes }, (_, row) =>
    predictionOf(problem, [...logits.subarray(row * classes, (row + 1) * classes)]),
  );
}

/** Mean cross entropy, or mean squared error in parts of the labels' variance: 1 for a model that says their mean. */
function lossOf(
  logits: Float32Array,
  labels: readonly number[],
  { problem, labels: names }: ModelConfig,
): number {
  const count = Math.max(1, labels.length);
  if (problem === 'regression') {
    const middle = mean(labels);
    const sum = (from: (i: number) => number): number =>
      labels.reduce((all, y, i) => all + (y - from(i)) ** 2, 0);
    return (
      sum((i) => logits[i]!) /
      Math.max(
        sum(() => middle),
        Number.EPSILON,
      )
    );
  }
  const total = labels.reduce((sum, label, row) => {
    const scores = [...logits.subarray(row * names.length, (row + 1) * names.length)];
    const highest = Math.max(...scores);
    return (
      sum + highest + Math.log(scores.reduce((all, s) => all + Math.exp(s - highest), 0)) - scores[label]!
    );
  }, 0);
  return total / count;
}

/** The task's metrics, figures per class and kept tokens over labelled examples. */
export async function evaluate(
  state: ModelState,
  task: Task,
  examples: readonly EncodedExample[],
  options: { readonly prune: boolean; readonly curves?: CurveSet },
): Promise<Evaluation> {
  const { logits, keptRatio, importantRatio } = await predict(state, examples, options);
  const labels = examples.map(({ label }) => label);
  return {
    ...scoresOf(task, predictions(logits, state.config), labels),
    loss: lossOf(logits, labels, state.config),
    keptRatio,
    importantRatio,
    meanKeptRatio: mean(keptRatio),
  };
}

/**
 * Scores n·S of real tokens but [CLS], per pruning layer, of those that reach it: all without thresholds, else what the layers before
 * leave.
 */
export async function collectScores(
  state: ModelState,
  examples: readonly EncodedExample[],
  thresholds: readonly LayerThresholds[] | null = null,
): Promise<number[][]> {
  const scores: number[][] = Array.from({ length: state.config.layers - 1 }, () => []);
  await runBatches(state, examples, {
    options: (batch) => ({
      curves: curvesOfState(state),
      masks: thresholds && hardMasks(thresholds, false),
      observe: (layer, name, value) => {
        if (name !== 'scores' || layer === null || layer >= scores.length) return;
        value.dataSync().forEach((score, i) => {
          // Nobody attends to a token that has left.
          const isThere = batch.real[i] === 1 && (thresholds === null || score > 0);
          if (i % batch.tokens !== 0 && isThere) scores[layer]!.push(score);
        });
      },
    }),
  });
  return scores;
}
