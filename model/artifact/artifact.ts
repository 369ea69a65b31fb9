/**
 * What export writes and inference reads: the only thing that training and inference share besides this folder.
 * The public part goes to every client; the private part is read by the server only. docs/reference/artifact.md.
 */
import type { ModelConfig } from '../config.js';
import type { TaskDescription } from '../task.js';
import type { Schedule } from './schedule.js';
import type { LayerThresholds } from '../thresholds.js';

/** A matrix [inputs, outputs] of signed integers of `weightBits` bits that stand for value / 2^fractionBits. */
export interface QuantizedMatrix {
  readonly inputs: number;
  readonly outputs: number;
  readonly weightBits: number;
  readonly fractionBits: number;
  /** As in MatrixScale. */
  readonly normBits?: number | undefined;
  readonly values: Int16Array;
}

/** x · matrix + bias; the bias stays real and is rounded to the scale of the product by the engine. */
export interface QuantizedLinear {
  readonly matrix: QuantizedMatrix;
  readonly bias: Float64Array;
}

export interface LayerNormWeights {
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
}

/**
 * Largest absolute values met on calibration data, without margin; the engine adds its own and rounds up to bits.
 * `query` is after folding 1/sqrt(headSize) into its weights, `logits` are query · key without the mask.
 * `*Residual` is the input of a LayerNorm; `*Variance` its variance per row; `geluInput` is the input of the
 * layer's activation and `poolerInput` that of the head's, whichever they are.
 */
export interface LayerRanges {
  readonly query: number;
  readonly key: number;
  readonly value: number;
  readonly logits: number;
  readonly context: number;
  readonly attentionResidual: number;
  readonly attentionVariance: { readonly min: number; readonly max: number };
  readonly attentionNorm: number;
  readonly geluInput: number;
  /** Of what is squared for rows of low degree; absent where nothing is. */
  readonly squareInput?: number | undefined;
  readonly outputResidual: number;
  readonly outputVariance: { readonly min: number; readonly max: number };
  readonly outputNorm: number;
}

export interface ModelRanges {
  readonly embedding: number;
  readonly layers: readonly LayerRanges[];
  readonly poolerInput: number;
  readonly logits: number;
}

export interface EncoderLayerWeights {
  /** Query (with 1/sqrt(headSize) folded in), key and value, separately. */
  readonly query: QuantizedLinear;
  readonly key: QuantizedLinear;
  readonly value: QuantizedLinear;
  readonly attentionOutput: QuantizedLinear;
  readonly attentionNorm: LayerNormWeights;
  readonly intermediate: QuantizedLinear;
  readonly output: QuantizedLinear;
  /** In place of `intermediate` and `output` for tokens of low degree (config.ts: linearReduction). */
  readonly reduced?: QuantizedLinear | undefined;
  /** Before and after the squares beside `reduced`, where there are any (config.ts: reducedSquares). */
  readonly reducedInner?: QuantizedLinear | undefined;
  readonly reducedOuter?: QuantizedLinear | undefined;
  readonly outputNorm: LayerNormWeights;
  /** Null where the method learns none. */
  readonly thresholds: LayerThresholds | null;
}

/** The embedding, 8- to 16-bit rows; its LayerNorm is computed by whoever looks up the rows. */
export interface EmbeddingWeights {
  /** Null where the table is the server's secret: see `PrivateEmbedding`. */
  readonly word: QuantizedMatrix | null;
  readonly position: QuantizedMatrix;
  /** Null in a family without token types. */
  readonly tokenType: QuantizedMatrix | null;
  readonly norm: LayerNormWeights;
}

/** What both parties must know of a private matrix to multiply by it; its sizes follow from the architecture. */
export interface MatrixScale {
  readonly weightBits: number;
  readonly fractionBits: number;
  /** log2 of a bound on the Euclidean norm of any column of integers, which decides how much noise they make. */
  readonly normBits?: number | undefined;
}

export interface LayerScales {
  readonly query: MatrixScale;
  readonly key: MatrixScale;
  readonly value: MatrixScale;
  readonly attentionOutput: MatrixScale;
  readonly intermediate: MatrixScale;
  readonly output: MatrixScale;
  readonly reduced?: MatrixScale | undefined;
  readonly reducedInner?: MatrixScale | undefined;
  readonly reducedOuter?: MatrixScale | undefined;
}

/** The scales of all private matrices. */
export interface ModelScales {
  /** Where the embedding is narrower than the layers. */
  readonly projection?: MatrixScale | undefined;
  readonly layers: readonly LayerScales[];
  readonly pooler: MatrixScale;
  readonly classifier: MatrixScale;
  /** Every gamma of the layers is below 2^gammaBits (gamma-bits.ts); where nothing is said, as in artifacts of older versions, below 8. */
  readonly gammaBits?: number | undefined;
}

/**
 * What the client knows of a secret word table: rows are looked up as a product with one-hot vectors, and the LayerNorm
 * of the embedding is computed on shares. Bounds hold for every word at every position, without margin.
 */
export interface PrivateEmbedding {
  readonly word: MatrixScale;
  /** Largest absolute value of a sum of the three rows. */
  readonly sum: number;
  /** Of such a sum, over its features. */
  readonly variance: { readonly min: number; readonly max: number };
}

/** Fixed-point parameters that both parties agree on. */
export interface FixedPoint {
  /** The ring in which linear layers take their inputs. */
  readonly ringBits: number;
  readonly fractionBits: number;
}

/** What a model was made for: a method's name (methods/), and the digest of its numbers at that time. */
export interface MethodReference {
  readonly name: string;
  /** SHA-256 of the method's numbers as JSON, hexadecimal. */
  readonly numbers: string;
}

export interface PublicModel {
  readonly config: ModelConfig;
  /** Null for a model that nobody has named a task for. */
  readonly task: TaskDescription | null;
  readonly fixedPoint: FixedPoint;
  readonly ranges: ModelRanges;
  readonly scales: ModelScales;
  readonly method: MethodReference;
  /**
   * Public numbers of tokens, by padded length: each layer then keeps its best tokens, and nothing is opened but the answer. Absent:
   * thresholds decide, and the numbers are opened.
   */
  readonly schedule?: Schedule | undefined;
  readonly embedding: EmbeddingWeights;
  /** Only where the word table is secret; artifacts on disk have it public, a server may take it out. */
  readonly privateEmbedding?: PrivateEmbedding | undefined;
  /** Contents of the tokenizer's files by name (`tokenizer.json`, `tokenizer_config.json`). */
  readonly tokenizerFiles: Readonly<Record<string, string>>;
  /** Longest input in tokens, special tokens included. */
  readonly maxTokens: number;
}

export interface PrivateModel {
  /** Only where the word table is secret. */
  readonly wordEmbedding?: QuantizedMatrix | undefined;
  /** From the embedding's width to that of the layers, where they differ. */
  readonly projection?: QuantizedLinear | undefined;
  /** Layers of one group (config.ts: groupOfLayer) have the same matrices; thresholds are each layer's own. */
  readonly layers: readonly EncoderLayerWeights[];
  /** Where the thresholds are from, if not from training: quantiles of scores on sample texts. */
  readonly thresholdSource?: 'quantiles' | undefined;
  /** The head's first layer; its activation is the configuration's. */
  readonly pooler: QuantizedLinear;
  readonly classifier: QuantizedLinear;
}

export interface Artifact {
  readonly public: PublicModel;
  readonly private: PrivateModel;
}

/** What both parties know of a matrix. */
export const matrixScale = ({ weightBits, fractionBits, normBits }: QuantizedMatrix): MatrixScale => ({
  weightBits,
  fractionBits,
  ...(normBits === undefined ? {} : { normBits }),
});

const scaleOf = ({ matrix }: QuantizedLinear): MatrixScale => matrixScale(matrix);

/** The public scales of the private matrices. */
export const scalesOf = ({ projection, layers, pooler, classifier }: PrivateModel): ModelScales => ({
  ...(projection ? { projection: scaleOf(projection) } : {}),
  layers: layers.map((layer) => ({
    query: scaleOf(layer.query),
    key: scaleOf(layer.key),
    value: scaleOf(layer.value),
    attentionOutput: scaleOf(layer.attentionOutput),
    intermediate: scaleOf(layer.intermediate),
    output: scaleOf(layer.output),
    ...(layer.reduced ? { reduced: scaleOf(layer.reduced) } : {}),
    ...(layer.reducedInner ? { reducedInner: scaleOf(layer.reducedInner) } : {}),
    ...(layer.reducedOuter ? { reducedOuter: scaleOf(layer.reducedOuter) } : {}),
  })),
  pooler: scaleOf(pooler),
  classifier: scaleOf(classifier),
});
