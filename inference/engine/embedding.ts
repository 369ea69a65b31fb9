/**
 * The client looks its tokens up in the public tables and normalises them in the clear: it knows them. What is shared is
 * the result, padded with copies of [CLS] to a public length.
 */
import type { PublicModel, QuantizedMatrix } from '../../model/artifact/artifact.js';
import { embeddingWidth } from '../../model/config.js';
import type { Backend } from '../backends/backend.js';
import { privateTensor } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { restingFormat } from './plan.js';

/** Special tokens included, without padding. */
export interface TokenInput {
  readonly ids: readonly number[];
  readonly tokenTypes: readonly number[];
}

/** @throws RangeError unless a table of so many rows has this one. It does not say which it is: a client's token. */
export function checkRow(row: number, rows: number): void {
  if (!(row >= 0 && row < rows)) throw new RangeError(`embedding: expected a row below ${rows}, got another`);
}

function addRow(
  sum: Float64Array,
  { values, fractionBits, inputs, outputs }: QuantizedMatrix,
  row: number,
): void {
  checkRow(row, inputs);
  const unit = 2 ** -fractionBits;
  for (let i = 0; i < outputs; i++) sum[i]! += values[row * outputs + i]! * unit;
}

function normalise(
  row: Float64Array,
  { gamma, beta }: { gamma: Float64Array; beta: Float64Array },
  epsilon: number,
): void {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  const scale = 1 / Math.sqrt(variance + epsilon);
  for (let i = 0; i < row.length; i++) row[i] = (row[i]! - mean) * scale * gamma[i]! + beta[i]!;
}

/** Sums of position and token type [tokens, embedding width], row-major. */
export function publicRows(
  model: PublicModel,
  { tokenTypes }: Pick<TokenInput, 'tokenTypes'>,
  positions: readonly number[],
): Float64Array {
  const width = embeddingWidth(model.config);
  const { position, tokenType } = model.embedding;
  const out = new Float64Array(positions.length * width);
  positions.forEach((at, i) => {
    const row = out.subarray(i * width, (i + 1) * width);
    addRow(row, position, at);
    if (tokenType !== null) addRow(row, tokenType, tokenTypes[i] ?? 0);
  });
  return out;
}

/** → [tokens, embedding width], row-major; needs the public word table */
export function embed(model: PublicModel, input: TokenInput): Float64Array {
  const { layerNormEpsilon } = model.config;
  const width = embeddingWidth(model.config);
  const { word, norm } = model.embedding;
  if (word === null)
    throw new RangeError('embedding: expected a public word table, this model keeps it secret');
  const out = publicRows(model, input, [...input.ids.keys()]);
  input.ids.forEach((id, i) => {
    const row = out.subarray(i * width, (i + 1) * width);
    addRow(row, word, id);
    normalise(row, norm, layerNormEpsilon);
  });
  return out;
}

/** @throws RangeError unless there are tokens, and no more than are padded to */
export function checkLength({ ids }: TokenInput, bucket: number): void {
  if (ids.length < 1 || ids.length > bucket)
    throw new RangeError(`embedding: expected 1 to ${bucket} tokens, got ${ids.length}`);
}

/** The client's input, padded to `bucket` rows and shared; null at the server → [bucket, embedding width] */
export const shareEmbedding = protocol(
  'embedding',
  (mpc: Backend, model: PublicModel, input: TokenInput | null, bucket: number): Promise<SharedTensor> => {
    const width = embeddingWidth(model.config);
    let values: Float64Array | null = null;
    if (input !== null) {
      checkLength(input, bucket);
      const rows = embed(model, input);
      values = new Float64Array(bucket * width);
      values.set(rows);
      for (let row = input.ids.length; row < bucket; row++) values.set(rows.subarray(0, width), row * width);
    }
    return mpc.share(privateTensor('client', [bucket, width], restingFormat(model), values));
  },
);
