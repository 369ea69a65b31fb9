/**
 * A model of real shapes with random weights: costs do not depend on what a model has learnt. Weights are scaled so that
 * activations behave like a trained BERT's; the declared ranges are typical of one, and wider than what occurs here.
 */

import { splitmix32 } from '../util/splitmix32.js';
import { cipherPrune, dense } from '../methods/cipherprune/index.js';
import type { Method } from '../methods/method.js';
import { methodReference } from '../methods/reference.js';
import type {
  Artifact,
  LayerNormWeights,
  LayerRanges,
  ModelRanges,
  QuantizedLinear,
  QuantizedMatrix,
} from '../model/artifact/artifact.js';
import type { LayerThresholds } from '../model/thresholds.js';
import { groupOfLayer, headSize, isReducedGroup, type ModelConfig, squaresBeside } from '../model/config.js';
import { SPECIAL_TOKENS, tokenizerFilesFromVocabulary } from '../model/tokenizer/tokenizer-files.js';
import { artifactOf, type LinearName, type TableName } from './artifact-of.js';

/** What export writes unless told otherwise. */
const WEIGHT_BITS = 8;
const EMBEDDING_BITS = 8;

/** Uniform entries of a given standard deviation, rounded to `weightBits` bits. */
function randomMatrix(
  random: () => number,
  inputs: number,
  outputs: number,
  deviation: number,
  weightBits: number,
): QuantizedMatrix {
  const largest = Math.sqrt(3) * deviation;
  const fractionBits = Math.floor(Math.log2((2 ** (weightBits - 1) - 1) / largest));
  const width = 2 * largest * 2 ** fractionBits;
  const values = new Int16Array(inputs * outputs);
  for (let i = 0; i < values.length; i++) values[i] = Math.round((random() - 0.5) * width);
  return { inputs, outputs, weightBits, fractionBits, values };
}

/** Outputs of a normalized input have standard deviation `gain`. */
function randomLinear(
  random: () => number,
  inputs: number,
  outputs: number,
  gain: number,
  biasDeviation = 0.03,
): QuantizedLinear {
  const width = 2 * Math.sqrt(3) * biasDeviation;
  const bias = Float64Array.from({ length: outputs }, () => (random() - 0.5) * width);
  return { matrix: randomMatrix(random, inputs, outputs, gain / Math.sqrt(inputs), WEIGHT_BITS), bias };
}

const plainNorm = (size: number): LayerNormWeights => ({
  gamma: new Float64Array(size).fill(1),
  beta: new Float64Array(size),
});

/** Logits of standard deviation 1.5 about that: attention is neither flat nor one-hot. */
const LOGIT_DEVIATION = 1.5;
/** A constant part of all queries: some tokens attract attention in every row, as in a trained network. */
const QUERY_BIAS_DEVIATION = 2;

const TABLE_DEVIATIONS: Readonly<Record<TableName, number>> = { word: 1, position: 0.3, tokenType: 0.3 };

function linearOf(
  random: () => number,
  config: ModelConfig,
  name: LinearName,
  inputs: number,
  outputs: number,
): QuantizedLinear {
  if (name === 'query') {
    const unit = 1 / Math.sqrt(headSize(config));
    return randomLinear(random, inputs, outputs, LOGIT_DEVIATION * unit, QUERY_BIAS_DEVIATION * unit);
  }
  return randomLinear(random, inputs, outputs, name === 'intermediate' ? 1.5 : 1);
}

const LAYER_RANGES: LayerRanges = {
  query: 2,
  key: 8,
  value: 8,
  logits: 16,
  context: 8,
  attentionResidual: 16,
  attentionVariance: { min: 0.25, max: 8 },
  attentionNorm: 12,
  geluInput: 16,
  outputResidual: 20,
  outputVariance: { min: 0.25, max: 16 },
  outputNorm: 12,
};

const rangesOf = (config: ModelConfig): ModelRanges => ({
  embedding: 8,
  layers: Array.from({ length: config.layers }, (_, layer) => ({
    ...LAYER_RANGES,
    ...(config.reducedSquares && isReducedGroup(config, groupOfLayer(config, layer))
      ? { squareInput: 16 }
      : {}),
  })),
  poolerInput: 8,
  logits: 8,
});

const wordOf = (id: number): string => SPECIAL_TOKENS[id] ?? `word${id}`;

function vocabularyOf(size: number): string[] {
  return Array.from({ length: size }, (_, id) => wordOf(id));
}

/** With the layers that a model of the method has beside those that all have. */
export const configFor = ({ lowFeedForward }: Method, config: ModelConfig): ModelConfig => ({
  ...config,
  ...(lowFeedForward ? { linearReduction: true } : {}),
  ...(lowFeedForward === 'squares' ? { reducedSquares: squaresBeside(config) } : {}),
});

/** Deterministic in the seed. Without thresholds: they depend on the input, see schedule-thresholds.ts. */
export function randomArtifact(config: ModelConfig, seed: number): Artifact {
  const random = splitmix32(seed);
  return artifactOf(
    {
      linear: (name, inputs, outputs) => linearOf(random, config, name, inputs, outputs),
      table: (name, rows, hidden) =>
        randomMatrix(random, rows, hidden, TABLE_DEVIATIONS[name], EMBEDDING_BITS),
      norm: plainNorm,
    },
    {
      config,
      ranges: rangesOf(config),
      method: methodReference(dense),
      tokenizerFiles: tokenizerFilesFromVocabulary(vocabularyOf(config.vocabularySize)),
    },
  );
}

/** The same model, said to be of a method that learns nothing. */
export const ofMethod = (artifact: Artifact, method: Method): Artifact => ({
  ...artifact,
  public: { ...artifact.public, method: methodReference(method) },
});

/** The same model with these thresholds, of a method that learns some. */
export function withThresholds(
  artifact: Artifact,
  thresholds: readonly LayerThresholds[],
  method: Method = cipherPrune,
): Artifact {
  const layers = artifact.private.layers.map((layer, index) => ({
    ...layer,
    thresholds: thresholds[index]!,
  }));
  return {
    public: { ...artifact.public, method: methodReference(method) },
    private: { ...artifact.private, layers },
  };
}

/** [CLS], random words, [SEP]. */
export function randomInput(config: ModelConfig, tokens: number, seed: number): number[] {
  const random = splitmix32(seed ^ 0x5eed);
  const words = config.vocabularySize - SPECIAL_TOKENS.length;
  return Array.from({ length: tokens }, (_, at) => {
    if (at === 0) return SPECIAL_TOKENS.indexOf('[CLS]');
    if (at === tokens - 1) return SPECIAL_TOKENS.indexOf('[SEP]');
    return SPECIAL_TOKENS.length + Math.floor(random() * words);
  });
}

/** The text whose tokens are those of a random input. */
export const textOf = (ids: readonly number[]): string => ids.slice(1, -1).map(wordOf).join(' ');
