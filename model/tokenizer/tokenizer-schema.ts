/** The kinds of tokenizers, by the names of their models in `tokenizer.json`. */
export const TOKENIZER_KINDS = ['WordPiece', 'BPE', 'Unigram'] as const;
export type TokenizerKind = (typeof TOKENIZER_KINDS)[number];
