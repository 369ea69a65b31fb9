import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTexts, readTexts } from '../../cli/texts.js';
import { UsageError } from '../../util/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-texts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pairs = (inputs: readonly { text: string; textPair: string | null }[]) =>
  inputs.map(({ text, textPair }) => [text, textPair]);

describe('texts to classify', () => {
  it('reads one text or one pair from the options', async () => {
    expect(pairs(await readTexts({ text: 'a film' }))).toEqual([['a film', null]]);
    expect(pairs(await readTexts({ text: 'a', textPair: 'b' }))).toEqual([['a', 'b']]);
  });

  it('reads lines, pairs and JSON lines from files', async () => {
    writeFileSync(join(folder, 'texts.tsv'), '\uFEFFone\r\ntwo\tthree\n');
    writeFileSync(join(folder, 'texts.jsonl'), '{"text":"x\\ty"}\n{"text":"a","textPair":"b"}\n');
    expect(pairs(await readTexts({ file: join(folder, 'texts.tsv') }))).toEqual([
      ['one', null],
      ['two', 'three'],
    ]);
    expect(pairs(await readTexts({ file: join(folder, 'texts.jsonl') }))).toEqual([
      ['x\ty', null],
      ['a', 'b'],
    ]);
    await expect(readTexts({ file: join(folder, 'none.tsv') })).rejects.toThrow('no such file');
  });

  it('says where an empty or malformed text is', async () => {
    await expect(readTexts({ text: ' \t' })).rejects.toThrow('--text: the text is empty');
    await expect(readTexts({ text: 'a', textPair: '' })).rejects.toThrow('second text');
    expect(() => parseTexts('', 'f', false)).toThrow('f: expected at least one text');
    expect(() => parseTexts('a\n\nb', 'f', false)).toThrow('f:2: the text is empty');
    expect(() => parseTexts('a\tb\tc', 'f', false)).toThrow('f:1: expected one or two columns, got 3');
    expect(() => parseTexts('{"text":"a"}\nno', 'f', true)).toThrow('f:2: expected a JSON object');
    for (const line of ['null', '{}', '{"text":1}', '{"text":"a","textPair":1}', '[]'])
      expect(() => parseTexts(line, 'f', true)).toThrow('f:1: expected {"text"');
  });

  it('wants a text or a file, not both, and a pair only with a text', async () => {
    await expect(readTexts({})).rejects.toThrow(UsageError);
    await expect(readTexts({ text: 'a', file: 'f' })).rejects.toThrow(UsageError);
    await expect(readTexts({ file: 'f', textPair: 'b' })).rejects.toThrow(UsageError);
  });
});
