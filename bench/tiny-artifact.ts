/** A small artifact with seeded random weights: for tests, and for what is measured of connections and not of models. */

import { splitmix32 } from '../util/splitmix32.js';
import { cipherPrune, dense } from '../methods/cipherprune/index.js';
import { methodReference } from '../methods/reference.js';
import type { Artifact, LayerRanges, QuantizedMatrix } from '../model/artifact/artifact.js';
import { BERT_ARCHITECTURE, type ModelConfig } from '../model/config.js';
import { namedTask } from '../model/task.js';
import type { Schedule } from '../model/artifact/schedule.js';
import { tokenizerFilesFromVocabulary } from '../model/tokenizer/tokenizer-files.js';
import { artifactOf } from './artifact-of.js';

export const TINY_VOCABULARY = [
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
const tinySchedule = (layers: number): Schedule =>
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
    vocabularySize: TINY_VOCABULARY.length,
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
  const reals = (length: number): Float64Array => Float64Array.from({ length }, () => random() - 0.5);
  const matrix = (inputs: number, outputs: number, bits = weightBits): QuantizedMatrix => {
    const values = Int16Array.from({ length: inputs * outputs }, () =>
      Math.floor((random() - 0.5) * 2 ** bits),
    );
    return { inputs, outputs, weightBits: bits, fractionBits: bits, values };
  };
  return artifactOf(
    {
      linear: (_name, inputs, outputs) => ({ matrix: matrix(inputs, outputs), bias: reals(outputs) }),
      table: (name, rows, hidden) => matrix(rows, hidden, name === 'tokenType' ? 12 : weightBits),
      norm: (hidden) => ({ gamma: reals(hidden), beta: reals(hidden) }),
      ...(prunes ? { thresholds: (layer) => ({ prune: 0.5 + layer / 8, reduce: 1 + layer / 8 }) } : {}),
    },
    {
      config,
      task: namedTask('sst2'),
      ranges: {
        embedding: 4,
        layers: Array.from({ length: config.layers }, () => ranges),
        poolerInput: 4,
        logits: 3,
      },
      method: methodReference(prunes ? cipherPrune : dense),
      ...(scheduled ? { schedule: tinySchedule(config.layers) } : {}),
      tokenizerFiles: tokenizerFilesFromVocabulary(TINY_VOCABULARY),
      maxTokens: 12,
    },
  );
}
