/** Ids by the reference library (test/fixtures/tokenizers/make_tokenizers.py), and texts of every code point. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createNormalizer } from '../../../model/tokenizer/normalizer.js';
import { createPreTokenizer } from '../../../model/tokenizer/pre-tokenizer.js';
import { createTokenizer, type Tokenizer } from '../../../model/tokenizer/tokenizer.js';
import { parseTokenizerFiles } from '../../../model/tokenizer/tokenizer-files.js';
import { readTokenizerFiles } from '../../../model/tokenizer/read-tokenizer-files.js';

const fixtures = join('test', 'fixtures', 'tokenizers');

interface Expected {
  readonly single: readonly (readonly number[])[];
  readonly pairs: readonly (readonly [readonly number[], readonly number[]])[];
  readonly blocks: readonly string[];
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const lines = readJson<string[]>(join(fixtures, 'lines.json'));
const expected = JSON.parse(
  gunzipSync(readFileSync(join(fixtures, 'expected.json.gz'))).toString('utf8'),
) as Record<string, Expected>;

const NO_LIMIT = 1 << 20;
const filesOf = (name: string) => ({
  'tokenizer.json': readFileSync(join(fixtures, `${name}.json`), 'utf8'),
});

/** The texts whose ids differ, with both: short enough to read. */
function differences(tokenizer: Tokenizer, texts: readonly string[], ids: readonly (readonly number[])[]) {
  return texts.flatMap((text, i) => {
    const got = tokenizer.encode(text, null, NO_LIMIT).ids;
    return got.join() === ids[i]!.join() ? [] : [{ text, got, expected: ids[i] }];
  });
}

/** As block_digests of make_tokenizers.py. */
function blockDigest(normalize: (text: string) => string, split: (text: string) => string[], begin: number) {
  const digest = createHash('sha256');
  for (let first = begin; first < begin + 0x1000; first += 64) {
    const isSampled = begin >= 0x20000 && begin !== 0xe0000;
    const codes = Array.from({ length: isSampled ? 1 : 64 }, (_, i) => first + i);
    const characters = codes
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code));
    const text = characters.map((c) => `a${c}1e\u0315${c}\u0334`).join(' ');
    digest.update(split(normalize(text)).join('\u0001'));
  }
  return digest.digest('hex').slice(0, 8);
}

it('more than a thousand texts are compared', () => {
  expect(lines.length).toBeGreaterThan(1000);
  expect(Object.keys(expected)).toHaveLength(8);
});

describe.each(Object.keys(expected))('%s', (name) => {
  const { single, pairs, blocks } = expected[name]!;
  const tokenizer = createTokenizer(filesOf(name));

  it('gives the ids of the reference library', () => {
    expect(differences(tokenizer, lines, single).slice(0, 3)).toEqual([]);
  });

  it('joins pairs as the reference library does', () => {
    const texts = lines.flatMap((line, i) =>
      i % 20 === 0 ? [[line, lines[(i * 7 + 3) % lines.length]!] as const] : [],
    );
    texts.forEach(([a, b], i) => {
      const { ids, tokenTypes } = tokenizer.encode(a, b, NO_LIMIT);
      expect([ids, tokenTypes], a).toEqual(pairs[i]);
    });
  });

  it('normalizes and splits every code point as the reference library does', () => {
    const { json } = parseTokenizerFiles(filesOf(name));
    const normalize = createNormalizer(json.normalizer);
    const preTokenize = createPreTokenizer(json.pre_tokenizer);
    const split = (text: string) => preTokenize({ text, isFirst: true }).map((piece) => piece.text);
    const wrong = blocks.flatMap((digest, i) =>
      blockDigest(normalize, split, i * 0x1000) === digest ? [] : [(i * 0x1000).toString(16)],
    );
    expect(wrong).toEqual([]);
  });
});

const cases = join('..', 'shared', 'cases');
describe.skipIf(!existsSync(cases))('small inputs that showed a fault', () => {
  it('characters beyond U+FFFF, a final sigma, newer Unicode', async () => {
    const tokenizer = createTokenizer(
      await readTokenizerFiles(join('..', 'shared', 'models', 'minilm-l6-h384')),
    );
    const folder = join(cases, 'tokenizer-nasty');
    const ids = readJson<number[][]>(join(folder, 'ref.json'));
    expect(differences(tokenizer, readJson(join(folder, 'lines.json')), ids)).toEqual([]);
  });

  const folder = join(cases, 'tokenizer-configs');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.json')) : ['all'];
  it.each(names)('settings: %s', async (name) => {
    const tokenizer = createTokenizer(await readTokenizerFiles(join(folder, name)));
    const ids = readJson<number[][]>(join(folder, name, 'ids.json'));
    expect(differences(tokenizer, readJson(join(folder, 'lines.json')), ids)).toEqual([]);
  });
});
