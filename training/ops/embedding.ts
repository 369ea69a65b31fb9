/** Rows of the word, position and token-type tables, summed. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import {
  type Attributes,
  defineGradient,
  defineKernel,
  onNativeBackend,
  runKernel,
} from '../backend/kernel.js';

export interface EmbeddingTables {
  /** [rows, hidden] each. */
  readonly word: tf.Tensor2D;
  readonly position: tf.Tensor2D;
  readonly tokenType: tf.Tensor2D;
}

/** words, types [batch · tokens] → [batch · tokens, hidden]; positions count from 0 in every sequence. */
export function embedding(
  tables: EmbeddingTables,
  words: tf.Tensor1D,
  types: tf.Tensor1D,
  tokens: number,
): tf.Tensor2D {
  const { word, position, tokenType } = tables;
  if (onNativeBackend())
    return runKernel(
      'EncoderEmbedding',
      { word, position, tokenType, words, types },
      { tokens },
    )[0] as tf.Tensor2D;
  const places = tf.tensor1d(
    Int32Array.from({ length: words.shape[0] }, (_, i) => i % tokens),
    'int32',
  );
  return tf
    .gather(word, words)
    .add(tf.gather(position, places))
    .add(tf.gather(tokenType, types)) as tf.Tensor2D;
}

export function registerEmbedding(): void {
  defineKernel('EncoderEmbedding', (backend, inputs, { tokens }) => {
    const { word, position, tokenType, words, types } = inputs;
    const rows = words!.shape[0]!;
    const columns = word!.shape[1]!;
    const out = backend.make([rows, columns]);
    const [w, p, t] = [word!, position!, tokenType!].map((tensor) => backend.floats(tensor));
    const ids = { words: backend.integers(words!), types: backend.integers(types!) };
    const length = tokens as number;
    const tables = { wordTable: w!, positionTable: p!, typeTable: t! };
    kernels.floatEmbedding({
      batch: rows / length,
      tokens: length,
      columns,
      ...ids,
      ...tables,
      out: out.values,
    });
    return [out.info];
  });
  defineKernel('EncoderEmbeddingGrad', (backend, inputs, { tokens }) => {
    const { dy, word, position, tokenType, words, types } = inputs;
    const [rows, columns] = dy!.shape as [number, number];
    const [dw, dp, dt] = [word!, position!, tokenType!].map(({ shape }) => backend.make(shape));
    const ids = { words: backend.integers(words!), types: backend.integers(types!) };
    const length = tokens as number;
    const outputs = { dWord: dw!.values, dPosition: dp!.values, dType: dt!.values };
    kernels.floatEmbeddingGrad({
      batch: rows / length,
      tokens: length,
      columns,
      ...ids,
      dy: backend.floats(dy!),
      ...outputs,
    });
    return [dw!.info, dp!.info, dt!.info];
  });
  defineGradient({
    kernelName: 'EncoderEmbedding',
    inputsToSave: ['word', 'position', 'tokenType', 'words', 'types'],
    gradient: ([dy], [word, position, tokenType, words, types], attributes: Attributes) => {
      const inputs = {
        dy: dy!,
        word: word!,
        position: position!,
        tokenType: tokenType!,
        words: words!,
        types: types!,
      };
      const [dw, dp, dt] = runKernel('EncoderEmbeddingGrad', inputs, attributes);
      return { word: dw!, position: dp!, tokenType: dt! };
    },
  });
}
