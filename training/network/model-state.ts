/** The model while it is trained: architecture, tokenizer, weights, and thresholds once there are any. */
import type { CurveSet } from '../../methods/curves.js';
import { DEFAULT_METHOD, methodNamed } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { type LayerThresholds, withLastLayer, withoutLastLayer } from '../../model/thresholds.js';
import type { Schedule } from '../../model/artifact/schedule.js';
import { type Checkpoint, maxTokensOf, type WholeCheckpoint } from '../../model/checkpoint/checkpoint.js';
import type { ModelConfig } from '../../model/config.js';
import type { TaskDescription } from '../../model/task.js';
import type { TokenizerFiles } from '../../model/tokenizer/tokenizer-files.js';
import { type Parameter, WeightTensors, weightShapes } from './parameters.js';
import { thresholdParameters, thresholdsOf } from './thresholds.js';

export interface ModelState {
  config: ModelConfig;
  readonly tokenizerFiles: TokenizerFiles;
  /** Null for a model that nobody has named a task for. */
  readonly task: TaskDescription | null;
  readonly maxTokens: number;
  /** Weights, and thresholds.* from the soft phase on. */
  readonly parameters: Map<string, Parameter>;
  /** Standard deviation of n·S per pruning layer: the unit of the thresholds. Null before the soft phase. */
  spread: readonly number[] | null;
  readonly reduces: boolean;
  /** The name of the method that the run is for. */
  readonly method: string;
  /** Public numbers of tokens in place of thresholds; absent: thresholds decide. */
  schedule?: Schedule | undefined;
}

/** The method that a state is of, by what it has learned so far. */
export function methodOfState({ method, spread, reduces }: ModelState): Method {
  const asked = methodNamed(method);
  if (spread === null) return methodNamed(asked.unpruned);
  return reduces ? asked : methodNamed(asked.unreduced ?? asked.name);
}

/** The functions that a model is trained with and run with. */
export const curvesOfState = ({ method }: Pick<ModelState, 'method'>): CurveSet => methodNamed(method).curves;

/** Layers that prune: all but the last. */
export const pruningLayers = (config: ModelConfig): number => config.layers - 1;

export const currentThresholds = ({ parameters, spread }: ModelState): LayerThresholds[] | null =>
  spread === null ? null : thresholdsOf(parameters, spread);

/** What goes into a checkpoint directory. The last layer's thresholds are 0: it prunes nothing. */
export function toCheckpoint(state: ModelState): WholeCheckpoint {
  const thresholds = currentThresholds(state);
  const tensors = new Map(
    [...weightShapes(state.config).keys()].map((name) => [name, state.parameters.get(name)!]),
  );
  return {
    config: state.config,
    tensors,
    tokenizerFiles: state.tokenizerFiles,
    details: {
      method: state.method,
      task: state.task,
      maxTokens: state.maxTokens,
      prunes: thresholds !== null,
      reduces: thresholds !== null && state.reduces,
      thresholds: thresholds && withLastLayer(thresholds),
    },
  };
}

/** A checkpoint as a model to run; thresholds of the last layer, which prunes nothing, are left out. */
export function stateOfCheckpoint(checkpoint: Checkpoint): ModelState {
  const { config, tensors, tokenizerFiles, details } = checkpoint;
  const parameters = new Map<string, Parameter>();
  for (const name of weightShapes(config).keys()) {
    const tensor = tensors.get(name);
    if (!tensor)
      throw new Error(`checkpoint: ${name}: expected a tensor, found none (not a trained classifier?)`);
    parameters.set(name, { shape: tensor.shape, values: tensor.values.slice() });
  }
  const thresholds = details?.prunes && details.thresholds ? withoutLastLayer(details.thresholds) : null;
  const spread = thresholds?.map(() => 1) ?? null;
  if (thresholds && spread)
    for (const [name, parameter] of thresholdParameters(thresholds, spread)) parameters.set(name, parameter);
  return {
    config,
    tokenizerFiles,
    task: details?.task ?? null,
    maxTokens: maxTokensOf(checkpoint),
    parameters,
    spread,
    reduces: details?.reduces ?? false,
    method: details?.method ?? DEFAULT_METHOD.name,
  };
}

/** Tensors over the state's weights alone. */
export const weightTensors = (state: ModelState): WeightTensors =>
  new WeightTensors(
    new Map([...weightShapes(state.config).keys()].map((name) => [name, state.parameters.get(name)!])),
  );
