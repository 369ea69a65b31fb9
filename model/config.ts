/** The architecture of an encoder classifier (post-LayerNorm, absolute positions, a head on the first token), of any size. */

/** The encoder families that model/families has a file for, by the `model_type` of their configurations. */
export const FAMILY_NAMES = [
  'bert',
  'roberta',
  'xlm-roberta',
  'camembert',
  'distilbert',
  'electra',
  'albert',
] as const;
export type FamilyName = (typeof FAMILY_NAMES)[number];

/** Of the feed-forward layers; `gelu-tanh` is GELU by its tanh formula (Hendrycks and Gimpel, 2016, section 2). */
export const ACTIVATIONS = ['gelu', 'gelu-tanh', 'relu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Between the two layers of the head. */
export const HEAD_ACTIVATIONS = ['tanh', 'gelu', 'relu'] as const;
export type HeadActivation = (typeof HEAD_ACTIVATIONS)[number];

/** What the outputs mean: one class of several, one number, or any set of labels. model/outputs.ts reads them. */
export const PROBLEMS = ['classes', 'regression', 'multi-label'] as const;
export type Problem = (typeof PROBLEMS)[number];

/** What differs between families, apart from sizes. */
export interface Architecture {
  readonly family: FamilyName;
  /** Features of the embedding's tables, where a projection to hiddenSize follows; null: hiddenSize, without projection. */
  readonly embeddingSize: number | null;
  /** Sets of weights that consecutive layers share; null: every layer has its own. */
  readonly weightGroups: number | null;
  readonly activation: Activation;
  readonly headActivation: HeadActivation;
  readonly problem: Problem;
  /** The id that pads; it decides where the stored positions of some families begin. */
  readonly paddingToken: number;
}

export interface ModelConfig extends Architecture {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  /** Tokens that have a position of their own. */
  readonly maxPositions: number;
  /** 0: the family has none. */
  readonly tokenTypes: number;
  readonly layerNormEpsilon: number;
  /** Names of the outputs, in the order of the logits. */
  readonly labels: readonly string[];
  /**
   * Every layer but the last has a linear layer more, `reduced`, for tokens of low degree in place of its feed-forward layers (method
   * `cipherprune-linear`); absent: none has.
   */
  readonly linearReduction?: true | undefined;
  /**
   * Beside that linear layer so many neurons, whose inputs are squared: x · R + (x · P)² · Q (method `cipherprune-squares`); absent: none.
   */
  readonly reducedSquares?: number | undefined;
}

/** BERT as it was published: what a new encoder is, and what an artifact without these fields has. */
export const BERT_ARCHITECTURE: Architecture = {
  family: 'bert',
  embeddingSize: null,
  weightGroups: null,
  activation: 'gelu',
  headActivation: 'tanh',
  problem: 'classes',
  paddingToken: 0,
};

export const headSize = (config: ModelConfig): number => config.hiddenSize / config.heads;

/** Features of the embedding's tables. */
export const embeddingWidth = (config: ModelConfig): number => config.embeddingSize ?? config.hiddenSize;

/** How many sets of layer weights there are. */
export const weightGroups = (config: ModelConfig): number => config.weightGroups ?? config.layers;

/** The set of weights that a layer uses: as many consecutive layers share one as divide evenly. */
export const groupOfLayer = (config: ModelConfig, layer: number): number =>
  Math.floor((layer * weightGroups(config)) / config.layers);

/**
 * Of new models, beside a linear layer for tokens of low degree: half as many squares as a row has features, if there are so many neurons. Twice as
 * many would leave a fifth less undone, for 16% more of these rows' bytes.
 */
export const squaresBeside = ({ hiddenSize, intermediateSize }: ModelConfig): number =>
  Math.min(Math.ceil(hiddenSize / 2), intermediateSize);

/** Does a set of weights have a `reduced` layer? The last layer goes on with [CLS] alone, which is of high degree. */
export const isReducedGroup = (config: ModelConfig, group: number): boolean =>
  config.linearReduction === true && config.layers > 1 && group <= groupOfLayer(config, config.layers - 2);
