/** Which code turns text into tokens: ours, or a library's on request. */
import type { PairModel, Tokenizer } from './tokenizer.js';
import { createTokenizer } from './tokenizer.js';
import type { TokenizerFiles } from './tokenizer-files.js';

export const TOKENIZER_LIBRARIES = ['own', 'xenova'] as const;
export type TokenizerLibrary = (typeof TOKENIZER_LIBRARIES)[number];

/** Throws TokenizerError for files that cannot be used, and where the library is not installed. */
export async function openTokenizer(
  files: TokenizerFiles,
  model: PairModel,
  library: TokenizerLibrary = 'own',
): Promise<Tokenizer> {
  if (library === 'own') return createTokenizer(files, model);
  const { createXenovaTokenizer } = await import('./xenova-tokenizer.js');
  return createXenovaTokenizer(files, model);
}
