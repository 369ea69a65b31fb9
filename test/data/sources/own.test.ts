import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { runConfigFromYaml } from '../../config/run-config-from-yaml.js';
import { holdOut } from '../../../data/sources/hold-out.js';
import { loadSplit } from '../../../data/sources/load.js';
import { completeTask, taskOfRun } from '../../../data/sources/own.js';

const folder = mkdtempSync(join(tmpdir(), 'own-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function configOf(train: string, task = '{ name: queues }', more: readonly string[] = []) {
  const data = [`data.source=files`, `data.train=${JSON.stringify(train)}`, ...more];
  return runConfigFromYaml(`name: a\ntask: ${task}\nmodel: { checkpoint: x }\n`, 'test', data);
}

const queues = ['returns', 'billing', 'other'];
const rows = Array.from({ length: 60 }, (_, at) => `"message, number ${at}",${queues[at % 3]}`);
const messages = () => write('messages.csv', ['message,queue', ...rows, ''].join('\n'));

describe('data of one’s own', () => {
  it('name their columns and classes, in order of first appearance', async () => {
    const config = configOf(messages());
    if (typeof config.task === 'string') throw new Error('expected a description');
    const { task, notes } = await completeTask(config.task, config);
    expect(task).toMatchObject({
      columns: { text: 'message', textPair: null, label: 'queue' },
      labels: queues,
    });
    expect(notes.map((line) => line.replace(/^.*: /, ''))).toEqual([
      'text from column "message"',
      'label from column "queue"',
    ]);
    expect(await taskOfRun(config)).toEqual({
      name: 'queues',
      problem: 'classes',
      labels: queues,
      metrics: ['accuracy', 'macroF1'],
      columns: { text: 'message', textPair: null, label: 'queue' },
      pair: false,
      range: null,
    });
  });

  it('are split into the same parts every time, a share of every class held out', async () => {
    const config = configOf(messages(), undefined, ['data.devShare=0.2']);
    const [train, dev] = [await loadSplit(config, 'train'), await loadSplit(config, 'dev')];
    expect([train.examples.length, dev.examples.length]).toEqual([48, 12]);
    for (const label of [0, 1, 2]) expect(dev.examples.filter((e) => e.label === label)).toHaveLength(4);
    expect((await loadSplit(config, 'dev')).examples).toEqual(dev.examples);
    const all = [...train.examples, ...dev.examples].map(({ index }) => index).sort((a, b) => a - b);
    expect(all).toEqual(rows.map((_, at) => at));
  });

  it('have a dev file of their own, whose unknown classes count as bad rows', async () => {
    const dev = write(
      'dev.jsonl',
      '{"message":"hi there","queue":"other"}\n{"message":"x","queue":"sales"}\n',
    );
    const asked = [`data.dev=${JSON.stringify(dev)}`];
    const lenient = await loadSplit(
      configOf(messages(), undefined, [...asked, 'data.maxBadRows=0.5']),
      'dev',
    );
    expect(lenient.examples).toEqual([{ index: 0, text: 'hi there', textPair: null, label: 2 }]);
    expect(lenient.malformed.first).toEqual([
      { file: dev, line: 2, reason: 'expected a label returns or billing or other, got "sales"' },
    ]);
    await expect(loadSplit(configOf(messages(), undefined, asked), 'dev')).rejects.toThrow(
      /1 of 2 rows cannot be used \(50%, at most 1% may be: --max-bad-rows\): .*dev\.jsonl:2: expected a label/,
    );
  });

  it('count what cannot be used: empty texts, ragged rows, missing labels, half characters, pairs', async () => {
    const bad = [
      ['{"text":" ","label":"a"}', 'the text is empty'],
      ['{"text":"x"}', 'no label in column "label"'],
      ['{"text":"x","label":null}', 'no label in column "label"'],
      ['{"text":{"a":1},"label":"a"}', 'expected text in column "text", got {"a":1}'],
      ['{"text":"x \\ud83d","label":"a"}', 'the text holds half a character (a lone surrogate)'],
      ['nothing', 'expected a JSON object, got "nothing"'],
    ];
    const good = Array.from({ length: 6 }, (_, at) => `{"text":"good ${at}","label":"${'ab'[at % 2]}"}`);
    const file = write('bad.jsonl', [...good, ...bad.map(([line]) => line)].join('\n'));
    const { malformed } = await loadSplit(configOf(file, undefined, ['data.maxBadRows=0.5']), 'train');
    expect(malformed.first.map(({ line, reason }) => [line, reason])).toEqual(
      bad.map(([, reason], at) => [at + 7, reason]),
    );
  });

  it('may be numbers, in a range that the file or the description says', async () => {
    const file = write('scores.csv', 'a,b,score\nx,y,0.5\nz,w,3\n');
    const config = configOf(
      file,
      '{ name: s, problem: regression, columns: { text: a, textPair: b, label: score } }',
    );
    expect(await taskOfRun(config)).toMatchObject({ labels: ['score'], range: [0.5, 3], pair: true });
    const wrong = configOf(
      file,
      '{ name: s, problem: regression, range: [0, 2], columns: { text: a, label: score } }',
    );
    await expect(loadSplit(wrong, 'train')).rejects.toThrow(
      /scores\.csv:3: expected a number from 0 to 2, got "3"/,
    );
  });

  it.each([
    [
      'one class alone',
      'text,label\nx,1\ny,1\n',
      /expected two classes or more in column "label", got "1" alone/,
    ],
    [
      'numbers for classes',
      `text,label\n${Array.from({ length: 9 }, (_, i) => `t,${i / 7}`).join('\n')}`,
      /got 9 different values in 9 rows; --regression learns numbers/,
    ],
    ['too few rows', 'text,label\nx,1\ny,2\n', /expected enough rows to hold some of them out, got 2/],
  ])('are refused with %s', async (_, text, message) => {
    await expect(loadSplit(configOf(write('refused.csv', text)), 'train')).rejects.toThrow(message);
  });
});

describe('holding out', () => {
  const example = fc.record({ text: fc.constantFrom(...'abcdefghij'), label: fc.constantFrom(0, 1, 2) });

  it('keeps equal texts together and takes from every class that has two texts', () => {
    fc.assert(
      fc.property(fc.array(example, { minLength: 12, maxLength: 60 }), fc.nat(), (rows, seed) => {
        const examples = rows.map((row, index) => ({ index, textPair: null, ...row }));
        const parts = holdOut([...examples, ...known], { share: 0.2, seed, isStratified: true });
        expect(parts.train.length + parts.dev.length).toBe(examples.length + known.length);
        const held = new Set(parts.dev.map(({ text }) => text));
        expect(parts.train.some(({ text }) => held.has(text))).toBe(false);
        expect(parts.dev.some(({ label }) => label === 7)).toBe(true);
      }),
    );
  });
  /** A class of two texts of its own. */
  const known = ['y', 'z'].map((text, at) => ({ index: 100 + at, text, textPair: null, label: 7 }));
});
