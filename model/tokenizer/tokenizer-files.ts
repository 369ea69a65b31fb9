/**
 * The files of a BERT word-piece tokenizer: `tokenizer.json` and `tokenizer_config.json` as Hugging Face writes
 * them, or an older checkpoint's `vocab.txt`, from which we build both.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CipherPruneError } from '../../util/errors.js';

/** Tokenizer files that cannot be used; the message names the file, expected and got. */
export class TokenizerError extends CipherPruneError {
  override name = 'TokenizerError';
  readonly code = 'ERR_TOKENIZER';
}

/** Contents by file name: `tokenizer.json` always, `tokenizer_config.json` mostly. */
export type TokenizerFiles = Readonly<Record<string, string>>;

export const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

const tokenId = z.number().int().min(0).max(10_000_000);
const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: tokenId, content: z.string() })).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullable(),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullable(),
  model: z.looseObject({
    type: z.literal('WordPiece').optional(),
    unk_token: z.string(),
    continuing_subword_prefix: z.string().default('##'),
    vocab: z.record(z.string(), tokenId),
  }),
});
const namedToken = z.union([z.string(), z.looseObject({ content: z.string() })]);
const configSchema = z.looseObject({
  cls_token: namedToken.optional(),
  sep_token: namedToken.optional(),
  pad_token: namedToken.optional(),
});

export interface ParsedTokenizer {
  readonly tokenizer: z.output<typeof tokenizerSchema>;
  readonly config: z.output<typeof configSchema>;
  /** Token of every id; `vocabulary.length` is the size of the embedding that the tokenizer needs. */
  readonly vocabulary: readonly string[];
  readonly ids: ReadonlyMap<string, number>;
  readonly special: {
    readonly pad: number;
    readonly unknown: number;
    readonly cls: number;
    readonly separator: number;
  };
}

function parseJson<T>(text: string, file: string, schema: z.ZodType<T>): T {
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch {
    throw new TokenizerError(`${file}: not JSON`);
  }
  const parsed = schema.safeParse(literal);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TokenizerError(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}

const contentOf = (token: z.output<typeof namedToken> | undefined, otherwise: string): string =>
  token === undefined ? otherwise : typeof token === 'string' ? token : token.content;

/** Checks the files: a word-piece model, ids without holes or doubles, all special tokens present. */
export function parseTokenizerFiles(files: TokenizerFiles): ParsedTokenizer {
  const text = files['tokenizer.json'];
  if (text === undefined) throw new TokenizerError('tokenizer.json: missing');
  const tokenizer = parseJson(text, 'tokenizer.json', tokenizerSchema);
  const config = parseJson(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json', configSchema);
  const ids = new Map<string, number>(Object.entries(tokenizer.model.vocab));
  for (const { content, id } of tokenizer.added_tokens) ids.set(content, id);
  const vocabulary = new Array<string>(ids.size);
  for (const [token, id] of ids) {
    if (id >= ids.size || vocabulary[id] !== undefined)
      throw new TokenizerError(
        `tokenizer.json: expected ids 0-${ids.size - 1}, each once, got ${id} for ${token}`,
      );
    vocabulary[id] = token;
  }
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined)
      throw new TokenizerError(`tokenizer.json: expected the special token ${token} in the vocabulary`);
    return id;
  };
  const special = {
    pad: idOf(contentOf(config.pad_token, '[PAD]')),
    unknown: idOf(tokenizer.model.unk_token),
    cls: idOf(contentOf(config.cls_token, '[CLS]')),
    separator: idOf(contentOf(config.sep_token, '[SEP]')),
  };
  return { tokenizer, config, vocabulary, ids, special };
}

/** `tokenizer.json` and its configuration for a vocabulary in id order, with BERT's own splitting rules. */
export function tokenizerFilesFromVocabulary(
  vocabulary: readonly string[],
  lowercase = true,
): TokenizerFiles {
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  if (ids.size !== vocabulary.length) throw new TokenizerError('vocabulary: expected every token once');
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
    added_tokens: specialTokens.map((content) => ({
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
      handle_chinese_chars: true,
      strip_accents: null,
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

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Tokens of a vocab.txt in id order: one a line. */
export const parseVocabularyText = (text: string): string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);

/** Reads the tokenizer of a checkpoint directory: `tokenizer.json`, or else `vocab.txt`. */
export async function readTokenizerFiles(directory: string): Promise<TokenizerFiles> {
  const config = await readIfPresent(join(directory, 'tokenizer_config.json'));
  const tokenizer = await readIfPresent(join(directory, 'tokenizer.json'));
  if (tokenizer !== null)
    return { 'tokenizer.json': tokenizer, ...(config === null ? {} : { 'tokenizer_config.json': config }) };
  const vocabulary = await readIfPresent(join(directory, 'vocab.txt'));
  if (vocabulary === null) throw new TokenizerError(`${directory}: expected tokenizer.json or vocab.txt`);
  const schema = z.looseObject({ do_lower_case: z.boolean().default(true) });
  const { do_lower_case: lowercase } = parseJson(
    config ?? '{}',
    `${directory}/tokenizer_config.json`,
    schema,
  );
  return tokenizerFilesFromVocabulary(parseVocabularyText(vocabulary), lowercase);
}
