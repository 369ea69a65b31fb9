import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createTokenizer,
  createXenovaTokenizer,
  truncateLongestFirst,
} from '../../../model/tokenizer/tokenizer.js';
import {
  parseVocabularyText,
  readTokenizerFiles,
  TokenizerError,
  tokenizerFilesFromVocabulary,
} from '../../../model/tokenizer/tokenizer-files.js';

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
    ['holes', { 'tokenizer.json': files['tokenizer.json']!.replace('"bad":9', '"bad":90') }, /ids 0-13.*90/],
    ['doubles', { 'tokenizer.json': files['tokenizer.json']!.replace('"bad":9', '"bad":8') }, /each once/],
    [
      'another model',
      { 'tokenizer.json': files['tokenizer.json']!.replace('"type":"WordPiece","unk', '"type":"BPE","unk') },
      /model\.type/,
    ],
    ['no separator', { ...files, 'tokenizer_config.json': '{"sep_token":"</s>"}' }, /special token <\/s>/],
  ])('refuses files with %s', (_, bad, message) => {
    expect(() => createTokenizer(bad as Record<string, string>)).toThrow(TokenizerError);
    expect(() => createTokenizer(bad as Record<string, string>)).toThrow(message);
  });

  it('refuses a vocabulary without special tokens or with doubles', () => {
    expect(() => tokenizerFilesFromVocabulary(['a'])).toThrow(/\[PAD\]/);
    expect(() => tokenizerFilesFromVocabulary([...vocabulary, 'a'])).toThrow(/every token once/);
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
