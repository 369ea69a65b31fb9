/** Commands on files of one's own, with an artifact of random weights: what is read, matched and counted. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../../data/tables/table.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runHere, start } from './run-cli.js';

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
  const score = tinyArtifact({ config: { labels: ['similarity'], problem: 'regression' } });
  await writeArtifact(at('numbers'), score);
  const marks = tinyArtifact({ config: { labels: ['fast', 'kind'], problem: 'multi-label' } });
  await writeArtifact(at('marks'), marks);
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

  it('gives the number of a regression, computed by two processes', async () => {
    const args = ['--local', '--artifact', at('numbers'), '--text', 'a good movie', '--json'];
    const { code, stdout, stderr } = await runHere('infer', ...args, '--answers', 'logits');
    expect(code, stderr).toBe(0);
    const answer = JSON.parse(stdout);
    const clear = await CleartextClassifier.open(at('numbers'));
    const [expected] = (await clear.classify('a good movie')).logits!;
    expect(answer).toMatchObject({ label: 0, probabilities: [] });
    expect(Number(answer.labelName)).toBeCloseTo(answer.logits[0], 3);
    expect(Math.abs(answer.logits[0] - expected!)).toBeLessThan(2 ** -6);
    expect(answer.leaks).toContainEqual({ name: 'logits', to: 'client', count: 1 });
  });

  it('refuses a pair where the model reads one text', async () => {
    const { code, stderr } = await runHere(...local, '--text', 'a', '--text-pair', 'b');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('expected one text, got two: the model is one for sst2'),
    ]);
  });
});

describe('predict', () => {
  it('writes as many rows as the input has, in its order, and those without an answer too', async () => {
    const rows = [
      ['7', 'good, movie', 'x'],
      ['8', ' ', 'y'],
      ['9', 'bad "movie"\r\n🎬', 'z'],
    ];
    const quoted = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','));
    writeFileSync(at('in.csv'), `\ufeff${['id,text,label', ...quoted].join('\n')}\n`);
    const outcome = await runHere(
      'predict',
      '--artifact',
      at('artifact'),
      '--file',
      at('in.csv'),
      '--out',
      at('out.csv'),
      '--json',
    );
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stderr).toMatch(/without an answer: .*\n.*in\.csv:3: the text is empty\n$/);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ rows: 3, answered: 2 });
    const written = await readTable(at('out.csv'));
    expect(written.columns).toEqual(['id', 'text', 'input_label', 'label', 'probability']);
    expect(written.rows.map(({ fields }) => [fields.id, fields.text, fields.input_label])).toEqual(rows);
    expect(written.rows.map(({ fields }) => fields.label !== '')).toEqual([true, false, true]);
    const clear = await CleartextClassifier.open(at('artifact'));
    const { labelName } = await clear.classify('good, movie');
    expect(written.rows[0]!.fields.label).toBe(labelName);
  });

  it('gives the classes the names that --label-map says', async () => {
    const predict = async (out: string, ...more: string[]) => {
      const io = ['--file', at('moods.csv'), '--text', 'said', '--out', at(out)];
      const { code, stderr } = await runHere('predict', '--artifact', at('unnamed'), ...io, ...more);
      expect(code, stderr).toBe(0);
      return (await readTable(at(out))).rows.map(({ fields }) => fields.label);
    };
    const plain = await predict('plain.csv');
    const named = await predict('named.csv', '--label-map', 'LABEL_0=sad,LABEL_1=glad');
    expect(named).toEqual(plain.map((label) => (label === 'LABEL_0' ? 'sad' : 'glad')));
  });

  it('writes the submission files of GLUE, classes as they are stored and numbers within their range', async () => {
    for (const [folderName, text] of [
      ['SST-2', 'index\tsentence\n0\tgood movie\n1\tbad\n'],
      [
        'STS-B',
        'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\n0\tg\tf\ty\t0\ts\ts\tgood\tbad\n',
      ],
    ] as const) {
      mkdirSync(at(folderName), { recursive: true });
      writeFileSync(join(at(folderName), 'test.tsv'), text);
    }
    const submit = async (artifact: string, ...more: string[]) => {
      const { code, stderr } = await runHere(
        'predict',
        '--artifact',
        at(artifact),
        '--split',
        'test',
        '--data',
        folder,
        '--out',
        at('sent'),
        ...more,
      );
      expect(code, stderr).toBe(0);
    };
    await submit('artifact');
    expect(readFileSync(join(at('sent'), 'SST-2.tsv'), 'utf8')).toMatch(
      /^index\tprediction\n0\t[01]\n1\t[01]\n$/,
    );
    await submit('numbers', '--task', 'stsb');
    expect(readFileSync(join(at('sent'), 'STS-B.tsv'), 'utf8')).toMatch(
      /^index\tprediction\n0\t[0-5]\.\d{3}\n$/,
    );
  });
});

describe('estimate', () => {
  it('has the bytes and rounds of a real text, and the seconds of any network', async () => {
    const args = ['--artifact', at('artifact'), '--text', 'good bad movie', '--json'];
    // On a busy machine even loopback's round trips may look like those of a slow line.
    const asServed = ['--answers', 'probability', '--answer-bits', '6', '--line', 'fast'];
    const real = JSON.parse((await runHere('infer', '--local', ...asServed, ...args)).stdout);
    const run = async (...more: string[]) => JSON.parse((await runHere('estimate', ...args, ...more)).stdout);
    const slow = await run('--rtt', '100', '--mbit', '8');
    expect(slow).toMatchObject({ source: 'texts', texts: 1, tokens: real.bucket, rounds: real.cost.rounds });
    expect(slow.bytes).toBe(real.cost.sentBytes + real.cost.receivedBytes);
    expect(slow.schedule).toEqual(real.layers.map(({ kept }: { kept: number }) => kept));
    const fast = await run('--rtt', '0', '--mbit', '16');
    const saved = slow.rounds * 0.1 + slow.bytes / 1e6 - slow.bytes / 2e6;
    expect(slow.seconds.own - fast.seconds.own).toBeCloseTo(saved, 9);
  });

  it('says that it knows nothing of the tokens, or takes what it is told', async () => {
    const run = async (...more: string[]) =>
      JSON.parse(
        (await runHere('estimate', '--artifact', at('artifact'), '--tokens', '8', '--json', ...more)).stdout,
      );
    const most = await run();
    expect(most).toMatchObject({ source: 'no token leaves', schedule: [8, 8] });
    const fewer = await run('--schedule', '3');
    expect(fewer).toMatchObject({ source: 'given', schedule: [3, 1] });
    expect(fewer.bytes).toBeLessThan(most.bytes);
  });
});

describe('tokenize', () => {
  it('shows pieces, ids and how many are cut off', async () => {
    const { stdout } = await runHere(
      'tokenize',
      '--artifact',
      at('artifact'),
      '--text',
      'good movies',
      '--text',
      'zzz',
      '--json',
      '--max-tokens',
      '4',
    );
    const [first, second] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      text: 'good movies',
      pieces: ['[CLS]', 'good', 'movie', '[SEP]'],
      ids: [2, 6, 7, 3],
      dropped: 1,
    });
    expect(second).toMatchObject({ pieces: ['[CLS]', '[UNK]', '[SEP]'], ids: [2, 1, 3], dropped: 0 });
  });
});

describe('a reader that has seen enough (| head)', () => {
  it('ends a command without a word', async () => {
    const many = Array.from({ length: 3000 }, () => ['--text', 'good bad a movie']).flat();
    const { child, line, outcome } = start('tokenize', '--artifact', at('artifact'), ...many, '--json');
    await line(/"pieces"/);
    child.stdout!.destroy();
    expect(await outcome).toMatchObject({ code: 0, stderr: '' });
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
        /12 of 12 rows cannot be used .*numbers\.csv:2: expected a label LABEL_0 or LABEL_1, got "1".*; where 1, 0 are the model's classes by other names, say which is which: --label-map "LABEL_0=…,LABEL_1=…"/,
      ),
    ]);
    const told = await evaluate('unnamed', 'numbers.csv', '--label-map', 'LABEL_0=0,LABEL_1=1');
    expect(told.metrics.accuracy).toBe((await evaluate('artifact', 'moods.csv')).metrics.accuracy);
  });

  it('refuses a model whose labels each hold or not', async () => {
    const { code, stderr } = await runHere('evaluate', '--artifact', at('marks'), '--file', at('moods.csv'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('expected a model with one answer a text')]);
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
