/**
 * Names and shapes of a classifier's float tensors. Ours are those of Hugging Face's BertForSequenceClassification without the
 * prefix `bert.`, for every family: `pooler.dense` and `classifier` are the two layers of the head. A linear layer's weight is
 * [outputs, inputs].
 */

import { fromElements, toFloat32 } from '../artifact/stored-tensor.js';
import { embeddingWidth, isReducedGroup, type ModelConfig, weightGroups } from '../config.js';
import { FAMILIES, type Family, plainName, storedName } from '../families/index.js';
import { CheckpointError } from './checkpoint-error.js';
import { elementCount, type StoredTensor } from './safetensors.js';

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type FloatTensors = ReadonlyMap<string, FloatTensor>;
type Shapes = Map<string, readonly number[]>;

const POSITIONS = 'embeddings.position_embeddings.weight';

/** Embeddings and layers: what every checkpoint must have. */
export function encoderShapes(config: ModelConfig): Shapes {
  const { hiddenSize: h, intermediateSize: i } = config;
  const e = embeddingWidth(config);
  const shapes: Shapes = new Map([
    ['embeddings.word_embeddings.weight', [config.vocabularySize, e]],
    [POSITIONS, [config.maxPositions, e]],
  ]);
  if (config.tokenTypes > 0) shapes.set('embeddings.token_type_embeddings.weight', [config.tokenTypes, e]);
  const linear = (name: string, outputs: number, inputs: number): void => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  const norm = (name: string, features: number): void => {
    shapes.set(`${name}.weight`, [features]).set(`${name}.bias`, [features]);
  };
  norm('embeddings.LayerNorm', e);
  if (config.embeddingSize !== null) linear('embeddings.projection', h, e);
  for (let group = 0; group < weightGroups(config); group++) {
    const name = `encoder.layer.${group}`;
    for (const part of ['query', 'key', 'value']) linear(`${name}.attention.self.${part}`, h, h);
    linear(`${name}.attention.output.dense`, h, h);
    norm(`${name}.attention.output.LayerNorm`, h);
    linear(`${name}.intermediate.dense`, i, h);
    linear(`${name}.output.dense`, h, i);
    if (isReducedGroup(config, group)) {
      const { reducedSquares: squares } = config;
      linear(`${name}.reduced`, h, h);
      if (squares) {
        linear(`${name}.reduced.inner`, squares, h);
        linear(`${name}.reduced.outer`, h, squares);
      }
    }
    norm(`${name}.output.LayerNorm`, h);
  }
  return shapes;
}

/** The head's two layers: a pretrained encoder may lack either. */
export const headShapes = ({ hiddenSize, labels }: ModelConfig): Shapes =>
  new Map([
    ['pooler.dense.weight', [hiddenSize, hiddenSize]],
    ['pooler.dense.bias', [hiddenSize]],
    ['classifier.weight', [labels.length, hiddenSize]],
    ['classifier.bias', [labels.length]],
  ]);

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** The shape that a family stores: its position table may have rows that no text uses. */
function storedShape(name: string, shape: readonly number[], family: Family, config: ModelConfig) {
  const unused = name === POSITIONS ? family.unusedPositions(config) : 0;
  return { unused, stored: unused === 0 ? shape : [shape[0]! + unused, ...shape.slice(1)] };
}

export interface CheckpointTensors {
  readonly tensors: FloatTensors;
  /** Stored tensors that a classifier does not use, for example a language model's head. */
  readonly ignored: readonly string[];
  /** Tensors of the head that are not stored, or belong to a head of another kind. */
  readonly missing: readonly string[];
}

/** A layer's number in a name that we did not ask for: a whole part of the model would be left out. */
const LAYER_NAME = /(?:^|\.)(?:layer|layers|albert_layer_groups|albert_layers|block|h)\.\d+\./;

function checkFinite(values: Float32Array, where: string): void {
  // By index: an iterator takes ten times as long, over every weight of a model.
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new CheckpointError(`${where}: expected finite numbers, got ${values[i]} at element ${i}`);
}

interface Wanted {
  /** Our name. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** What is read, by the stored name without prefix. Heads of other kinds are not, though they have the same names. */
function wantedTensors(config: ModelConfig, family: Family, hasHead: boolean): Map<string, Wanted> {
  const shapes = [...encoderShapes(config), ...(hasHead ? headShapes(config) : [])];
  return new Map(
    shapes.map(([name, shape]) => [plainName(family, storedName(family, name)), { name, shape }]),
  );
}

/**
 * Picks and converts the tensors of a classifier. `hasHead`: false for a checkpoint whose head is of another kind. Throws
 * CheckpointError naming what is missing, misshapen, not finite, or a layer that the configuration does not have.
 */
export function readCheckpointTensors(
  stored: ReadonlyMap<string, StoredTensor>,
  config: ModelConfig,
  file: string,
  hasHead = true,
): CheckpointTensors {
  const family = FAMILIES[config.family];
  const wanted = wantedTensors(config, family, hasHead);
  const tensors = new Map<string, FloatTensor>();
  const ignored: string[] = [];
  for (const [storedAs, tensor] of stored) {
    const found = wanted.get(plainName(family, storedAs));
    if (found === undefined) {
      ignored.push(storedAs);
      continue;
    }
    const where = `${file}: tensor ${storedAs}`;
    const { name, shape } = found;
    const { unused, stored: expected } = storedShape(name, shape, family, config);
    if (!sameShape(expected, tensor.shape))
      throw new CheckpointError(`${where}: expected shape [${expected}], got [${tensor.shape}]`);
    if (tensors.has(name)) throw new CheckpointError(`${where}: stored twice, with prefix and without`);
    const values = toFloat32(tensor, where).subarray(unused * (shape[1] ?? 1));
    checkFinite(values, where);
    tensors.set(name, { shape, values });
  }
  checkLayers(ignored, config, file);
  for (const name of encoderShapes(config).keys())
    if (!tensors.has(name)) throw new CheckpointError(`${file}: tensor ${storedName(family, name)}: missing`);
  const missing = [...headShapes(config).keys()].filter((name) => !tensors.has(name));
  return { tensors, ignored, missing: missing.map((name) => storedName(family, name)) };
}

function checkLayers(ignored: readonly string[], config: ModelConfig, file: string): void {
  const layers = ignored.filter((name) => LAYER_NAME.test(name));
  if (layers.length > 0)
    throw new CheckpointError(
      `${file}: ${layers.length} tensors of layers that config.json does not have (it says ${config.layers} layers), the first ${layers[0]}`,
    );
}

/** Tensors under the library's names, to be stored. Throws CheckpointError if any is missing, misshapen or not finite. */
export function storeCheckpointTensors(
  tensors: FloatTensors,
  config: ModelConfig,
): Map<string, StoredTensor> {
  const family = FAMILIES[config.family];
  const stored = new Map<string, StoredTensor>();
  for (const [name, shape] of [...encoderShapes(config), ...headShapes(config)]) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new CheckpointError(`checkpoint: tensor ${name}: missing`);
    if (!sameShape(shape, tensor.shape) || tensor.values.length !== elementCount(shape))
      throw new CheckpointError(
        `checkpoint: tensor ${name}: expected shape [${shape}], got [${tensor.shape}]`,
      );
    checkFinite(tensor.values, `checkpoint: tensor ${name}`);
    const { unused, stored: to } = storedShape(name, shape, family, config);
    stored.set(
      storedName(family, name),
      fromElements(behindZeros(tensor.values, unused * (shape[1] ?? 1)), to),
    );
  }
  return stored;
}

/** The numbers behind so many zeros: rows of a table that nothing reads. */
function behindZeros(values: Float32Array, zeros: number): Float32Array {
  if (zeros === 0) return values;
  const all = new Float32Array(zeros + values.length);
  all.set(values, zeros);
  return all;
}
