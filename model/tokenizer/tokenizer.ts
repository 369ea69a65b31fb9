/**
 * Text → token ids, as the reference library gives them: added tokens, normalization, pieces, then the model's tokens; special
 * tokens, pairs and truncation are here. The rules are built from the checked files; nothing in these is executed.
 */
import type { ModelConfig } from '../config.js';
import { createAddedTokens } from './added-tokens.js';
import { createModel } from './models.js';
import { createNormalizer } from './normalizer.js';
import { createPreTokenizer } from './pre-tokenizer.js';
import type { TemplateItem } from './template.js';
import {
  type ParsedTokenizer,
  parseTokenizerFiles,
  TokenizerError,
  type TokenizerFiles,
} from './tokenizer-files.js';

export interface Encoding {
  /** `[CLS] text [SEP]` or `[CLS] text [SEP] pair [SEP]`, in the family's own tokens. */
  readonly ids: readonly number[];
  /** Of most families 0 for the first text with its special tokens, 1 for the pair's. */
  readonly tokenTypes: readonly number[];
  readonly tokens: readonly string[];
  /** Tokens of the text(s) before truncation, without special tokens: 0 for an empty text. */
  readonly textTokens: number;
  /** Tokens that truncation took away. */
  readonly droppedTokens: number;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  /** What goes into an artifact or a checkpoint to make this tokenizer again. */
  readonly files: TokenizerFiles;
  /** Truncates to `maxTokens` including special tokens; pairs lose from the longer text first. */
  encode(text: string, textPair: string | null, maxTokens: number): Encoding;
  /** The token of an id. Throws TokenizerError beyond the vocabulary. */
  token(id: number): string;
}

/** What a model can tell of two texts: with one token type, not which is which where the tokenizer says so by types. */
export type PairModel = Pick<ModelConfig, 'tokenTypes'>;
const ANY_MODEL: PairModel = { tokenTypes: 2 };

/** Ids of one text, no special tokens added. */
export type SplitText = (text: string) => number[];

/** Shortens the longer list one by one; of two equally long ones the second. Returns how many were dropped. */
export function truncateLongestFirst(first: number[], second: number[], limit: number): number {
  const dropped = Math.max(0, first.length + second.length - limit);
  for (let i = 0; i < dropped; i++) (first.length > second.length ? first : second).pop();
  return dropped;
}

/** Special tokens around what a library gives for one text. */
export class TemplateTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly files: TokenizerFiles;
  readonly #hasPairs: boolean;
  readonly #parsed: ParsedTokenizer;
  readonly #split: SplitText;

  constructor(files: TokenizerFiles, parsed: ParsedTokenizer, split: SplitText, model = ANY_MODEL) {
    this.files = files;
    this.#hasPairs = model.tokenTypes !== 1 || parsed.template.pair.every(({ type }) => type === 0);
    this.vocabularySize = parsed.vocabulary.length;
    this.#parsed = parsed;
    this.#split = split;
  }

  token(id: number): string {
    if (!(id >= 0 && id < this.vocabularySize))
      throw new TokenizerError(`token id: expected 0-${this.vocabularySize - 1}, got ${id}`);
    return this.#parsed.vocabulary[id] ?? `<${id}>`;
  }

  encode(text: string, textPair: string | null, maxTokens: number): Encoding {
    const items = textPair === null ? this.#parsed.template.single : this.#parsed.template.pair;
    const specials = items.filter(({ kind }) => kind === 'special').length;
    if (!Number.isInteger(maxTokens) || maxTokens <= specials)
      throw new TokenizerError(`maxTokens: expected an integer above ${specials}, got ${maxTokens}`);
    if (textPair !== null && !this.#hasPairs)
      throw new TokenizerError(
        'this model has one token type, and its tokenizer gives the second of two texts another: expected one text, got two',
      );
    // A lone surrogate is no text; what came out of UTF-8 has none.
    const first = this.#split(text.toWellFormed());
    const second = textPair === null ? [] : this.#split(textPair.toWellFormed());
    const textTokens = first.length + second.length;
    const droppedTokens = truncateLongestFirst(first, second, maxTokens - specials);
    const idsOf = (item: TemplateItem): readonly number[] => {
      if (item.kind === 'special') return [item.id];
      return item.which === 'A' ? first : second;
    };
    const ids = items.flatMap(idsOf);
    const tokenTypes = items.flatMap((item) => idsOf(item).map(() => item.type));
    return { ids, tokenTypes, tokens: ids.map((id) => this.token(id)), textTokens, droppedTokens };
  }
}

/** Makes a tokenizer from its files. Throws TokenizerError if they are not usable. */
export function createTokenizer(files: TokenizerFiles, model: PairModel = ANY_MODEL): Tokenizer {
  const parsed = parseTokenizerFiles(files);
  const { json } = parsed;
  const takeAdded = createAddedTokens(json.added_tokens, createNormalizer(json.normalizer));
  const preTokenize = createPreTokenizer(json.pre_tokenizer);
  const splitPiece = createModel(json);
  const split: SplitText = (text) =>
    takeAdded(text).flatMap((part) =>
      'id' in part ? [part.id] : preTokenize(part).flatMap(({ text: piece }) => splitPiece(piece)),
    );
  return new TemplateTokenizer(files, parsed, split, model);
}
