/**
 * Text → token ids for BERT. The splitting into word pieces is the library's; special tokens, pairs and truncation
 * are here, so that every library behind the type gives the same result.
 */
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import {
  type ParsedTokenizer,
  parseTokenizerFiles,
  TokenizerError,
  type TokenizerFiles,
} from './tokenizer-files.js';

export interface Encoding {
  /** [CLS] text [SEP] or [CLS] text [SEP] pair [SEP]. */
  readonly ids: readonly number[];
  /** 0 for the first text with its special tokens, 1 for the pair's. */
  readonly tokenTypes: readonly number[];
  readonly tokens: readonly string[];
  /** Word pieces of the text(s) before truncation, without special tokens: 0 for an empty text. */
  readonly textTokens: number;
  /** Word pieces that truncation took away. */
  readonly droppedTokens: number;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  readonly special: ParsedTokenizer['special'];
  /** What goes into an artifact or a checkpoint to make this tokenizer again. */
  readonly files: TokenizerFiles;
  /** Truncates to `maxTokens` including special tokens; pairs lose from the longer text first. */
  encode(text: string, textPair: string | null, maxTokens: number): Encoding;
  /** The word piece of an id. Throws TokenizerError beyond the vocabulary. */
  token(id: number): string;
}

/** A library's part: ids of the word pieces of one text, no special tokens added. */
type SplitText = (text: string) => number[];

/** Shortens the longer list one by one; of two equally long ones the second. Returns how many were dropped. */
export function truncateLongestFirst(first: number[], second: number[], limit: number): number {
  const dropped = Math.max(0, first.length + second.length - limit);
  for (let i = 0; i < dropped; i++) (first.length > second.length ? first : second).pop();
  return dropped;
}

class WordPieceTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly special: ParsedTokenizer['special'];

  constructor(
    readonly files: TokenizerFiles,
    private readonly parsed: ParsedTokenizer,
    private readonly split: SplitText,
  ) {
    this.vocabularySize = parsed.vocabulary.length;
    this.special = parsed.special;
  }

  token(id: number): string {
    const token = this.parsed.vocabulary[id];
    if (token === undefined)
      throw new TokenizerError(`token id: expected 0-${this.vocabularySize - 1}, got ${id}`);
    return token;
  }

  encode(text: string, textPair: string | null, maxTokens: number): Encoding {
    const specials = textPair === null ? 2 : 3;
    if (!Number.isInteger(maxTokens) || maxTokens <= specials)
      throw new TokenizerError(`maxTokens: expected an integer above ${specials}, got ${maxTokens}`);
    const first = this.split(text);
    const second = textPair === null ? [] : this.split(textPair);
    const textTokens = first.length + second.length;
    const droppedTokens = truncateLongestFirst(first, second, maxTokens - specials);
    const { cls, separator } = this.special;
    const head = [cls, ...first, separator];
    const ids = textPair === null ? head : [...head, ...second, separator];
    const tokenTypes = ids.map((_, i) => (i < head.length ? 0 : 1));
    return { ids, tokenTypes, tokens: ids.map((id) => this.token(id)), textTokens, droppedTokens };
  }
}

/** Makes a tokenizer from its files with the default library. Throws TokenizerError if they are not usable. */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  const parsed = parseTokenizerFiles(files);
  // The library's published types do not resolve under NodeNext, so its used part is typed here.
  let library: { tokenize(text: string): string[] };
  try {
    library = new LibraryTokenizer(JSON.parse(files['tokenizer.json']!), { ...parsed.config });
  } catch (error) {
    throw new TokenizerError(`tokenizer.json: ${(error as Error).message}`);
  }
  const { ids, special } = parsed;
  const split: SplitText = (text) => library.tokenize(text).map((token) => ids.get(token) ?? special.unknown);
  return new WordPieceTokenizer(files, parsed, split);
}

interface XenovaModule {
  readonly BertTokenizer: new (
    tokenizer: unknown,
    config: unknown,
  ) => { encode(text: string, pair: null, options: { add_special_tokens: boolean }): number[] };
}

/** The same tokenizer behind @xenova/transformers, an optional dependency. Throws TokenizerError if not installed. */
export async function createXenovaTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const parsed = parseTokenizerFiles(files);
  let library: XenovaModule;
  try {
    library = (await import('@xenova/transformers')) as unknown as XenovaModule;
  } catch (error) {
    throw new TokenizerError(`@xenova/transformers cannot be loaded: ${(error as Error).message}`);
  }
  const tokenizer = new library.BertTokenizer(JSON.parse(files['tokenizer.json']!), { ...parsed.config });
  return new WordPieceTokenizer(files, parsed, (text) =>
    tokenizer.encode(text, null, { add_special_tokens: false }),
  );
}
