/**
 * `tokenizer_config.json`: settings that change ids are applied to the `tokenizer.json` beside it, as the reference library does when
 * it loads both, or refused by name. All others have no effect on ids.
 */
import * as z from 'zod';
import { TokenizerError } from './tokenizer-error.js';
import type { AddedToken, SimpleNormalizer, TokenizerJson } from './tokenizer-schema.js';

const FILE = 'tokenizer_config.json';

const namedToken = z.union([z.string(), z.looseObject({ content: z.string() })]);
const unsupported = <T extends z.ZodType>(harmless: T, why: string) =>
  z
    .preprocess((value) => value ?? undefined, harmless.optional())
    .catch(() => {
      throw new TokenizerError(`${FILE}: ${why}`);
    });

export const settingsSchema = z.looseObject({
  tokenizer_class: z.string().nullish(),
  do_lower_case: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  cls_token: namedToken.nullish(),
  sep_token: namedToken.nullish(),
  additional_special_tokens: z.array(namedToken).max(4096).nullish(),
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).nullish(),
  never_split: unsupported(
    z.array(z.never()).length(0),
    'never_split: words that are not split are not supported',
  ),
  do_basic_tokenize: unsupported(z.literal(true), 'do_basic_tokenize: expected true, got false'),
  split_special_tokens: unsupported(z.literal(false), 'split_special_tokens: expected false, got true'),
  truncation_side: unsupported(z.literal('right'), 'truncation_side: expected "right", which is what is cut'),
});
export type TokenizerSettings = z.output<typeof settingsSchema>;

const contentOf = (token: z.output<typeof namedToken>): string =>
  typeof token === 'string' ? token : token.content;

/** Steps of a normalizer, one after the other. */
const stepsOf = (normalizer: TokenizerJson['normalizer']): readonly SimpleNormalizer[] => {
  if (normalizer === null) return [];
  return normalizer.type === 'Sequence' ? normalizer.normalizers : [normalizer];
};

function bertStep(
  step: Extract<SimpleNormalizer, { type: 'BertNormalizer' }>,
  { do_lower_case: lowers, strip_accents: strips, tokenize_chinese_chars: splits }: TokenizerSettings,
): SimpleNormalizer {
  return {
    ...step,
    lowercase: lowers ?? step.lowercase,
    strip_accents: strips ?? step.strip_accents,
    handle_chinese_chars: splits ?? step.handle_chinese_chars,
  };
}

/** Rules of other families are written out step by step: there the settings only say again what the steps are. */
function checkSteps(steps: readonly SimpleNormalizer[], settings: TokenizerSettings): void {
  for (const [name, type] of [
    ['do_lower_case', 'Lowercase'],
    ['strip_accents', 'StripAccents'],
  ] as const)
    if (settings[name] === true && !steps.some((step) => step.type === type))
      throw new TokenizerError(`${FILE}: ${name}: true, but tokenizer.json has no step ${type}`);
}

function withNormalizer(json: TokenizerJson, settings: TokenizerSettings): TokenizerJson {
  const steps = stepsOf(json.normalizer);
  if (!steps.some(({ type }) => type === 'BertNormalizer')) {
    checkSteps(steps, settings);
    return json;
  }
  const applied = steps.map((step) => (step.type === 'BertNormalizer' ? bertStep(step, settings) : step));
  return { ...json, normalizer: { type: 'Sequence', normalizers: applied } };
}

function withPrefixSpace(json: TokenizerJson, adds: boolean | null | undefined): TokenizerJson {
  const { pre_tokenizer: before } = json;
  if (typeof adds !== 'boolean' || before?.type !== 'ByteLevel') return json;
  return { ...json, pre_tokenizer: { ...before, add_prefix_space: adds } };
}

/** Tokens that the settings would add must be there already. */
function checkTokens(settings: TokenizerSettings, ids: ReadonlyMap<string, number>): void {
  for (const token of settings.additional_special_tokens ?? [])
    if (!ids.has(contentOf(token)))
      throw new TokenizerError(
        `${FILE}: additional_special_tokens: ${JSON.stringify(contentOf(token))} is not in tokenizer.json`,
      );
  for (const [id, { content }] of Object.entries(settings.added_tokens_decoder ?? {}))
    if (ids.get(content) !== Number(id))
      throw new TokenizerError(
        `${FILE}: added_tokens_decoder: ${JSON.stringify(content)} is token ${id}, in tokenizer.json ${ids.get(content) ?? 'none'}`,
      );
}

/** Special tokens by their names must be those that stand around a text. */
function checkEnds(
  settings: TokenizerSettings,
  ends: { readonly cls: string | undefined; readonly separator: string | undefined },
): void {
  for (const [name, token, expected] of [
    ['cls_token', settings.cls_token, ends.cls],
    ['sep_token', settings.sep_token, ends.separator],
  ] as const)
    if (token && contentOf(token) !== expected)
      throw new TokenizerError(
        `${FILE}: ${name}: ${JSON.stringify(contentOf(token))}, but the special token of tokenizer.json is ${JSON.stringify(expected)}`,
      );
}

/** The tokenizer with its settings applied. `ends` are the first and last token of an encoded text. */
export function applySettings(
  json: TokenizerJson,
  settings: TokenizerSettings,
  ids: ReadonlyMap<string, number>,
  ends: { readonly cls: string | undefined; readonly separator: string | undefined },
): TokenizerJson {
  checkTokens(settings, ids);
  checkEnds(settings, ends);
  return withPrefixSpace(withNormalizer(json, settings), settings.add_prefix_space);
}

/** An added token must not contradict the vocabulary. */
export function checkAddedToken({ content, id }: AddedToken, ids: ReadonlyMap<string, number>): void {
  const known = ids.get(content);
  if (known !== undefined && known !== id)
    throw new TokenizerError(
      `tokenizer.json: added_tokens: ${JSON.stringify(content)} is token ${known} of the vocabulary, got ${id}`,
    );
}
