/** What the outputs mean: one class of several, one number, or any set of labels. model/outputs.ts reads them. */
export const PROBLEMS = ['classes', 'regression', 'multi-label'] as const;
export type Problem = (typeof PROBLEMS)[number];

/** The architecture of a BERT encoder classifier (post-LayerNorm, GELU, pooler with tanh), of any size. */
export interface ModelConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly tokenTypes: number;
  readonly layerNormEpsilon: number;
  /** Names of the classes, in the order of the logits. */
  readonly labels: readonly string[];
}

export const headSize = (config: ModelConfig): number => config.hiddenSize / config.heads;
