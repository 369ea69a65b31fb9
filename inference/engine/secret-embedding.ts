/**
 * The embedding when the word table is the server's secret: the client's tokens are one-hot vectors, looked up by a
 * product with the table; positions and token types are public and added by the client; LayerNorm runs on shares.
 */
import type { PrivateEmbedding, PublicModel } from '../../model/artifact/artifact.js';
import { embeddingWidth } from '../../model/config.js';
import type { Backend, Weight } from '../backends/backend.js';
import { privateTensor, type RingFormat } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { type LayerNormParameters, layerNorm } from '../functions/layer-norm.js';
import { checkLength, checkRow, publicRows, type TokenInput } from './embedding.js';
import { embeddingNormPlan, restingFormat } from './plan.js';

export interface PreparedEmbedding {
  readonly bounds: PrivateEmbedding;
  /** [vocabulary, embedding width] */
  readonly word: Weight;
  readonly norm: LayerNormParameters;
}

/** Rows spread less than 1 have a variance far below it: as many bits more. */
function sumFractionBits({ word, variance }: PrivateEmbedding): number {
  return Math.max(word.fractionBits, 12 + Math.max(0, Math.ceil(-Math.log2(variance.min) / 2)));
}

/** Padding repeats [CLS], as in the public embedding. */
const padded = ({ ids, tokenTypes }: TokenInput, bucket: number): TokenInput & { positions: number[] } => {
  const rows = Array.from({ length: bucket }, (_, row) => (row < ids.length ? row : 0));
  return {
    ids: rows.map((row) => ids[row]!),
    tokenTypes: rows.map((row) => tokenTypes[row] ?? 0),
    positions: rows,
  };
};

/** The client's input; null at the server → [bucket, embedding width]. @throws RangeError for tokens that the table or the bucket lacks */
export const lookUpEmbedding = protocol(
  'embedding',
  async (
    mpc: Backend,
    model: PublicModel,
    { bounds, word, norm }: PreparedEmbedding,
    input: TokenInput | null,
    bucket: number,
  ): Promise<SharedTensor> => {
    const { vocabularySize: vocabulary } = model.config;
    const width = embeddingWidth(model.config);
    if (input) checkLength(input, bucket);
    const rows = input && padded(input, bucket);
    const { ringBits } = restingFormat(model);
    const share = (values: Float64Array | null, columns: number, format: RingFormat) =>
      privateTensor('client', [bucket, columns], format, values);

    let oneHot: Float64Array | null = null;
    if (rows) {
      oneHot = new Float64Array(bucket * vocabulary);
      for (const [row, id] of rows.ids.entries()) {
        checkRow(id, vocabulary);
        oneHot[row * vocabulary + id] = 1;
      }
    }
    const words = await mpc.linear(
      await mpc.share(share(oneHot, vocabulary, { ringBits, fractionBits: 0 })),
      word,
    );
    const fractionBits = sumFractionBits(bounds);
    const others = rows && publicRows(model, rows, rows.positions);
    const sum = mpc.addPrivate(
      mpc.shiftLeft(words, fractionBits - words.fractionBits),
      share(others, width, { ringBits, fractionBits }),
    );
    return layerNorm(mpc, sum, norm, embeddingNormPlan(model, bounds));
  },
);
