/** WordPiece: the longest known piece again and again, or the unknown token for the whole word (Wu et al., 2016, section 4.1). */
import { TokenizerError } from './tokenizer-error.js';
import type { WordPieceModel } from './tokenizer-schema.js';

export function createWordPieces(model: WordPieceModel): (word: string) => number[] {
  const { vocab } = model;
  // Asked in place: a copy as a map is a megabyte of a small client's memory.
  const idOf = (token: string): number | undefined =>
    Object.hasOwn(vocab, token) ? vocab[token] : undefined;
  const unknown = idOf(model.unk_token);
  if (unknown === undefined)
    throw new TokenizerError(`tokenizer.json: model.unk_token: ${model.unk_token} is not in the vocabulary`);
  let longest = 0;
  for (const token in vocab) longest = Math.max(longest, token.length);
  const { continuing_subword_prefix: prefix, max_input_chars_per_word: most } = model;
  return (word) => {
    const characters = [...word];
    if (characters.length > most) return [unknown];
    const pieces: number[] = [];
    for (let begin = 0; begin < characters.length; ) {
      let end = Math.min(characters.length, begin + longest);
      let id: number | undefined;
      for (; end > begin; end--) {
        const piece = characters.slice(begin, end).join('');
        id = idOf(begin === 0 ? piece : prefix + piece);
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknown];
      pieces.push(id);
      begin = end;
    }
    return pieces;
  };
}
