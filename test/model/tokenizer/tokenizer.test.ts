import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer, truncateLongestFirst } from '../../../model/tokenizer/tokenizer.js';
import {
  parseVocabularyText,
  TokenizerError,
  tokenizerFilesFromVocabulary,
} from '../../../model/tokenizer/tokenizer-files.js';
import { readTokenizerFiles } from '../../../model/tokenizer/read-tokenizer-files.js';
import { createXenovaTokenizer } from '../../../model/tokenizer/xenova-tokenizer.js';

const vocabulary = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'a',
  'good',
  'movie',
  '##s',
  'bad',
  '.',
  '!',
  'un',
  '##like',
];
const files = tokenizerFilesFromVocabulary(vocabulary);
const tokenizer = createTokenizer(files);

/** The files with other parts. */
const edited = (from: string, to: string) => {
  expect(files['tokenizer.json']).toContain(from);
  return { 'tokenizer.json': files['tokenizer.json']!.replace(from, to) };
};
const withRules = (rules: object) => ({
  'tokenizer.json': JSON.stringify({ ...(JSON.parse(files['tokenizer.json']!) as object), ...rules }),
});
const withMap = (precompiled_charsmap: string) =>
  withRules({ normalizer: { type: 'Precompiled', precompiled_charsmap } });
const withSetting = (setting: object) => ({ ...files, 'tokenizer_config.json': JSON.stringify(setting) });

const sharedModel = join('..', 'shared', 'models', 'minilm-l6-h384');

describe('tokenizer', () => {
  it('splits a lower-cased text into the longest known pieces', () => {
    const { ids, tokens, tokenTypes, textTokens, droppedTokens } = tokenizer.encode(
      'A GOOD  Movies, unlike!',
      null,
      32,
    );
    expect(tokens).toEqual(['[CLS]', 'a', 'good', 'movie', '##s', '[UNK]', 'un', '##like', '!', '[SEP]']);
    expect(ids).toEqual([2, 5, 6, 7, 8, 1, 12, 13, 11, 3]);
    expect(tokenTypes).toEqual(new Array(10).fill(0));
    expect([textTokens, droppedTokens]).toEqual([8, 0]);
  });

  it('joins a pair and gives its second text token type 1', () => {
    const { tokens, tokenTypes } = tokenizer.encode('good', 'bad .', 32);
    expect(tokens).toEqual(['[CLS]', 'good', '[SEP]', 'bad', '.', '[SEP]']);
    expect(tokenTypes).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('refuses a pair where the model has one token type and the tokenizer two', () => {
    const one = createTokenizer(files, { tokenTypes: 1 });
    expect(one.encode('good', null, 8).ids).toEqual([2, 6, 3]);
    expect(() => one.encode('good', 'bad', 8)).toThrow(/one token type.*expected one text, got two/);
    expect(createTokenizer(files, { tokenTypes: 0 }).encode('good', 'bad', 8).ids).toHaveLength(5);
  });

  it('reports truncation, longest text first', () => {
    const { tokens, textTokens, droppedTokens } = tokenizer.encode('good good good good', 'bad .', 7);
    expect(tokens).toEqual(['[CLS]', 'good', 'good', '[SEP]', 'bad', '.', '[SEP]']);
    expect([textTokens, droppedTokens]).toEqual([6, 2]);
    expect(tokenizer.encode('good '.repeat(50), null, 10).tokens).toHaveLength(10);
  });

  it('truncation leaves the limit and never shortens the shorter text below the longer', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.nat(60), (a, b, limit) => {
        const first = new Array<number>(a).fill(0);
        const second = new Array<number>(b).fill(0);
        const dropped = truncateLongestFirst(first, second, limit);
        expect(first.length + second.length).toBe(Math.min(a + b, limit));
        expect(dropped).toBe(Math.max(0, a + b - limit));
        if (first.length < a && second.length < b)
          expect(Math.abs(first.length - second.length)).toBeLessThan(2);
      }),
    );
  });

  it('says that an empty text has no tokens', () => {
    expect(tokenizer.encode(' \t\u0000', null, 8)).toMatchObject({
      tokens: ['[CLS]', '[SEP]'],
      textTokens: 0,
    });
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { ids } = tokenizer.encode(text, null, 16);
        expect(ids.length).toBeLessThanOrEqual(16);
        for (const id of ids) expect(tokenizer.token(id)).toBe(vocabulary[id]);
      }),
    );
  });

  it.each([
    ['no tokenizer.json', {}, /tokenizer\.json: missing/],
    ['no JSON', { 'tokenizer.json': '{' }, /not JSON/],
    [
      'no vocabulary',
      { 'tokenizer.json': '{"normalizer":null,"pre_tokenizer":null,"model":{"unk_token":"x"}}' },
      /model\.vocab/,
    ],
    ['many holes', edited('"bad":9', '"bad":9000'), /ids below 1052 for 14 tokens, got 9000/],
    ['doubles', edited('"bad":9', '"bad":8'), /each id once, got 8 for "##s" and "bad"/],
    ['another model', edited('"type":"WordPiece","unk', '"type":"WordLevel","unk'), /model\.type/],
    ['fields that no model has', edited('"max_input', '"byte_fallback":true,"max_input'), /model/],
    ['no unknown token', edited('"unk_token":"[UNK]"', '"unk_token":"[X]"'), /unk_token: \[X\]/],
    [
      'another separator',
      { ...files, 'tokenizer_config.json': '{"sep_token":"</s>"}' },
      /sep_token: "<\/s>", but the special token of tokenizer\.json is "\[SEP\]"/,
    ],
    [
      'a regular expression that does not end',
      withRules({ pre_tokenizer: { type: 'Split', pattern: { Regex: '^(a+)+$' }, behavior: 'Isolated' } }),
      /pre_tokenizer\.type: expected a pre-tokenizer of a known type/,
    ],
    [
      'a regular expression of its own',
      withRules({ normalizer: { type: 'Replace', pattern: { Regex: '(a+)+' }, content: '' } }),
      /normalizer/,
    ],
    [
      'words that grow',
      withRules({ normalizer: { type: 'Replace', pattern: { String: 'a' }, content: 'aa' } }),
      /normalizer: expected a replacement no longer than what it replaces/,
    ],
    [
      'sequences in sequences',
      withRules({
        normalizer: { type: 'Sequence', normalizers: [{ type: 'Sequence', normalizers: [] }] },
      }),
      /normalizer/,
    ],
    ['no special tokens', withRules({ post_processor: null }), /post_processor: expected one rule/],
    [
      'a text that stands twice',
      withRules({
        post_processor: {
          type: 'TemplateProcessing',
          single: [
            { SpecialToken: { id: '[CLS]', type_id: 0 } },
            { Sequence: { id: 'A', type_id: 0 } },
            { Sequence: { id: 'A', type_id: 0 } },
          ],
          pair: [],
          special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] } },
        },
      }),
      /post_processor: expected a special token and then A for one text/,
    ],
    ['a map that does not fit', withMap('AAAAgA=='), /a trie of \d+ bytes does not fit 4 bytes/],
    [
      'a map whose replacements are long',
      withMap(Buffer.concat([Buffer.of(4, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(1e4, 'a')]).toString('base64')),
      /expected replacements of at most 64 bytes, got 10000/,
    ],
    ['words that are never split', withSetting({ never_split: ['New-York'] }), /never_split/],
    ['words that are not split at all', withSetting({ do_basic_tokenize: false }), /do_basic_tokenize/],
    ['the beginning cut off', withSetting({ truncation_side: 'left' }), /truncation_side/],
    ['special tokens that are split', withSetting({ split_special_tokens: true }), /split_special_tokens/],
    [
      'tokens that are nowhere',
      withSetting({ additional_special_tokens: ['<user>'] }),
      /additional_special_tokens: "<user>" is not in tokenizer\.json/,
    ],
    [
      'tokens that are elsewhere',
      withSetting({ added_tokens_decoder: { 77: { content: '[SEP]' } } }),
      /added_tokens_decoder: "\[SEP\]" is token 77, in tokenizer\.json 3/,
    ],
  ])('refuses files with %s', (_, bad, message) => {
    expect(() => createTokenizer(bad as Record<string, string>)).toThrow(TokenizerError);
    expect(() => createTokenizer(bad as Record<string, string>)).toThrow(message);
  });

  it('refuses a vocabulary without special tokens', () => {
    expect(() => tokenizerFilesFromVocabulary(['a'])).toThrow(/\[PAD\]/);
  });

  it('reads a vocabulary with doubles, of which the later counts, and blank lines at its end', () => {
    const words = parseVocabularyText(`${[...vocabulary, 'a', 'x ', ''].join('\r\n')}\n\n \n`);
    expect(words).toEqual([...vocabulary, 'a', 'x']);
    const doubled = createTokenizer(tokenizerFilesFromVocabulary(words));
    expect(doubled.encode('a x', null, 8).ids).toEqual([2, 14, 15, 3]);
    expect(doubled.vocabularySize).toBe(16);
    expect(doubled.token(5)).toBe('<5>');
  });

  it('applies the settings beside a vocabulary or a tokenizer.json', () => {
    const accents = tokenizerFilesFromVocabulary([...vocabulary, 'é', 'É'], {
      lowercase: true,
      stripAccents: false,
    });
    expect(createTokenizer(accents).encode('É', null, 8).ids).toEqual([2, 14, 3]);
    const cased = { ...accents, 'tokenizer_config.json': '{"do_lower_case":false}' };
    expect(createTokenizer(cased).encode('É é', null, 8).ids).toEqual([2, 15, 14, 3]);
  });

  it('gives the same ids behind the optional library', async (context) => {
    const other = await createXenovaTokenizer(files).catch(() => null);
    if (other === null) return context.skip();
    for (const text of ['A GOOD  Movies, unlike!', 'bad', '', 'é!?'])
      expect(other.encode(text, text, 16)).toEqual(tokenizer.encode(text, text, 16));
  });

  it.skipIf(!existsSync(sharedModel))(
    'agrees with the reference encodings of a real checkpoint',
    async () => {
      interface Case {
        text: string;
        text_pair: string | null;
        input_ids: number[];
        token_type_ids: number[];
      }
      const { cases } = JSON.parse(readFileSync(join(sharedModel, 'reference.json'), 'utf8')) as {
        cases: Case[];
      };
      const fromJson = createTokenizer(await readTokenizerFiles(sharedModel));
      const words = parseVocabularyText(readFileSync(join(sharedModel, 'vocab.txt'), 'utf8'));
      const fromVocabulary = createTokenizer(tokenizerFilesFromVocabulary(words));
      expect(cases.length).toBeGreaterThan(0);
      for (const { text, text_pair, input_ids, token_type_ids } of cases) {
        for (const real of [fromJson, fromVocabulary]) {
          const { ids, tokenTypes } = real.encode(text, text_pair, 512);
          expect(ids).toEqual(input_ids);
          expect(tokenTypes).toEqual(token_type_ids);
        }
      }
    },
  );
});
