/** Loss and gradients of one batch, in whatever phase. */
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../../config/schema.js';
import { exactCurves } from '../../methods/curves.js';
import { embeddingWidth } from '../../model/config.js';
import { onNativeBackend } from '../backend/kernel.js';
import { nativeBackend } from '../backend/native-backend.js';
import { type Followed, HiddenStates, hiddenStatesOf, layerLoss } from '../distil/layers.js';
import { type EncoderOptions, type EncoderOutput, encode } from '../network/encoder.js';
import { hardMasks } from '../network/forward-options.js';
import {
  crossEntropy,
  distillationLoss,
  excessLoss,
  labelled,
  polarizationLoss,
  prunePenalty,
  squaredError,
} from '../network/losses.js';
import type { LayerMasks, TokenMasks } from '../network/masks.js';
import { currentThresholds, curvesOfState, type ModelState } from '../network/model-state.js';
import {
  isHead,
  PRUNE_THRESHOLDS,
  REDUCE_THRESHOLDS,
  type Weights,
  type WeightTensors,
  WORD_TABLE,
} from '../network/parameters.js';
import { ruleMasks } from '../network/rule-masks.js';
import { bestMasks } from '../network/schedule-masks.js';
import type { Batch } from './batches.js';
import type { Gradients } from './optimizer.js';

/** How masks act in this step. `temperatures` of soft masks per pruning layer, on n·S. */
export type StepMasks =
  | { readonly mode: 'none' }
  | ({ readonly mode: 'hard' } & Polarization)
  | (Polarization & {
      readonly mode: 'soft';
      readonly lambda: number;
      readonly alpha: number;
      readonly norm: 'mean' | 'sum';
    });

interface Polarization {
  readonly temperatures: readonly number[];
  /** Weight of the loss of indecision. */
  readonly polarization: number;
}

export interface StepOptions {
  readonly masks: StepMasks;
  /** Exact functions and all tokens, whatever the method. */
  readonly exact?: boolean;
  readonly dropout: EncoderOptions['dropout'];
  readonly distillation: {
    readonly weight: number;
    readonly temperature: number;
    /** [batch, labels] */
    readonly teacher: Float32Array;
  } | null;
  /** The model whose layers are followed, its weights and the weight of that loss; `alone`: it is the only one, and the head rests. */
  readonly layers?: {
    readonly model: Followed;
    readonly weights: WeightTensors;
    readonly weight: number;
    readonly alone: boolean;
  } | null;
  readonly freezeEmbeddings: boolean;
  /** Standard deviation of the numbers of a regression: the unit of its loss. */
  readonly labelSpread: number;
  /** Of each class in the loss of the task; without them all weigh the same. */
  readonly classWeights?: Float32Array | null;
  readonly precision: Precision;
  /** Of the loss of activations' inputs beyond a limit; null where they go where they like. */
  readonly bound?: { readonly limit: number; readonly weight: number } | null;
}

export interface StepResult {
  readonly loss: number;
  readonly taskLoss: number;
  /** Mean weight in `taskLoss` of the examples with a label. */
  readonly classWeight: number;
  /** Examples with a label, and those of them that were classified right; of a regression none are. */
  readonly labelled: number;
  readonly correct: number | null;
  /** As `tokenShares` gives them. */
  readonly kept: readonly number[];
  readonly important: readonly number[];
}

/** Word ids of a batch as distinct ids and places in their list, so that gradients are made for these rows only. */
function distinctWords(batch: Batch): { ids: Int32Array; places: Int32Array } {
  const seen = new Map<number, number>();
  const places = batch.ids.map((id) => {
    let place = seen.get(id);
    if (place === undefined) {
      place = seen.size;
      seen.set(id, place);
    }
    return place;
  });
  return { ids: Int32Array.from(seen.keys()), places };
}

/** Rows of a table [*, columns]. */
function gatherRows(table: Float32Array, columns: number, ids: Int32Array): Float32Array {
  const rows = new Float32Array(ids.length * columns);
  ids.forEach((id, i) => {
    rows.set(table.subarray(id * columns, (id + 1) * columns), i * columns);
  });
  return rows;
}

/** Mean over sentences of Σ mask / length. */
function meanShare(mask: Float32Array, batch: Batch): number {
  let total = 0;
  for (let i = 0; i < mask.length; i++)
    total += (mask[i]! * batch.real[i]!) / batch.lengths[Math.floor(i / batch.tokens)]!;
  return total / batch.size;
}

/**
 * Per layer: share of the real tokens that leave its pruning (that are important), mean over sentences. The last layer prunes
 * nothing and goes on with [CLS] alone.
 */
export function tokenShares(
  layers: readonly TokenMasks[],
  batch: Batch,
): { readonly kept: number[]; readonly important: number[] } {
  const alone = batch.lengths.reduce((sum, length) => sum + 1 / length, 0) / batch.size;
  const kept: number[] = [];
  const important: number[] = [];
  for (const masks of layers.slice(0, -1)) {
    const keptValues = masks.kept.dataSync() as Float32Array;
    const high = (masks.important.dataSync() as Float32Array).map((x, i) => x * keptValues[i]!);
    kept.push(meanShare(keptValues, batch));
    important.push(meanShare(high, batch));
  }
  return { kept: [...kept, alone], important: [...important, alone] };
}

function countCorrect(logits: Float32Array, labels: Float32Array): number {
  const classes = logits.length / labels.length;
  let correct = 0;
  labels.forEach((label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    if (scores.every((score, i) => i === label || score < scores[label]!)) correct++;
  });
  return correct;
}

/** Gradients as arrays: views where the backend shares memory, so the tensors must live until they are used. */
const valuesOf = (tensor: tf.Tensor): Float32Array =>
  onNativeBackend() ? nativeBackend().floats(tensor) : (tensor.dataSync() as Float32Array);

/** The tensors that the loss is differentiated by. */
interface Leaves {
  readonly names: readonly string[];
  readonly tensors: readonly tf.Tensor[];
}

function leavesOf(state: ModelState, all: Weights, ids: Int32Array, options: StepOptions): Leaves {
  const soft = options.masks.mode === 'soft';
  const frozen = (name: string): boolean =>
    (options.freezeEmbeddings && name.startsWith('embeddings.')) ||
    (options.layers?.alone === true && isHead(name));
  const names = Object.keys(all).filter((name) => name !== WORD_TABLE && !frozen(name));
  const tensors = names.map((name) => all[name]!);
  if (!options.freezeEmbeddings) {
    names.push(WORD_TABLE);
    const width = embeddingWidth(state.config);
    const rows = gatherRows(state.parameters.get(WORD_TABLE)!.values, width, ids);
    tensors.push(tf.tensor2d(rows, [ids.length, width]));
  }
  if (soft)
    for (const name of [PRUNE_THRESHOLDS, ...(state.reduces ? [REDUCE_THRESHOLDS] : [])]) {
      names.push(name);
      tensors.push(tf.tensor1d(state.parameters.get(name)!.values.slice()));
    }
  return { names, tensors };
}

function masksOf(
  state: ModelState,
  options: StepOptions,
  leaf: (name: string) => tf.Tensor,
  batch: Batch,
): LayerMasks[] | null {
  const { masks, exact = false } = options;
  if (exact) return null;
  if (masks.mode === 'none' || state.spread === null) return ruleMasks(state);
  if (masks.mode === 'hard' && state.schedule) return bestMasks(state.schedule, batch);
  if (masks.mode === 'hard') return hardMasks(currentThresholds(state)!, state.reduces, masks.temperatures);
  const threshold = (name: string, layer: number): tf.Scalar =>
    leaf(name).slice([layer], [1]).reshape([]).mul(state.spread![layer]!) as tf.Scalar;
  return masks.temperatures.map((temperature, layer) => ({
    mode: 'soft',
    prune: threshold(PRUNE_THRESHOLDS, layer),
    reduce: state.reduces ? threshold(REDUCE_THRESHOLDS, layer) : null,
    temperature,
  }));
}

function lossOf(output: EncoderOutput, batch: Batch, state: ModelState, options: StepOptions) {
  const { masks, distillation, labelSpread, classWeights } = options;
  const isRegression = state.config.problem === 'regression';
  const lossTo = (labels: Float32Array): tf.Scalar =>
    isRegression
      ? squaredError(output.logits, labels, labelSpread)
      : crossEntropy(output.logits, labels, classWeights ?? null);
  const task = lossTo(batch.labels);
  let total: tf.Scalar = task;
  if (distillation) {
    const { teacher, temperature } = distillation;
    const follow = isRegression ? lossTo(teacher) : distillationLoss(output.logits, teacher, temperature);
    // A row without label has no task loss: the others' weighs no more for it.
    const share = labelled(batch.labels) / batch.size;
    total = task.mul(share * (1 - distillation.weight)).add(follow.mul(distillation.weight));
  }
  if (options.bound) total = total.add(excessLoss(output.excess, options.bound.weight));
  if (output.indecision.length > 0 && masks.mode !== 'none')
    total = total.add(polarizationLoss(output.indecision, batch, masks.polarization));
  if (masks.mode !== 'soft') return { total, task };
  const alpha = state.reduces ? masks.alpha : 0;
  return { total: total.add(prunePenalty(output.layers, batch, { ...masks, alpha })) as tf.Scalar, task };
}

/** Frees what `body` makes when it is done, whatever it returns. */
function inScope<T>(body: () => T): T {
  tf.engine().startScope();
  try {
    return body();
  } finally {
    tf.engine().endScope();
  }
}

/** 1 where all weigh the same, or none has a label. */
function meanWeight(labels: Float32Array, weights: Float32Array | null): number {
  const known = labels.filter((label) => !Number.isNaN(label));
  if (weights === null || known.length === 0) return 1;
  return known.reduce((sum, label) => sum + weights[label]!, 0) / known.length;
}

/** What is seen of a forward pass besides its loss. */
type Observed = Omit<StepResult, 'loss' | 'labelled' | 'classWeight'>;

function observe(output: EncoderOutput, task: tf.Scalar, state: ModelState, batch: Batch): Observed {
  const isCounted = state.config.problem === 'classes';
  return {
    taskLoss: task.dataSync()[0]!,
    correct: isCounted ? countCorrect(output.logits.dataSync() as Float32Array, batch.labels) : null,
    ...tokenShares(output.layers, batch),
  };
}

function gradientsOf(names: readonly string[], tensors: readonly tf.Tensor[], ids: Int32Array): Gradients {
  const values = new Map(names.map((name, i) => [name, valuesOf(tensors[i]!)]));
  const rows = values.get(WORD_TABLE);
  values.delete(WORD_TABLE);
  return { dense: values, words: rows ? { ids, rows } : null };
}

/** Runs forward and backward; `use` gets the gradients, which are valid only during the call. */
export function trainingStep<T>(
  state: ModelState,
  weights: WeightTensors,
  batch: Batch,
  options: StepOptions,
  use: (gradients: Gradients) => T,
): { readonly result: StepResult; readonly used: T } {
  return inScope(() => {
    const { ids, places } = distinctWords(batch);
    const all = weights.get();
    const { names, tensors } = leavesOf(state, all, ids, options);
    const seen: Observed[] = [];
    const { layers = null } = options;
    const followed = layers && hiddenStatesOf(layers.weights, layers.model, batch, options.precision);
    const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => {
      const named: Record<string, tf.Tensor> = { ...all };
      names.forEach((name, i) => {
        named[name] = xs[i]!;
      });
      const masks = masksOf(state, options, (name) => named[name]!, batch);
      const hidden = layers && new HiddenStates(batch);
      const output = encode(named, state.config, batch, options.freezeEmbeddings ? batch.ids : places, {
        curves: options.exact ? exactCurves : curvesOfState(state),
        masks,
        dropout: options.dropout,
        lastLayer: 'cls',
        precision: options.precision,
        limit: options.bound?.limit ?? null,
        compact: masks?.every(({ mode }) => mode !== 'soft') ?? false,
        ...(hidden ? { observe: hidden.observe } : {}),
        polarize: options.masks.mode !== 'none' && options.masks.polarization > 0,
      });
      const { total, task } = lossOf(output, batch, state, options);
      seen.push(observe(output, task, state, batch));
      if (layers === null) return total;
      const distance = layerLoss(hidden!, followed!).mul<tf.Scalar>(layers.weight);
      return layers.alone ? distance : total.add<tf.Scalar>(distance);
    })([...tensors]);
    const loss = value.dataSync()[0]!;
    const classWeight = meanWeight(batch.labels, options.classWeights ?? null);
    const result = { loss, labelled: labelled(batch.labels), classWeight, ...seen[0]! };
    return { result, used: use(gradientsOf(names, grads, ids)) };
  });
}
