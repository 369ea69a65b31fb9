/** A small artifact with seeded random weights, for tests. */

import { splitmix32 } from '../../../data/sources/synthetic.js';
import { cipherPrune, dense } from '../../../methods/cipherprune/index.js';
import { methodReference } from '../../../methods/reference.js';
import {
  type Artifact,
  type EncoderLayerWeights,
  type LayerRanges,
  type PrivateModel,
  type QuantizedLinear,
  type QuantizedMatrix,
  scalesOf,
} from '../../../model/artifact/artifact.js';
import { BERT_ARCHITECTURE, type ModelConfig } from '../../../model/config.js';
import { namedTask } from '../../../model/task.js';
import type { Schedule } from '../../../model/artifact/schedule.js';
import { tokenizerFilesFromVocabulary } from '../../../model/tokenizer/tokenizer-files.js';

export const tinyVocabulary = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'a',
  'good',
  'movie',
  '##s',
  'bad',
  '.',
];

const ranges: LayerRanges = {
  query: 2.5,
  key: 3,
  value: 3,
  logits: 9,
  context: 3,
  attentionResidual: 5,
  attentionVariance: { min: 0.25, max: 4 },
  attentionNorm: 4,
  geluInput: 6,
  outputResidual: 7,
  outputVariance: { min: 0.5, max: 5 },
  outputNorm: 4,
};

/** For inputs of up to 12 tokens. */
export const tinySchedule = (layers: number): Schedule =>
  [8, 16].map((tokens) => ({
    tokens,
    layers: Array.from({ length: layers - 1 }, (_, layer) => ({
      kept: tokens - 2 - layer,
      important: tokens / 2 - layer,
    })),
  }));

export interface TinyOptions {
  readonly seed?: number;
  readonly weightBits?: number;
  readonly prunes?: boolean;
  /** Keeps public numbers of tokens and opens none. */
  readonly scheduled?: boolean;
  readonly config?: Partial<ModelConfig>;
}

export function tinyArtifact({
  seed = 1,
  weightBits = 8,
  prunes = true,
  scheduled = false,
  config: changes,
}: TinyOptions = {}): Artifact {
  const random = splitmix32(seed);
  const config: ModelConfig = {
    ...BERT_ARCHITECTURE,
    vocabularySize: tinyVocabulary.length,
    hiddenSize: 8,
    layers: 2,
    heads: 2,
    intermediateSize: 16,
    maxPositions: 16,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    labels: ['negative', 'positive'],
    ...changes,
  };
  const { hiddenSize, intermediateSize } = config;
  const reals = (length: number): Float64Array => Float64Array.from({ length }, () => random() - 0.5);
  const matrix = (inputs: number, outputs: number, bits = weightBits): QuantizedMatrix => {
    const values = Int16Array.from({ length: inputs * outputs }, () =>
      Math.floor((random() - 0.5) * 2 ** bits),
    );
    return { inputs, outputs, weightBits: bits, fractionBits: bits, values };
  };
  const linear = (inputs: number, outputs: number): QuantizedLinear => ({
    matrix: matrix(inputs, outputs),
    bias: reals(outputs),
  });
  const norm = () => ({ gamma: reals(hiddenSize), beta: reals(hiddenSize) });
  const layer = (index: number): EncoderLayerWeights => ({
    query: linear(hiddenSize, hiddenSize),
    key: linear(hiddenSize, hiddenSize),
    value: linear(hiddenSize, hiddenSize),
    attentionOutput: linear(hiddenSize, hiddenSize),
    attentionNorm: norm(),
    intermediate: linear(hiddenSize, intermediateSize),
    output: linear(intermediateSize, hiddenSize),
    outputNorm: norm(),
    thresholds: prunes ? { prune: 0.5 + index / 8, reduce: 1 + index / 8 } : null,
  });
  const model: PrivateModel = {
    layers: Array.from({ length: config.layers }, (_, index) => layer(index)),
    pooler: linear(hiddenSize, hiddenSize),
    classifier: linear(hiddenSize, config.labels.length),
  };
  return {
    public: {
      config,
      task: namedTask('sst2'),
      fixedPoint: { ringBits: 37, fractionBits: 12 },
      ranges: { embedding: 4, layers: model.layers.map(() => ranges), poolerInput: 4, logits: 3 },
      scales: scalesOf(model),
      method: methodReference(prunes ? cipherPrune : dense),
      ...(scheduled ? { schedule: tinySchedule(config.layers) } : {}),
      embedding: {
        word: matrix(config.vocabularySize, hiddenSize),
        position: matrix(config.maxPositions, hiddenSize),
        tokenType: matrix(config.tokenTypes, hiddenSize, 12),
        norm: norm(),
      },
      tokenizerFiles: tokenizerFilesFromVocabulary(tinyVocabulary),
      maxTokens: 12,
    },
    private: model,
  };
}
