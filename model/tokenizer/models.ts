/** The model of a `tokenizer.json`: a piece of text → token ids. */
import { createBytePairs } from './byte-pairs.js';
import type { TokenizerJson } from './tokenizer-schema.js';
import { createUnigram } from './unigram.js';
import { createWordPieces } from './word-pieces.js';

export type SplitPiece = (piece: string) => number[];

export function createModel({ model }: TokenizerJson): SplitPiece {
  switch (model.type) {
    case 'WordPiece':
      return createWordPieces(model);
    case 'BPE':
      return createBytePairs(model);
    case 'Unigram':
      return createUnigram(model);
  }
}
