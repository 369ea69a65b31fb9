/** Commands on files of one's own, with an artifact of random weights: what is read, matched and counted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../model/artifact/tiny-artifact.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-own-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const words = ['good', 'bad', 'a', 'movie', 'movies'];
const texts = Array.from(
  { length: 12 },
  (_, i) => `${words[i % 5]} ${words[(2 * i) % 5]}, "${words[(3 * i) % 5]}"`,
);
const csv = (labels: readonly [string, string]): string =>
  [
    'id,said,mood',
    ...texts.map((text, i) => `${i},"${text.replaceAll('"', '""')}",${labels[i % 2]}`),
    '',
  ].join('\r\n');

beforeAll(async () => {
  const artifact = tinyArtifact();
  await writeArtifact(at('artifact'), artifact);
  const { config, ...rest } = artifact.public;
  const named = (labels: string[]) => ({ ...artifact, public: { ...rest, config: { ...config, labels } } });
  await writeArtifact(at('inverted'), named(['positive', 'negative']));
  await writeArtifact(at('unnamed'), { ...named(['LABEL_0', 'LABEL_1']) });
  writeFileSync(at('moods.csv'), csv(['positive', 'negative']));
  writeFileSync(at('numbers.csv'), csv(['1', '0']));
});

async function evaluate(artifact: string, file: string, ...more: string[]) {
  const outcome = await runHere(
    'evaluate',
    '--artifact',
    at(artifact),
    '--file',
    at(file),
    '--json',
    ...more,
  );
  expect(outcome.code, outcome.stderr).toBe(0);
  return { ...JSON.parse(outcome.stdout), notes: outcome.stderr };
}

describe('infer', () => {
  const local = ['infer', '--local', '--artifact', at('artifact')];

  it('answers every --text on a line, with its probability', async () => {
    const { code, stdout } = await runHere(
      ...local,
      '--text',
      'a good movie',
      '--text',
      'bad',
      '--text',
      '\u200b',
    );
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^(negative|positive) {2} ?\d+\.\d% {2}/);
  });

  it('gives the rows of a file back with label and probability, and sums up on standard error', async () => {
    const { code, stdout, stderr } = await runHere(
      ...local,
      '--file',
      at('moods.csv'),
      '--output',
      'jsonl',
      '--batch',
      '12',
    );
    expect(code).toBe(0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ id, said }) => [id, said])).toEqual(texts.map((text, i) => [String(i), text]));
    for (const { label, probability } of rows) {
      expect(['negative', 'positive']).toContain(label);
      expect(probability).toBeGreaterThanOrEqual(0.5);
    }
    expect(stderr).toMatch(/12 texts; (negative|positive) \d+.*; \d+\.\d+ s and \d+\.\d+ MB each\n$/);
  });

  it('refuses a pair where the model reads one text', async () => {
    const { code, stderr } = await runHere(...local, '--text', 'a', '--text-pair', 'b');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('expected one text, got two: the model is one for sst2'),
    ]);
  });
});

describe('evaluate --file', () => {
  it('measures per class, without a task or columns being named', async () => {
    const result = await evaluate('artifact', 'moods.csv', '--predictions', at('p.jsonl'));
    expect(result).toMatchObject({ task: 'sst2', file: at('moods.csv'), backend: 'cleartext', examples: 12 });
    expect(result.notes).toMatch(/text from column "said"\n.*label from column "mood"\n$/);
    const lines = readFileSync(at('p.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const count = (label: number, predicted: number): number =>
      lines.filter((line) => line.label === label && line.predicted === predicted).length;
    expect(result.metrics.confusion).toEqual([
      [count(0, 0), count(0, 1)],
      [count(1, 0), count(1, 1)],
    ]);
    const right = count(0, 0) + count(1, 1);
    expect(result.metrics.accuracy).toBeCloseTo(right / 12, 12);
    expect(result.metrics.perClass.positive).toMatchObject({ support: 6, recall: count(1, 1) / 6 });
    expect(Object.keys(result.metrics)).toEqual(['accuracy', 'macroF1', 'matthews', 'perClass', 'confusion']);
    expect(result.interval[0]).toBeLessThanOrEqual(result.metrics.accuracy);
    expect(result.majorityShare).toBe(0.5);
  });

  it('matches classes by name: a model with the same weights and its names the other way round is wrong where that is right', async () => {
    const [plain, inverted] = [
      await evaluate('artifact', 'moods.csv'),
      await evaluate('inverted', 'moods.csv'),
    ];
    expect(inverted.metrics.accuracy).toBeCloseTo(1 - plain.metrics.accuracy, 12);
    const said = await evaluate(
      'inverted',
      'moods.csv',
      '--label-map',
      'positive=negative,negative=positive',
    );
    expect(said.metrics.accuracy).toBeCloseTo(plain.metrics.accuracy, 12);
  });

  it('wants to be told where names differ', async () => {
    const args = ['evaluate', '--artifact', at('unnamed'), '--file', at('numbers.csv'), '--json'];
    const refused = await runHere(...args);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(
        /12 of 12 rows cannot be used .*moods?|numbers\.csv:2: expected a label LABEL_0 or LABEL_1, got "1"/,
      ),
    ]);
    const told = await evaluate('unnamed', 'numbers.csv', '--label-map', 'LABEL_0=0,LABEL_1=1');
    expect(told.metrics.accuracy).toBe((await evaluate('artifact', 'moods.csv')).metrics.accuracy);
  });

  it('says what is wrong with options and columns', async () => {
    const failure = async (...args: string[]) => {
      const { code, stderr } = await runHere('evaluate', '--artifact', at('artifact'), ...args);
      return [code, stderr];
    };
    expect(await failure()).toEqual([
      2,
      expect.stringContaining('expected either --data, GLUE files, or --file'),
    ]);
    expect(await failure('--file', at('moods.csv'), '--text', 'body')).toEqual([
      1,
      expect.stringContaining('moods.csv: expected a column "body", got id, said, mood'),
    ]);
    expect(await failure('--file', at('moods.csv'), '--label-map', 'a')).toEqual([
      2,
      expect.stringContaining('--label-map: expected MODEL=DATA'),
    ]);
  });
});
