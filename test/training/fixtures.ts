/** Small models and batches for the tests of training. */
import { splitmix32 } from '../../util/splitmix32.js';
import { BERT_ARCHITECTURE, type ModelConfig } from '../../model/config.js';
import { type EncodedExample, makeBatch } from '../../training/loop/batches.js';
import { initialParameters, type Parameter } from '../../training/network/parameters.js';

export const smallConfig: ModelConfig = {
  ...BERT_ARCHITECTURE,
  vocabularySize: 40,
  hiddenSize: 16,
  layers: 3,
  heads: 2,
  intermediateSize: 24,
  maxPositions: 12,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  labels: ['no', 'yes'],
};

/** Random weights large enough that attention is far from uniform; biases and LayerNorms random too. */
export function randomParameters(config: ModelConfig, seed = 5): Map<string, Parameter> {
  const parameters = initialParameters(config, 0.3, seed);
  const random = splitmix32(seed + 1);
  for (const [name, { values }] of parameters) {
    if (name.endsWith('.bias')) for (let i = 0; i < values.length; i++) values[i] = 0.4 * (random() - 0.5);
    if (name.endsWith('LayerNorm.weight'))
      for (let i = 0; i < values.length; i++) values[i] = 0.7 + 0.6 * random();
  }
  return parameters;
}

export function randomExamples(count: number, config: ModelConfig, seed = 9): EncodedExample[] {
  const random = splitmix32(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = 3 + Math.floor(random() * (config.maxPositions - 3));
    return {
      index,
      ids: Int32Array.from({ length }, () => Math.floor(random() * config.vocabularySize)),
      types: Int32Array.from({ length }, (_, i) => (i > length / 2 ? 1 : 0)),
      label: index % config.labels.length,
    };
  });
}

export const randomBatch = (count: number, config: ModelConfig, seed = 9) =>
  makeBatch(randomExamples(count, config, seed));
