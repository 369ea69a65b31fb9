/** The weights of an artifact as named tensors: int8 where the entries have at most 8 bits, else int16. */

import type { StoredTensor } from '../checkpoint/safetensors.js';
import { embeddingWidth, groupOfLayer, type ModelConfig } from '../config.js';
import {
  type EmbeddingWeights,
  type EncoderLayerWeights,
  type LayerNormWeights,
  type LayerScales,
  type MatrixScale,
  type ModelScales,
  matrixScale,
  type PrivateModel,
  type QuantizedLinear,
  type QuantizedMatrix,
} from './artifact.js';
import type { LayerThresholds } from '../thresholds.js';
import { ArtifactError } from './artifact-error.js';
import { columnNormBits } from './column-norm.js';
import { gammaFits } from './gamma-bits.js';
import { fromElements, toFloat64, toInt16 } from './stored-tensor.js';

type Tensors = Map<string, StoredTensor>;

function putMatrix(
  tensors: Tensors,
  name: string,
  { inputs, outputs, weightBits, values }: QuantizedMatrix,
): void {
  checkBits(values, weightBits, name);
  const elements = weightBits <= 8 ? new Int8Array(values) : values;
  tensors.set(name, fromElements(elements, [inputs, outputs]));
}

function putLinear(tensors: Tensors, name: string, { matrix, bias }: QuantizedLinear): void {
  putMatrix(tensors, `${name}.matrix`, matrix);
  tensors.set(`${name}.bias`, fromElements(bias, [bias.length]));
}

function putNorm(tensors: Tensors, name: string, { gamma, beta }: LayerNormWeights): void {
  tensors.set(`${name}.gamma`, fromElements(gamma, [gamma.length]));
  tensors.set(`${name}.beta`, fromElements(beta, [beta.length]));
}

/** @throws ArtifactError unless all values have at most so many signed bits */
export function checkBits(values: Int16Array, weightBits: number, name: string): void {
  const bound = 2 ** (weightBits - 1);
  // By index: an iterator takes ten times as long, over every weight of a model.
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < -bound || value >= bound)
      throw new ArtifactError(`tensor ${name}: expected integers of ${weightBits} bits, got ${value}`);
  }
}

/** Hiding the weights from who decrypts the products rests on this bound (inference/crypto/rlwe/noise-budget.ts). */
function checkNorm(values: Int16Array, outputs: number, normBits: number, name: string): void {
  const bits = columnNormBits(values, outputs);
  if (bits > normBits)
    throw new ArtifactError(`tensor ${name}: expected columns of norm 2^${normBits}, got 2^${bits}`);
}

/** Takes tensors out by name, checks them, and in the end complains about any that nobody asked for. */
class TensorReader {
  private readonly used = new Set<string>();

  constructor(
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    private readonly file: string,
  ) {}

  private take(name: string, shape: readonly number[]): StoredTensor {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw new ArtifactError(`${this.file}: tensor ${name}: missing`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis]))
      throw new ArtifactError(
        `${this.file}: tensor ${name}: expected shape [${shape}], got [${tensor.shape}]`,
      );
    this.used.add(name);
    return tensor;
  }

  vector(name: string, length: number): Float64Array {
    const values = toFloat64(this.take(name, [length]), `${this.file}: tensor ${name}`);
    if (!values.every(Number.isFinite))
      throw new ArtifactError(`${this.file}: tensor ${name}: not all numbers are finite`);
    return values;
  }

  matrix(
    name: string,
    inputs: number,
    outputs: number,
    { weightBits, fractionBits, normBits }: MatrixScale,
  ): QuantizedMatrix {
    const values = toInt16(this.take(name, [inputs, outputs]), `${this.file}: tensor ${name}`);
    checkBits(values, weightBits, name);
    if (normBits !== undefined) checkNorm(values, outputs, normBits, name);
    return { inputs, outputs, weightBits, fractionBits, normBits, values };
  }

  linear(name: string, inputs: number, outputs: number, scale: MatrixScale): QuantizedLinear {
    return {
      matrix: this.matrix(`${name}.matrix`, inputs, outputs, scale),
      bias: this.vector(`${name}.bias`, outputs),
    };
  }

  /** `gammaBits`: where a bound of gamma is public. */
  norm(name: string, size: number, gammaBits?: number): LayerNormWeights {
    const gamma = this.vector(`${name}.gamma`, size);
    if (gammaBits !== undefined && !gammaFits(gamma, gammaBits))
      throw new ArtifactError(`tensor ${name}.gamma: expected numbers below 2^${gammaBits}, got larger ones`);
    return { gamma, beta: this.vector(`${name}.beta`, size) };
  }

  finish(): void {
    for (const name of this.tensors.keys())
      if (!this.used.has(name)) throw new ArtifactError(`${this.file}: tensor ${name}: unexpected`);
  }
}

export function embeddingTensors(embedding: EmbeddingWeights): Tensors {
  const tensors: Tensors = new Map();
  if (embedding.word) putMatrix(tensors, 'word', embedding.word);
  putMatrix(tensors, 'position', embedding.position);
  if (embedding.tokenType) putMatrix(tensors, 'tokenType', embedding.tokenType);
  putNorm(tensors, 'norm', embedding.norm);
  return tensors;
}

/** Scales of the public tables. */
export interface EmbeddingScales {
  readonly word?: MatrixScale | undefined;
  readonly position: MatrixScale;
  readonly tokenType?: MatrixScale | undefined;
}

export const embeddingScales = ({ word, position, tokenType }: EmbeddingWeights): EmbeddingScales => ({
  ...(word ? { word: matrixScale(word) } : {}),
  position: matrixScale(position),
  ...(tokenType ? { tokenType: matrixScale(tokenType) } : {}),
});

export function readEmbedding(
  tensors: ReadonlyMap<string, StoredTensor>,
  config: ModelConfig,
  scales: EmbeddingScales,
  file: string,
): EmbeddingWeights {
  const reader = new TensorReader(tensors, file);
  const width = embeddingWidth(config);
  const embedding = {
    word: scales.word ? reader.matrix('word', config.vocabularySize, width, scales.word) : null,
    position: reader.matrix('position', config.maxPositions, width, scales.position),
    tokenType: scales.tokenType
      ? reader.matrix('tokenType', config.tokenTypes, width, scales.tokenType)
      : null,
    norm: reader.norm('norm', width),
  };
  reader.finish();
  return embedding;
}

/** All private weights but the thresholds; what layers share is stored once, under the number of their group. */
export function privateTensors(
  { projection, layers, pooler, classifier }: PrivateModel,
  config: ModelConfig,
): Tensors {
  const tensors: Tensors = new Map();
  if (projection) putLinear(tensors, 'projection', projection);
  layers.forEach((layer, i) => {
    const group = groupOfLayer(config, i);
    if (i > 0 && group === groupOfLayer(config, i - 1)) return;
    const name = (part: string): string => `layers.${group}.${part}`;
    putLinear(tensors, name('query'), layer.query);
    putLinear(tensors, name('key'), layer.key);
    putLinear(tensors, name('value'), layer.value);
    putLinear(tensors, name('attentionOutput'), layer.attentionOutput);
    putNorm(tensors, name('attentionNorm'), layer.attentionNorm);
    putLinear(tensors, name('intermediate'), layer.intermediate);
    putLinear(tensors, name('output'), layer.output);
    if (layer.reduced) putLinear(tensors, name('reduced'), layer.reduced);
    if (layer.reducedInner) putLinear(tensors, name('reducedInner'), layer.reducedInner);
    if (layer.reducedOuter) putLinear(tensors, name('reducedOuter'), layer.reducedOuter);
    putNorm(tensors, name('outputNorm'), layer.outputNorm);
  });
  putLinear(tensors, 'pooler', pooler);
  putLinear(tensors, 'classifier', classifier);
  return tensors;
}

export function readPrivate(
  tensors: ReadonlyMap<string, StoredTensor>,
  config: ModelConfig,
  scales: ModelScales,
  thresholds: readonly LayerThresholds[] | null,
  file: string,
): PrivateModel {
  const reader = new TensorReader(tensors, file);
  const { hiddenSize, intermediateSize, reducedSquares = 0 } = config;
  const readLayer = (scale: LayerScales, group: number): Omit<EncoderLayerWeights, 'thresholds'> => {
    const name = (part: string): string => `layers.${group}.${part}`;
    return {
      query: reader.linear(name('query'), hiddenSize, hiddenSize, scale.query),
      key: reader.linear(name('key'), hiddenSize, hiddenSize, scale.key),
      value: reader.linear(name('value'), hiddenSize, hiddenSize, scale.value),
      attentionOutput: reader.linear(name('attentionOutput'), hiddenSize, hiddenSize, scale.attentionOutput),
      attentionNorm: reader.norm(name('attentionNorm'), hiddenSize, scales.gammaBits),
      intermediate: reader.linear(name('intermediate'), hiddenSize, intermediateSize, scale.intermediate),
      output: reader.linear(name('output'), intermediateSize, hiddenSize, scale.output),
      ...(scale.reduced
        ? { reduced: reader.linear(name('reduced'), hiddenSize, hiddenSize, scale.reduced) }
        : {}),
      ...(scale.reducedInner
        ? {
            reducedInner: reader.linear(name('reducedInner'), hiddenSize, reducedSquares, scale.reducedInner),
          }
        : {}),
      ...(scale.reducedOuter
        ? {
            reducedOuter: reader.linear(name('reducedOuter'), reducedSquares, hiddenSize, scale.reducedOuter),
          }
        : {}),
      outputNorm: reader.norm(name('outputNorm'), hiddenSize, scales.gammaBits),
    };
  };
  const groups = new Map<number, Omit<EncoderLayerWeights, 'thresholds'>>();
  const layers = scales.layers.map((scale, i): EncoderLayerWeights => {
    const group = groupOfLayer(config, i);
    const weights = groups.get(group) ?? readLayer(scale, group);
    groups.set(group, weights);
    return { ...weights, thresholds: thresholds?.[i] ?? null };
  });
  const projection = scales.projection
    ? reader.linear('projection', embeddingWidth(config), hiddenSize, scales.projection)
    : undefined;
  const pooler = reader.linear('pooler', hiddenSize, hiddenSize, scales.pooler);
  const classifier = reader.linear('classifier', hiddenSize, config.labels.length, scales.classifier);
  reader.finish();
  return { ...(projection ? { projection } : {}), layers, pooler, classifier };
}
