/**
 * Takes the word table out of an artifact's public part, for servers that keep it secret. Clients then look words up by
 * a product on shares; what they must know for it are bounds over all words, positions and token types.
 */
import { kernels } from '#kernels';
import {
  type Artifact,
  type EmbeddingWeights,
  matrixScale,
  type PrivateEmbedding,
  type QuantizedMatrix,
} from '../../model/artifact/artifact.js';
import { columnNormBits } from '../../model/artifact/column-norm.js';

/** Words of one product: bounds its memory. */
const BLOCK_WORDS = 512;
/** A row without any spread would need unbounded precision. */
const SMALLEST_VARIANCE = 2 ** -24;
/** Single precision in the products. */
const SLACK = 2 ** -10;

interface CentredRows {
  readonly count: number;
  /** [count, hidden], minus each row's mean */
  readonly rows: Float32Array;
  /** [count]: mean of squares */
  readonly variances: Float64Array;
  readonly largest: number;
}

function centredRows(
  count: number,
  hidden: number,
  valueAt: (row: number, column: number) => number,
): CentredRows {
  const rows = new Float32Array(count * hidden);
  const variances = new Float64Array(count);
  let largest = 0;
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let i = 0; i < hidden; i++) {
      const value = valueAt(row, i);
      rows[row * hidden + i] = value;
      sum += value;
      largest = Math.max(largest, Math.abs(value));
    }
    for (let i = 0; i < hidden; i++) rows[row * hidden + i]! -= sum / hidden;
    for (let i = 0; i < hidden; i++) variances[row]! += rows[row * hidden + i]! ** 2 / hidden;
  }
  return { count, rows, variances, largest };
}

const valuesOf = ({ values, outputs, fractionBits }: QuantizedMatrix) => {
  const unit = 2 ** -fractionBits;
  return (row: number, column: number): number => values[row * outputs + column]! * unit;
};

/** var(w + q) = var(w) + var(q) + 2 cov(w, q), for all words w and all other rows q: one product in blocks. */
function varianceBounds(
  words: CentredRows,
  others: CentredRows,
  hidden: number,
): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (let begin = 0; begin < words.count; begin += BLOCK_WORDS) {
    const count = Math.min(BLOCK_WORDS, words.count - begin);
    const block = words.rows.slice(begin * hidden, (begin + count) * hidden);
    const products = new Float32Array(count * others.count);
    kernels.floatGemm({
      transposeB: true,
      m: count,
      n: others.count,
      k: hidden,
      a: block,
      b: others.rows,
      c: products,
      batch: 1,
    });
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < others.count; j++) {
        const covariance = products[i * others.count + j]! / hidden;
        const variance = words.variances[begin + i]! + others.variances[j]! + 2 * covariance;
        min = Math.min(min, variance);
        max = Math.max(max, variance);
      }
    }
  }
  return { min: Math.max(SMALLEST_VARIANCE, min * (1 - SLACK)), max: max * (1 + SLACK) };
}

function boundsOf(word: QuantizedMatrix, embedding: EmbeddingWeights, maxTokens: number): PrivateEmbedding {
  const { position, tokenType } = embedding;
  const hidden = word.outputs;
  const words = centredRows(word.inputs, hidden, valuesOf(word));
  const positionAt = valuesOf(position);
  const typeAt = tokenType ? valuesOf(tokenType) : () => 0;
  const types = tokenType?.inputs ?? 1;
  const others = centredRows(
    maxTokens * types,
    hidden,
    (row, i) => positionAt(Math.floor(row / types), i) + typeAt(row % types, i),
  );
  return {
    word: matrixScale({ ...word, normBits: columnNormBits(word.values, word.outputs) }),
    sum: words.largest + others.largest,
    variance: varianceBounds(words, others, hidden),
  };
}

/** The same model with a secret word table. */
export function withPrivateEmbedding({ public: model, private: secret }: Artifact): Artifact {
  const { word } = model.embedding;
  if (word === null) return { public: model, private: secret };
  return {
    public: {
      ...model,
      embedding: { ...model.embedding, word: null },
      privateEmbedding: boundsOf(word, model.embedding, model.maxTokens),
    },
    private: { ...secret, wordEmbedding: word },
  };
}
