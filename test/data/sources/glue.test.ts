import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DatasetError, describeMalformed, splitFourToOne } from '../../../data/sources/dataset.js';
import { readGlue } from '../../../data/sources/glue.js';
import { type Split, type TaskName, taskByName, tasks } from '../../../data/sources/tasks.js';

const directory = mkdtempSync(join(tmpdir(), 'glue-'));
afterAll(() => rmSync(directory, { recursive: true }));

function write(task: TaskName, split: Split, text: string | Buffer): void {
  const { folder, files } = tasks[task];
  mkdirSync(join(directory, folder), { recursive: true });
  writeFileSync(join(directory, folder, files[split]), text);
}

/** Rows in the published layout of each file. */
const layouts: [TaskName, Split, string, object][] = [
  ['sst2', 'dev', 'sentence\tlabel\n a "b \t1\n', { text: 'a "b', textPair: null, label: 1 }],
  ['sst2', 'test', 'index\tsentence\n0\tabc\n', { text: 'abc', textPair: null, label: null }],
  [
    'mrpc',
    'train',
    '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\t" a\tb\r\n',
    { text: '" a', textPair: 'b', label: 1 },
  ],
  [
    'mrpc',
    'test',
    'index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\ta\tb\n',
    { text: 'a', textPair: 'b', label: null },
  ],
  [
    'rte',
    'dev',
    'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailment\n',
    { text: 'a', textPair: 'b', label: 1 },
  ],
  [
    'qnli',
    'dev',
    'index\tquestion\tsentence\tlabel\n0\ta\tb\tentailment\n',
    { text: 'a', textPair: 'b', label: 0 },
  ],
  ['qnli', 'test', 'index\tquestion\tsentence\n0\ta\tb\n', { text: 'a', textPair: 'b', label: null }],
  [
    'mnli',
    'train',
    'index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n' +
      '0\t1\t1n\tg\tx\tx\tx\tx\ta\tb\tneutral\tcontradiction\n',
    { text: 'a', textPair: 'b', label: 2 },
  ],
  [
    'mnli-mm',
    'dev',
    'index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label\n' +
      '0\t1\t1n\tg\tx\tx\tx\tx\ta\tb\tentailment\tentailment\tentailment\tentailment\tentailment\tneutral\n',
    { text: 'a', textPair: 'b', label: 1 },
  ],
  ['cola', 'dev', 'gj04\t0\t*\tBad sentence the.\n', { text: 'Bad sentence the.', textPair: null, label: 0 }],
  ['cola', 'test', 'index\tsentence\n0\tabc\n', { text: 'abc', textPair: null, label: null }],
  [
    'qqp',
    'train',
    'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n5\t1\t2\ta?\tb?\t1\n',
    { text: 'a?', textPair: 'b?', label: 1 },
  ],
  [
    'stsb',
    'dev',
    'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\tg\tf\ty\t1\ts\ts\ta\tb\t3.800\n',
    { text: 'a', textPair: 'b', label: 3.8 },
  ],
  [
    'wnli',
    'train',
    'index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n',
    { text: 'a', textPair: 'b', label: 1 },
  ],
  ['qqp', 'test', 'id\tquestion1\tquestion2\n0\ta?\tb?\n', { text: 'a?', textPair: 'b?', label: null }],
];

describe('GLUE readers', () => {
  it.each(layouts)('%s %s', async (task, split, text, expected) => {
    write(task, split, text);
    const { examples, malformed } = await readGlue(directory, task, split);
    expect(examples).toEqual([{ index: 0, ...expected }]);
    expect(malformed.count).toBe(0);
  });

  it('counts malformed rows and reports them with file and line', async () => {
    write('sst2', 'dev', 'sentence\tlabel\ngood\t1\nno label\nbad\t0\tmore\nodd\t7\n \t1\nfine\t1');
    const { examples, malformed } = await readGlue(directory, 'sst2', 'dev', { maxBadRows: 0.7 });
    expect(examples.map(({ index, text }) => [index, text])).toEqual([
      [0, 'good'],
      [5, 'fine'],
    ]);
    expect(malformed.first.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'expected 2 columns, got 1'],
      [4, 'expected 2 columns, got 3'],
      [5, 'expected a label 0 or 1, got "7"'],
      [6, 'empty text'],
    ]);
    expect(describeMalformed(malformed).join('\n')).toMatch(
      /^4 malformed rows were skipped:\n.*dev\.tsv:3: expected 2 columns/,
    );
  });

  it('keeps only the first reports of many', async () => {
    write('sst2', 'dev', `sentence\tlabel\nok\t1\n${'bad\n'.repeat(50)}`);
    const { malformed } = await readGlue(directory, 'sst2', 'dev', { maxBadRows: 1 });
    expect([malformed.count, malformed.first.length]).toEqual([50, 20]);
    expect(describeMalformed(malformed).at(-1)).toMatch(/and 30 more$/);
  });

  it('stops at the limit', async () => {
    write('sst2', 'dev', `sentence\tlabel\n${'ok\t1\n'.repeat(50)}`);
    expect((await readGlue(directory, 'sst2', 'dev', { limit: 3 })).examples).toHaveLength(3);
  });

  it.each([
    ['no such file', null, /no such file/],
    [
      'another encoding',
      Buffer.from('sentence\tlabel\ngood\t1\na caf\xe9\t1\n', 'latin1'),
      /dev\.tsv:3: expected UTF-8, got what looks like Latin-1 .*; `iconv -f WINDOWS-1252 -t UTF-8` converts it/,
    ],
    [
      'one row in fifty',
      `sentence\tlabel\n${'ok\t1\n'.repeat(49)}odd\t2\n`,
      /1 of 50 rows cannot be used \(2%, at most 1% may be: --max-bad-rows\): .*dev\.tsv:51: expected a label 0 or 1/,
    ],
    ['no rows', 'sentence\tlabel\n', /no usable row.*no rows/],
    ['an empty file', '', /no usable row/],
    ['other columns', 'a\tb\nx\t1\n', /dev\.tsv:1: expected a column "sentence", got a, b/],
    [
      'only malformed rows',
      'sentence\tlabel\nx\ty\n',
      /1 of 1 rows cannot be used .*dev\.tsv:2: expected a label 0 or 1, got "y"/,
    ],
  ])('refuses %s', async (_, text, message) => {
    if (text === null) rmSync(join(directory, 'SST-2', 'dev.tsv'), { force: true });
    else write('sst2', 'dev', text);
    await expect(readGlue(directory, 'sst2', 'dev')).rejects.toThrow(DatasetError);
    await expect(readGlue(directory, 'sst2', 'dev')).rejects.toThrow(message);
  });

  it('any bytes give examples or a DatasetError', async () => {
    const { folder, files } = tasks.sst2;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        writeFileSync(
          join(directory, folder, files.train),
          Buffer.concat([Buffer.from('sentence\tlabel\n'), bytes]),
        );
        await readGlue(directory, 'sst2', 'train').catch((error) =>
          expect(error).toBeInstanceOf(DatasetError),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('names the known tasks when asked for another', () => {
    expect(taskByName('rte').labels).toEqual(['entailment', 'not_entailment']);
    for (const name of ['squad', 'constructor'])
      expect(() => taskByName(name)).toThrow(/expected one of sst2, mrpc/);
  });

  it('splits 4/5 to 1/5 without sharing a first text, each text once in the test parts of five folds', () => {
    const text = fc.constantFrom(...'abcdefghijklmnopqrst');
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
        const examples = texts.map((text, index) => ({ index, text, textPair: 'x', label: 0 }));
        const different = new Set(texts).size;
        const tested = [1, 2, 3, 4, 5].flatMap((fold) => {
          const { train, dev } = splitFourToOne(examples, fold);
          expect(train.length + dev.length).toBe(examples.length);
          const size = new Set(dev.map((e) => e.text)).size;
          expect([Math.floor(different / 5), Math.ceil(different / 5)]).toContain(size);
          for (const { text } of dev) expect(train.some((e) => e.text === text)).toBe(false);
          return dev;
        });
        expect(tested.map(({ index }) => index).sort((p, q) => p - q)).toEqual(texts.map((_, i) => i));
      }),
    );
  });

  const real = join('..', 'shared', 'data', 'glue');
  it.skipIf(!existsSync(real)).each([
    ['sst2', 'train', 67349],
    ['sst2', 'dev', 872],
    ['mrpc', 'train', 3667],
    ['mrpc', 'dev', 408],
    ['rte', 'train', 2490],
    ['rte', 'dev', 277],
    ['qnli', 'dev', 5463],
    ['cola', 'train', 8551],
    ['cola', 'dev', 1043],
  ] as [TaskName, Split, number][])('reads the published %s %s file whole', async (task, split, rows) => {
    const { examples, malformed } = await readGlue(real, task, split);
    expect(malformed.first).toEqual([]);
    expect(examples).toHaveLength(rows);
    expect(new Set(examples.map(({ label }) => label)).size).toBe(tasks[task].labels.length);
  });
});
