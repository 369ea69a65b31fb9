/**
 * Names and shapes of a BERT classifier's float tensors, as Hugging Face's BertForSequenceClassification has them but
 * without the prefix `bert.`. A linear layer's weight is [outputs, inputs].
 */

import { fromElements, toFloat32 } from '../artifact/stored-tensor.js';
import type { ModelConfig } from '../config.js';
import { CheckpointError } from './hugging-face-config.js';
import { elementCount, type StoredTensor } from './safetensors.js';

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type FloatTensors = ReadonlyMap<string, FloatTensor>;
type Shapes = Map<string, readonly number[]>;

/** Embeddings and layers: what every checkpoint must have. */
export function encoderShapes(config: ModelConfig): Shapes {
  const { hiddenSize: h, intermediateSize: i } = config;
  const shapes: Shapes = new Map([
    ['embeddings.word_embeddings.weight', [config.vocabularySize, h]],
    ['embeddings.position_embeddings.weight', [config.maxPositions, h]],
    ['embeddings.token_type_embeddings.weight', [config.tokenTypes, h]],
  ]);
  const linear = (name: string, outputs: number, inputs: number): void => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  const norm = (name: string): void => {
    shapes.set(`${name}.weight`, [h]).set(`${name}.bias`, [h]);
  };
  norm('embeddings.LayerNorm');
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) linear(`${name}.attention.self.${part}`, h, h);
    linear(`${name}.attention.output.dense`, h, h);
    norm(`${name}.attention.output.LayerNorm`);
    linear(`${name}.intermediate.dense`, i, h);
    linear(`${name}.output.dense`, h, i);
    norm(`${name}.output.LayerNorm`);
  }
  return shapes;
}

/** Pooler and classifier: a pretrained encoder may lack either. */
export const headShapes = ({ hiddenSize, labels }: ModelConfig): Shapes =>
  new Map([
    ['pooler.dense.weight', [hiddenSize, hiddenSize]],
    ['pooler.dense.bias', [hiddenSize]],
    ['classifier.weight', [labels.length, hiddenSize]],
    ['classifier.bias', [labels.length]],
  ]);

/** Our name of a stored tensor: prefix off, LayerNorm's gamma and beta of early checkpoints renamed. */
const canonicalName = (name: string): string =>
  name
    .replace(/^bert\./, '')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

export interface CheckpointTensors {
  readonly tensors: FloatTensors;
  /** Stored tensors that a classifier does not use, for example a language model's head. */
  readonly ignored: readonly string[];
}

/** Picks and converts the tensors of a classifier. Throws CheckpointError naming what is missing or misshapen. */
export function readCheckpointTensors(
  stored: ReadonlyMap<string, StoredTensor>,
  config: ModelConfig,
  file: string,
): CheckpointTensors {
  const required = encoderShapes(config);
  const known = new Map([...required, ...headShapes(config)]);
  const tensors = new Map<string, FloatTensor>();
  const ignored: string[] = [];
  for (const [storedName, tensor] of stored) {
    const name = canonicalName(storedName);
    const shape = known.get(name);
    if (shape === undefined) {
      ignored.push(storedName);
      continue;
    }
    if (!sameShape(shape, tensor.shape))
      throw new CheckpointError(
        `${file}: tensor ${storedName}: expected shape [${shape}], got [${tensor.shape}]`,
      );
    if (tensors.has(name))
      throw new CheckpointError(`${file}: tensor ${storedName}: stored twice as ${name}`);
    tensors.set(name, { shape, values: toFloat32(tensor, `${file}: tensor ${storedName}`) });
  }
  for (const name of required.keys())
    if (!tensors.has(name)) throw new CheckpointError(`${file}: tensor ${name}: missing`);
  return { tensors, ignored };
}

/** Tensors under the library's names, to be stored. Throws CheckpointError if any is missing, misshapen or not finite. */
export function storeCheckpointTensors(
  tensors: FloatTensors,
  config: ModelConfig,
): Map<string, StoredTensor> {
  const stored = new Map<string, StoredTensor>();
  for (const [name, shape] of [...encoderShapes(config), ...headShapes(config)]) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new CheckpointError(`checkpoint: tensor ${name}: missing`);
    if (!sameShape(shape, tensor.shape) || tensor.values.length !== elementCount(shape))
      throw new CheckpointError(
        `checkpoint: tensor ${name}: expected shape [${shape}], got [${tensor.shape}]`,
      );
    if (!tensor.values.every(Number.isFinite))
      throw new CheckpointError(`checkpoint: tensor ${name}: not all numbers are finite`);
    stored.set(name.startsWith('classifier.') ? name : `bert.${name}`, fromElements(tensor.values, shape));
  }
  return stored;
}
