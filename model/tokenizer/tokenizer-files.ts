/**
 * The files of a tokenizer: `tokenizer.json` and `tokenizer_config.json` as Hugging Face writes them, or an older checkpoint's
 * `vocab.txt`, from which we build both.
 */
import type * as z from 'zod';
import { createTemplate, type Template } from './template.js';
import { TokenizerError } from './tokenizer-error.js';
import { type TokenizerJson, type TokenizerKind, tokenizerSchema } from './tokenizer-schema.js';
import { applySettings, checkAddedToken, settingsSchema } from './tokenizer-settings.js';

export { TokenizerError } from './tokenizer-error.js';

/** Contents by file name: `tokenizer.json` always, `tokenizer_config.json` mostly. */
export type TokenizerFiles = Readonly<Record<string, string>>;

export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

export interface ParsedTokenizer {
  /** With the settings of tokenizer_config.json applied. */
  readonly json: TokenizerJson;
  readonly kind: TokenizerKind;
  readonly template: Template;
  /** Token of every id, `undefined` where there is none; its length is the size of the embedding that the tokenizer needs. */
  readonly vocabulary: readonly (string | undefined)[];
  readonly ids: ReadonlyMap<string, number>;
}

export function parseJson<T>(text: string, file: string, schema: z.ZodType<T>): T {
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch {
    throw new TokenizerError(`${file}: not JSON`);
  }
  const parsed = schema.safeParse(literal);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TokenizerError(`${file}: ${issue?.path.map(String).join('.')}: ${issue?.message}`);
}

/** Holes are left by tokens that were taken out or stand twice in a vocab.txt; few, or the ids are wrong. */
const mostIds = (tokens: number): number => 2 * tokens + 1024;

/** What is checked when a model is read is not parsed again when its tokenizer is made. */
const parsedFiles = new WeakMap<TokenizerFiles, ParsedTokenizer>();

function tokensById(json: TokenizerJson): { ids: Map<string, number>; vocabulary: (string | undefined)[] } {
  const { model } = json;
  const ids = new Map<string, number>();
  if (model.type === 'Unigram') model.vocab.forEach(([token], id) => void ids.set(token, id));
  else for (const token in model.vocab) ids.set(token, model.vocab[token]!);
  for (const added of json.added_tokens) {
    checkAddedToken(added, ids);
    ids.set(added.content, added.id);
  }
  let largest = -1;
  for (const id of ids.values()) largest = Math.max(largest, id);
  if (largest >= mostIds(ids.size))
    throw new TokenizerError(
      `tokenizer.json: expected ids below ${mostIds(ids.size)} for ${ids.size} tokens, got ${largest}`,
    );
  const vocabulary = new Array<string | undefined>(largest + 1).fill(undefined);
  for (const [token, id] of ids) {
    if (vocabulary[id] !== undefined)
      throw new TokenizerError(
        `tokenizer.json: expected each id once, got ${id} for ${JSON.stringify(vocabulary[id])} and ${JSON.stringify(token)}`,
      );
    vocabulary[id] = token;
  }
  // Pieces of a list may be there twice; the later one is found.
  if (model.type === 'Unigram')
    model.vocab.forEach(([token], id) => {
      vocabulary[id] ??= token;
    });
  return { ids, vocabulary };
}

function checkTemplate({ single, pair }: Template, vocabulary: readonly (string | undefined)[]): void {
  for (const item of [...single, ...pair])
    if (item.kind === 'special' && vocabulary[item.id] === undefined)
      throw new TokenizerError(
        `tokenizer.json: post_processor: expected the special token ${item.id} in the vocabulary`,
      );
}

/** Checks the files: one of the known kinds, ids without doubles, all special tokens present, no setting that is not applied. */
export function parseTokenizerFiles(files: TokenizerFiles): ParsedTokenizer {
  const known = parsedFiles.get(files);
  if (known) return known;
  const text = files['tokenizer.json'];
  if (text === undefined) throw new TokenizerError('tokenizer.json: missing');
  const json = parseJson(text, 'tokenizer.json', tokenizerSchema);
  const settings = parseJson(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json', settingsSchema);
  const { ids, vocabulary } = tokensById(json);
  const template = createTemplate(json.post_processor);
  checkTemplate(template, vocabulary);
  const tokenAt = (at: number): string | undefined => {
    const item = template.single.at(at);
    return item?.kind === 'special' ? vocabulary[item.id] : undefined;
  };
  const applied = applySettings(json, settings, ids, { cls: tokenAt(0), separator: tokenAt(-1) });
  const parsed = { json: applied, kind: json.model.type, template, vocabulary, ids };
  parsedFiles.set(files, parsed);
  return parsed;
}

/** How BERT splits text where only a vocabulary is stored. */
export interface VocabularyOptions {
  readonly lowercase?: boolean;
  /** Null: with the capitals. */
  readonly stripAccents?: boolean | null;
  readonly splitChinese?: boolean;
}

/**
 * `tokenizer.json` and its configuration for a vocabulary in id order, with BERT's own splitting rules. Of a token that stands twice
 * the later place counts, as in the reference library.
 */
export function tokenizerFilesFromVocabulary(
  vocabulary: readonly string[],
  { lowercase = true, stripAccents = null, splitChinese = true }: VocabularyOptions = {},
): TokenizerFiles {
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) throw new TokenizerError(`vocabulary: expected the special token ${token}`);
    return id;
  };
  const sequence = (id: 'A' | 'B', type: number) => ({ Sequence: { id, type_id: type } });
  const specialToken = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const single = [specialToken('[CLS]', 0), sequence('A', 0), specialToken('[SEP]', 0)];
  const inTemplate = (id: string) => [id, { id, ids: [idOf(id)], tokens: [id] }];
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content) => ({
      id: idOf(content),
      special: true,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: splitChinese,
      strip_accents: stripAccents,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), specialToken('[SEP]', 1)],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map(inTemplate)),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
  const config = {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: lowercase,
    unk_token: '[UNK]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    mask_token: '[MASK]',
  };
  return { 'tokenizer.json': JSON.stringify(tokenizer), 'tokenizer_config.json': JSON.stringify(config) };
}

/** Tokens of a vocab.txt in id order: one a line, without white space at its end; blank lines at the end are none. */
export function parseVocabularyText(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\p{White_Space}+$/u, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
