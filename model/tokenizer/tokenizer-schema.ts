/**
 * What a `tokenizer.json` may hold: three kinds of models with the normalizers and splitting rules of the encoder families, all
 * bounded. It may come from a hostile server and runs over the client's text before anything is encrypted, so nothing in it can be
 * a program: no regular expression but known constants, no replacement that lets a text grow.
 */
import * as z from 'zod';

/** The kinds of tokenizers, by the names of their models in `tokenizer.json`. */
const TOKENIZER_KINDS = ['WordPiece', 'BPE', 'Unigram'] as const;
export type TokenizerKind = (typeof TOKENIZER_KINDS)[number];

/** XLM-RoBERTa has 250,002 tokens. */
const MOST_TOKENS = 1 << 20;
const MOST_ADDED = 4096;
const LONGEST_TOKEN = 512;
const MOST_STEPS = 16;
const LONGEST_PATTERN = 32;
/** sentencepiece's own map takes 316,720 characters. */
const LONGEST_MAP = 1 << 21;

const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => value.isWellFormed(), { message: 'expected well-formed Unicode' });
const token = text(LONGEST_TOKEN);
const MOST_ID = 4 * MOST_TOKENS;
const tokenId = z.number().int().min(0).max(MOST_ID);
const flag = z.boolean();

const addedToken = z.looseObject({
  id: tokenId,
  content: token.min(1),
  single_word: flag.default(false),
  lstrip: flag.default(false),
  rstrip: flag.default(false),
  normalized: flag.default(true),
  special: flag.default(false),
});
export type AddedToken = z.output<typeof addedToken>;

/** Regular expressions that families use, and what each finds. */
export const SPACES_PATTERN = ' {2,}';
const regexPattern = z.strictObject({ Regex: z.literal(SPACES_PATTERN) });
const stringPattern = z.strictObject({ String: text(LONGEST_PATTERN).min(1) });

const replace = z
  .strictObject({
    type: z.literal('Replace'),
    pattern: z.union([stringPattern, regexPattern], {
      error: `expected a string of at most ${LONGEST_PATTERN} characters, or the regular expression "${SPACES_PATTERN}"`,
    }),
    content: text(LONGEST_PATTERN),
  })
  .refine(({ pattern, content }) => content.length <= ('String' in pattern ? pattern.String.length : 2), {
    message: 'expected a replacement no longer than what it replaces',
  });

/** The types of a union's members, for its error. */
const oneOf = (what: string, types: readonly string[]): string =>
  `expected a ${what} of a known type (${types.join(', ')})`;

const NORMALIZERS = 'BertNormalizer NFC NFD NFKC NFKD Lowercase StripAccents Strip Replace Precompiled'.split(
  ' ',
);
const simpleNormalizer = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('BertNormalizer'),
      clean_text: flag.default(true),
      handle_chinese_chars: flag.default(true),
      strip_accents: flag.nullable().default(null),
      lowercase: flag.default(true),
    }),
    ...(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents'] as const).map((type) =>
      z.strictObject({ type: z.literal(type) }),
    ),
    z.strictObject({ type: z.literal('Strip'), strip_left: flag, strip_right: flag }),
    replace,
    z.strictObject({
      type: z.literal('Precompiled'),
      precompiled_charsmap: z.base64().max(LONGEST_MAP),
    }),
  ],
  { error: oneOf('normalizer', NORMALIZERS) },
);
export type SimpleNormalizer = z.output<typeof simpleNormalizer>;
const normalizer = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('Sequence'),
      normalizers: z.array(simpleNormalizer).max(MOST_STEPS),
    }),
    simpleNormalizer,
  ],
  { error: oneOf('normalizer', ['Sequence', ...NORMALIZERS]) },
);

const PRE_TOKENIZERS = ['BertPreTokenizer', 'WhitespaceSplit', 'ByteLevel', 'Metaspace'];
const simplePreTokenizer = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('BertPreTokenizer') }),
    z.strictObject({ type: z.literal('WhitespaceSplit') }),
    z.strictObject({
      type: z.literal('ByteLevel'),
      add_prefix_space: flag.default(true),
      trim_offsets: flag.default(true),
      use_regex: flag.default(true),
    }),
    z.strictObject({
      type: z.literal('Metaspace'),
      replacement: z.literal('▁'),
      add_prefix_space: flag.optional(),
      prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
      split: flag.default(true),
      str_rep: z.literal('▁').optional(),
    }),
  ],
  { error: oneOf('pre-tokenizer', PRE_TOKENIZERS) },
);
export type SimplePreTokenizer = z.output<typeof simplePreTokenizer>;
const preTokenizer = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('Sequence'),
      pretokenizers: z.array(simplePreTokenizer).max(MOST_STEPS),
    }),
    simplePreTokenizer,
  ],
  { error: oneOf('pre-tokenizer', ['Sequence', ...PRE_TOKENIZERS]) },
);

const typeId = z.number().int().min(0).max(1);
const templatePiece = z.union([
  z.strictObject({ SpecialToken: z.strictObject({ id: token, type_id: typeId }) }),
  z.strictObject({ Sequence: z.strictObject({ id: z.enum(['A', 'B']), type_id: typeId }) }),
]);
export type TemplatePiece = z.output<typeof templatePiece>;
const tokenAndId = z.tuple([token, tokenId]);
const POST_PROCESSORS = ['TemplateProcessing', 'BertProcessing', 'RobertaProcessing', 'ByteLevel'];
const simplePostProcessor = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('TemplateProcessing'),
      single: z.array(templatePiece).max(MOST_STEPS),
      pair: z.array(templatePiece).max(MOST_STEPS),
      special_tokens: z.record(
        token,
        z.strictObject({ id: token, ids: z.array(tokenId).length(1), tokens: z.array(token).length(1) }),
      ),
    }),
    z.strictObject({ type: z.literal('BertProcessing'), sep: tokenAndId, cls: tokenAndId }),
    z.strictObject({
      type: z.literal('RobertaProcessing'),
      sep: tokenAndId,
      cls: tokenAndId,
      trim_offsets: flag.optional(),
      add_prefix_space: flag.optional(),
    }),
    // Changes offsets only.
    z.strictObject({
      type: z.literal('ByteLevel'),
      add_prefix_space: flag.optional(),
      trim_offsets: flag.optional(),
      use_regex: flag.optional(),
    }),
  ],
  { error: oneOf('post-processor', POST_PROCESSORS) },
);
export type SimplePostProcessor = z.output<typeof simplePostProcessor>;
const postProcessor = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('Sequence'),
      processors: z.array(simplePostProcessor).max(MOST_STEPS),
    }),
    simplePostProcessor,
  ],
  { error: oneOf('post-processor', ['Sequence', ...POST_PROCESSORS]) },
);

/**
 * Ids by token. Looked through in place: a table of 30,000 entries copied by a schema costs a small client more memory than all
 * that it computes with.
 */
const isVocabulary = (literal: unknown): boolean => {
  if (typeof literal !== 'object' || literal === null || Array.isArray(literal)) return false;
  const table = literal as Readonly<Record<string, unknown>>;
  let tokens = 0;
  for (const name in table) {
    const id = table[name];
    if (++tokens > MOST_TOKENS || name.length > LONGEST_TOKEN || !name.isWellFormed()) return false;
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > MOST_ID) return false;
  }
  return true;
};
const vocabulary = z.custom<Record<string, number>>(isVocabulary, {
  error: `expected at most ${MOST_TOKENS} well-formed tokens of at most ${LONGEST_TOKEN} characters, each with an id of 0-${MOST_ID}`,
});
const none = z.union([z.null(), z.literal('')]).optional();

const wordPiece = z.strictObject({
  type: z.literal('WordPiece').default('WordPiece'),
  unk_token: token,
  continuing_subword_prefix: text(8).default('##'),
  max_input_chars_per_word: z.number().int().min(1).max(1000).default(100),
  vocab: vocabulary,
});
const bytePair = z.strictObject({
  type: z.literal('BPE'),
  dropout: z.union([z.null(), z.literal(0)]).optional(),
  unk_token: token.nullable().default(null),
  continuing_subword_prefix: none,
  end_of_word_suffix: none,
  fuse_unk: z.literal(false).default(false),
  byte_fallback: z.literal(false).default(false),
  ignore_merges: flag.default(false),
  vocab: vocabulary,
  merges: z.array(z.union([text(2 * LONGEST_TOKEN), z.tuple([token, token])])).max(MOST_TOKENS),
});
const unigram = z.strictObject({
  type: z.literal('Unigram'),
  unk_id: tokenId,
  byte_fallback: z.literal(false).default(false),
  vocab: z
    .array(z.tuple([token, z.number()]))
    .min(1)
    .max(MOST_TOKENS),
});
export type WordPieceModel = z.output<typeof wordPiece>;
export type BytePairModel = z.output<typeof bytePair>;
export type UnigramModel = z.output<typeof unigram>;

/** Older files do not name the model's type where it is WordPiece. */
const model = z.preprocess(
  (literal) =>
    typeof literal === 'object' && literal !== null && !('type' in literal)
      ? { type: 'WordPiece', ...literal }
      : literal,
  z.discriminatedUnion('type', [wordPiece, bytePair, unigram], {
    error: `expected a model of type ${TOKENIZER_KINDS.join(', ')}`,
  }),
);

/** Truncation and padding are the caller's, decoding nobody's: what they hold is left out. */
export const tokenizerSchema = z.object({
  added_tokens: z.array(addedToken).max(MOST_ADDED).default([]),
  normalizer: normalizer.nullable().default(null),
  pre_tokenizer: preTokenizer.nullable().default(null),
  post_processor: postProcessor.nullable().default(null),
  model,
});
export type TokenizerJson = z.output<typeof tokenizerSchema>;
