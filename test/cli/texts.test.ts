import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseLine } from '../../cli/text-source.js';
import { readTexts, type TextOptions } from '../../cli/texts.js';
import { UsageError } from '../../util/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-texts-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function pairs(options: TextOptions): Promise<[string, string | null][]> {
  return (await readTexts(options)).inputs.map(({ text, textPair }) => [text, textPair]);
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe('texts to classify', () => {
  it('are those of the options, as many as there are', async () => {
    expect(await pairs({ text: ['a film'] })).toEqual([['a film', null]]);
    expect(await pairs({ text: ['a', 'c'], textPair: ['b', 'd'] })).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    const { inputs } = await readTexts({ text: ['a', 'b'] });
    expect(inputs.map(({ source }) => source)).toEqual(['--text 1', '--text 2']);
  });

  it('are the lines, pairs, objects or cells of files, which keep their other fields', async () => {
    const pair = ['two', 'three'] as const;
    expect(await pairs({ file: file('a.tsv', '\uFEFFone\r\ntwo\tthree\n') })).toEqual([['one', null], pair]);
    expect(await pairs({ file: file('a.txt', 'one\ntwo\tthree') })).toEqual([['one', null], pair]);
    const objects = '{"text":"x\\ty"}\n{"text":"a","textPair":"b"}\n';
    expect(await pairs({ file: file('a.jsonl', objects) })).toEqual([
      ['x\ty', null],
      ['a', 'b'],
    ]);
    const { inputs, columns } = await readTexts({ file: file('a.csv', 'id,text\n7,"x, y"\n') });
    expect(inputs).toEqual([
      { text: 'x, y', textPair: null, source: join(folder, 'a.csv:2'), fields: { id: '7', text: 'x, y' } },
    ]);
    expect(columns).toEqual(['id', 'text']);
    await expect(readTexts({ file: join(folder, 'none.tsv') })).rejects.toThrow('no such file');
  });

  it('are left out where they are empty, if they are few, and named', async () => {
    const many = `${'good\n'.repeat(120)}\u0020\nlast`;
    const { inputs, notes } = await readTexts({ file: file('b.txt', many) });
    expect([inputs.length, notes.at(-1)]).toEqual([
      121,
      expect.stringMatching(/b\.txt:121: the text is empty/),
    ]);
    await expect(readTexts({ file: file('c.txt', 'a\n\nb') })).rejects.toThrow(/c\.txt:2: the text is empty/);
    await expect(readTexts({ text: [' \t'] })).rejects.toThrow('--text: the text is empty');
    await expect(readTexts({ text: ['a'], textPair: [''] })).rejects.toThrow('second text');
  });

  it('are an option or a file, not both, and pairs as many as texts', async () => {
    await expect(readTexts({})).rejects.toThrow(UsageError);
    await expect(readTexts({ text: ['a'], file: 'f' })).rejects.toThrow(UsageError);
    await expect(readTexts({ file: 'f', textPair: ['b'] })).rejects.toThrow(UsageError);
    await expect(readTexts({ textPair: ['b'] })).rejects.toThrow('--text-pair needs --text');
    await expect(readTexts({ text: ['a', 'b'], textPair: ['b'] })).rejects.toThrow('got 1 and 2');
  });

  it('come from standard input as plain lines or as objects', () => {
    expect(parseLine('a\tb', 3)).toMatchObject({ text: 'a', textPair: 'b', source: 'standard input:3' });
    expect(parseLine('{"text": "a, {b}"}', 1)).toMatchObject({ text: 'a, {b}', textPair: null });
    for (const [line, message] of [
      ['', 'the text is empty'],
      ['a\tb\tc', 'expected one or two columns, got 3'],
      ['{"text":', 'expected a JSON object'],
      ['{"text":[1]}', 'expected text in column "text", got [1]'],
    ] as const)
      expect(() => parseLine(line, 7)).toThrow(`standard input:7: ${message}`);
  });
});
