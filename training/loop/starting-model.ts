/** The model that a run starts from: random weights, or a checkpoint's with a head for the task. */
import type { RunConfig } from '../../config/schema.js';
import { mean } from '../../data/metrics/mean.js';
import type { Dataset } from '../../data/sources/dataset.js';
import { splitmix32 } from '../../util/splitmix32.js';
import type { Task } from '../../data/sources/tasks.js';
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import { BERT_ARCHITECTURE, type ModelConfig } from '../../model/config.js';
import { matchLabels } from '../../model/label-map.js';
import { TrainingError } from '../errors.js';
import { initialParameters, initialValues, type Parameter, weightShapes } from '../network/parameters.js';
import { weightSeed } from '../seeds.js';

export interface StartingModel {
  readonly model: ModelConfig;
  readonly parameters: Map<string, Parameter>;
}

/** Mean and standard deviation of the training numbers of a regression; 0 and 1 for classes. */
export interface LabelScale {
  readonly middle: number;
  readonly spread: number;
}

export const NO_SCALE: LabelScale = { middle: 0, spread: 1 };

/** Standard deviation of weights that a pretrained checkpoint lacks (BERT's). */
const HEAD_DEVIATION = 0.02;
const CLASSIFIER = /^classifier\.(weight|bias)$/;

/** Throws TrainingError if all numbers are one. */
export function labelScale({ task, examples }: Pick<Dataset, 'task' | 'examples'>): LabelScale {
  if (task.problem !== 'regression') return NO_SCALE;
  const labels = examples.flatMap(({ label }) => label ?? []);
  const middle = mean(labels);
  const spread = Math.sqrt(mean(labels.map((label) => (label - middle) ** 2)));
  if (spread > 0) return { middle, spread };
  throw new TrainingError(`task ${task.name}: expected different numbers to learn, got ${middle} alone`);
}

/** A head that begins with the mean of the numbers, and whose weights have their scale. */
function scaleHead(parameters: Map<string, Parameter>, { middle, spread }: LabelScale): void {
  const { shape, values } = parameters.get('classifier.weight')!;
  parameters.set('classifier.weight', { shape, values: values.map((value) => value * spread) });
  const bias = parameters.get('classifier.bias')!;
  parameters.set('classifier.bias', { ...bias, values: bias.values.map(() => middle) });
}

export function freshModel(
  config: RunConfig,
  vocabularySize: number,
  { labels, problem }: Task,
  scale: LabelScale,
): StartingModel {
  const { initializerRange, ...architecture } = config.model.architecture!;
  const model: ModelConfig = { ...BERT_ARCHITECTURE, ...architecture, vocabularySize, labels, problem };
  const parameters = initialParameters(model, initializerRange, weightSeed(config.seed));
  if (problem === 'regression') scaleHead(parameters, scale);
  return { model, parameters };
}

/** Rows of a classifier in another order. rows: for every row the one that it is taken from */
function reordered({ shape, values }: Parameter, rows: readonly number[]): Parameter {
  const width = values.length / shape[0]!;
  const moved = new Float32Array(values.length);
  rows.forEach((from, to) => {
    moved.set(values.subarray(from * width, (from + 1) * width), to * width);
  });
  return { shape, values: moved };
}

/** For every class of the task the row of the checkpoint's classifier; null if that is one of other classes. */
function classifierRows(
  { config, tensors }: Checkpoint,
  { labels, problem }: Task,
  notes: string[],
): number[] | null {
  if (!tensors.has('classifier.weight')) return null;
  const rows = config.problem === problem ? matchLabels(config.labels, labels) : null;
  if (rows === null)
    notes.push(
      `the checkpoint's classes ${config.labels.join(', ')} are not the task's ${labels.join(', ')}: its classifier is left out`,
    );
  return rows;
}

/** Weights of a checkpoint; a missing pooler or classifier, or one of other classes, starts at random. */
export function pretrainedModel(
  config: RunConfig,
  checkpoint: Checkpoint,
  task: Task,
  scale: LabelScale,
  notes: string[],
): StartingModel {
  const { labels, problem } = task;
  if (checkpoint.ignored.length > 0)
    notes.push(`stored in the checkpoint and not used: ${checkpoint.ignored.join(', ')}`);
  // A run makes layers of low degree by itself.
  const model: ModelConfig = {
    ...checkpoint.config,
    labels,
    problem,
    linearReduction: undefined,
    reducedSquares: undefined,
  };
  const random = splitmix32(weightSeed(config.seed));
  const rows = classifierRows(checkpoint, task, notes);
  const parameters = new Map<string, Parameter>();
  for (const [name, shape] of weightShapes(model)) {
    const stored = CLASSIFIER.test(name) && rows === null ? undefined : checkpoint.tensors.get(name);
    if (stored === undefined) {
      notes.push(`${name}: not in the checkpoint, starts at random`);
      parameters.set(name, { shape, values: initialValues(name, shape, HEAD_DEVIATION, random) });
      continue;
    }
    const own = { shape, values: Float32Array.from(stored.values) };
    parameters.set(name, CLASSIFIER.test(name) ? reordered(own, rows!) : own);
  }
  if (problem === 'regression' && rows === null) scaleHead(parameters, scale);
  return { model, parameters };
}
