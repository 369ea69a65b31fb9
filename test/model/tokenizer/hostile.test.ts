/** tokenizer.json comes from the server and is used on the client's text: whatever it holds, a tokenizer or a TokenizerError. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../../model/tokenizer/tokenizer.js';
import { TokenizerError } from '../../../model/tokenizer/tokenizer-files.js';

const NAMES = ['bert-cased', 'roberta', 'camembert', 'albert'] as const;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** All places of a value, but few of the vocabulary's many. */
function placesOf(value: Json, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const keys = Object.keys(value);
  const shown = keys.length > 40 ? keys.filter((_, i) => i % Math.ceil(keys.length / 8) === 0) : keys;
  return [
    [...path],
    ...shown.flatMap((key) => placesOf((value as { [key: string]: Json })[key]!, [...path, key])),
  ];
}

/** The value with another one at a place; `undefined` takes it out. */
function withChange(value: Json, [key, ...rest]: readonly string[], change: Json | undefined): Json {
  if (key === undefined) return change ?? null;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as { [key: string]: Json };
  if (rest.length === 0 && change === undefined) delete copy[key];
  else copy[key] = withChange(copy[key]!, rest, change);
  return copy;
}

const strange = fc.oneof(
  fc.constantFrom<Json | undefined>(
    undefined,
    null,
    true,
    -1,
    0,
    1e9,
    0.5,
    '',
    '__proto__',
    'constructor',
    '(a+)+$',
    '\ud800',
    'x'.repeat(600),
    [],
    {},
  ),
  fc.jsonValue() as fc.Arbitrary<Json>,
);

const TEXT = 'The film: New-York xyzzy «naïve» 中文 😀 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!';

describe.each(NAMES)('changed parts of %s', (name) => {
  const literal = JSON.parse(
    readFileSync(join('test', 'fixtures', 'tokenizers', `${name}.json`), 'utf8'),
  ) as Json;
  const places = placesOf(literal);

  it('give a tokenizer or an error of their own', () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), strange, (place, change) => {
        const files = { 'tokenizer.json': JSON.stringify(withChange(literal, place, change)) };
        try {
          const tokenizer = createTokenizer(files);
          const { ids } = tokenizer.encode(TEXT, TEXT, 512);
          // Nothing lets a text grow beyond its bytes and a mark a word.
          expect(ids.length).toBeLessThan(400);
          for (const id of ids) expect(id).toBeLessThan(tokenizer.vocabularySize);
        } catch (error) {
          expect(error).toBeInstanceOf(TokenizerError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

it('long texts take a time that grows with them, not with their square', () => {
  const files = {
    'tokenizer.json': readFileSync(join('test', 'fixtures', 'tokenizers', 'roberta.json'), 'utf8'),
  };
  const { droppedTokens } = createTokenizer(files).encode('ab'.repeat(100_000), null, 16);
  expect(droppedTokens).toBeGreaterThan(10_000);
});
