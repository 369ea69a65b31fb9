/** An artifact of a configuration's shapes, whatever draws its numbers: every maker of models that nobody trained fills this. */
import {
  type Artifact,
  type EncoderLayerWeights,
  type LayerNormWeights,
  type PrivateModel,
  type PublicModel,
  type QuantizedLinear,
  type QuantizedMatrix,
  scalesOf,
} from '../model/artifact/artifact.js';
import { isReducedGroup, type ModelConfig } from '../model/config.js';
import type { LayerThresholds } from '../model/thresholds.js';

/** What a matrix is for, which may decide how large its numbers are. */
export type LinearName =
  | 'query'
  | 'key'
  | 'value'
  | 'attentionOutput'
  | 'intermediate'
  | 'output'
  | 'reduced'
  | 'reducedInner'
  | 'reducedOuter'
  | 'pooler'
  | 'classifier';

export type TableName = 'word' | 'position' | 'tokenType';

/** Called in one order for one configuration, so that a seed gives the same model again. */
export interface Draw {
  linear(name: LinearName, inputs: number, outputs: number): QuantizedLinear;
  /** [rows, hidden] */
  table(name: TableName, rows: number, hidden: number): QuantizedMatrix;
  norm(hidden: number): LayerNormWeights;
  thresholds?(layer: number): LayerThresholds;
}

/** What is not drawn; longest inputs are as long as there are positions unless given. */
export type Fixed = Pick<PublicModel, 'config' | 'ranges' | 'method' | 'tokenizerFiles'> &
  Partial<Pick<PublicModel, 'task' | 'schedule' | 'maxTokens'>>;

const reducedOf = (draw: Draw, { hiddenSize: hidden, reducedSquares: squares }: ModelConfig) => ({
  reduced: draw.linear('reduced', hidden, hidden),
  ...(squares
    ? {
        reducedInner: draw.linear('reducedInner', hidden, squares),
        reducedOuter: draw.linear('reducedOuter', squares, hidden),
      }
    : {}),
});

function layerOf(draw: Draw, layer: number, config: ModelConfig): EncoderLayerWeights {
  const { hiddenSize: hidden, intermediateSize: intermediate } = config;
  return {
    query: draw.linear('query', hidden, hidden),
    key: draw.linear('key', hidden, hidden),
    value: draw.linear('value', hidden, hidden),
    attentionOutput: draw.linear('attentionOutput', hidden, hidden),
    attentionNorm: draw.norm(hidden),
    intermediate: draw.linear('intermediate', hidden, intermediate),
    output: draw.linear('output', intermediate, hidden),
    ...(isReducedGroup(config, layer) ? reducedOf(draw, config) : {}),
    outputNorm: draw.norm(hidden),
    thresholds: draw.thresholds?.(layer) ?? null,
  };
}

/** In the fixed point that export writes unless told otherwise. */
export function artifactOf(draw: Draw, { task = null, ...fixed }: Fixed): Artifact {
  const { config } = fixed;
  const { hiddenSize: hidden } = config;
  const weights: PrivateModel = {
    layers: Array.from({ length: config.layers }, (_, layer) => layerOf(draw, layer, config)),
    pooler: draw.linear('pooler', hidden, hidden),
    classifier: draw.linear('classifier', hidden, config.labels.length),
  };
  return {
    public: {
      task,
      fixedPoint: { ringBits: 37, fractionBits: 12 },
      scales: scalesOf(weights),
      embedding: {
        word: draw.table('word', config.vocabularySize, hidden),
        position: draw.table('position', config.maxPositions, hidden),
        tokenType: draw.table('tokenType', config.tokenTypes, hidden),
        norm: draw.norm(hidden),
      },
      maxTokens: config.maxPositions,
      ...fixed,
    },
    private: weights,
  };
}
