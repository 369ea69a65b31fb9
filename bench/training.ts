/** One training step (forward, backward, AdamW) of an encoder of real shape with random weights and random text. */

import { kernels } from '#kernels';
import type { Precision } from '../config/schema.js';
import { splitmix32 } from '../util/splitmix32.js';
import { DEFAULT_METHOD } from '../methods/index.js';
import type { ModelConfig } from '../model/config.js';
import { useBackend } from '../training/backend/setup.js';
import { type EncodedExample, makeBatch } from '../training/loop/batches.js';
import { AdamW } from '../training/loop/optimizer.js';
import { hasBfloat16 } from '../training/loop/precision.js';
import { trainingStep } from '../training/loop/step.js';
import { type ModelState, weightTensors } from '../training/network/model-state.js';
import { initialParameters } from '../training/network/parameters.js';
import { type ModelName, modelConfigOf } from './model-sizes.js';

export interface TrainingFigure {
  readonly model: string;
  readonly tokens: number;
  readonly batch: number;
  readonly backend: string;
  readonly precision: Precision;
  readonly threads: number;
  readonly steps: number;
  /** Medians over the steps. */
  readonly millisecondsPerStep: number;
  /** Processor time of all threads, a step: says more than the wall clock where other programs run too. */
  readonly processorMillisecondsPerStep: number;
  readonly examplesPerSecond: number;
  /** 6 × encoder weights × tokens per step, the usual measure. */
  readonly gflops: number;
  /** What is really computed of it: the last layer's queries and feed-forward are of [CLS] only. */
  readonly computedGflops: number;
}

export interface TrainingBenchOptions {
  readonly model: ModelName;
  readonly tokens: number;
  readonly batch: number;
  readonly seed: number;
  /** Of the kernels. */
  readonly threads: number;
  /** bf16 becomes float32 on a machine without it; the figure says which it was. */
  readonly precision: Precision;
}

function randomExamples(
  { tokens, batch, seed }: TrainingBenchOptions,
  config: ModelConfig,
): EncodedExample[] {
  const random = splitmix32(seed);
  return Array.from({ length: batch }, (_, index) => ({
    index,
    ids: Int32Array.from({ length: tokens }, () => Math.floor(random() * config.vocabularySize)),
    types: new Int32Array(tokens),
    label: index % 2,
  }));
}

/** Multiply-adds per step of the encoder's weight matrices, forward; and as if nothing were saved in the last layer. */
function work({ layers, hiddenSize: h, intermediateSize: m }: ModelConfig, rows: number, sequences: number) {
  const layer = 4 * h * h + 2 * h * m;
  const last = 2 * h * h * rows + (2 * h * h + 2 * h * m) * sequences;
  return { actual: (layers - 1) * layer * rows + last, nominal: layers * layer * rows };
}

const WARM_UP_STEPS = 3;
const LEAST_STEPS = 8;
const LEAST_MILLISECONDS = 4000;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

export async function benchTraining(options: TrainingBenchOptions): Promise<TrainingFigure> {
  const backend = await useBackend('auto');
  const precision = options.precision === 'bf16' && !hasBfloat16() ? 'float32' : options.precision;
  const config = modelConfigOf(options.model);
  kernels.setFloatThreads(options.threads);
  const state: ModelState = {
    config,
    tokenizerFiles: {},
    task: null,
    maxTokens: options.tokens,
    parameters: initialParameters(config, 0.02, options.seed),
    spread: null,
    reduces: false,
    method: DEFAULT_METHOD.name,
  };
  const weights = weightTensors(state);
  const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0.01, clipNorm: 1 };
  const optimizer = new AdamW(state.parameters, settings);
  const batch = makeBatch(randomExamples(options, config));
  const times: number[] = [];
  const processorTimes: number[] = [];
  const start = performance.now();
  for (let step = 0; times.length < LEAST_STEPS || performance.now() - start < LEAST_MILLISECONDS; step++) {
    const before = performance.now();
    const processorBefore = process.cpuUsage();
    const stepOptions = {
      masks: { mode: 'none' as const },
      dropout: { hidden: 0.1, attention: 0.1, seed: step },
      distillation: null,
      freezeEmbeddings: false,
      labelSpread: 1,
      precision,
    };
    trainingStep(state, weights, batch, stepOptions, (gradients) => {
      optimizer.apply(gradients, () => 1e-5);
      weights.changed();
    });
    if (step < WARM_UP_STEPS) continue;
    times.push(performance.now() - before);
    const { user, system } = process.cpuUsage(processorBefore);
    processorTimes.push((user + system) / 1000);
  }
  weights.dispose();
  const milliseconds = median(times);
  const { actual, nominal } = work(config, options.batch * options.tokens, options.batch);
  return {
    model: options.model,
    tokens: options.tokens,
    batch: options.batch,
    backend,
    precision,
    threads: options.threads,
    steps: times.length,
    millisecondsPerStep: milliseconds,
    processorMillisecondsPerStep: median(processorTimes),
    examplesPerSecond: (1000 * options.batch) / milliseconds,
    gflops: (6 * nominal) / milliseconds / 1e6,
    computedGflops: (6 * actual) / milliseconds / 1e6,
  };
}
