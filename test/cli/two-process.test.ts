/** Commands as processes of their own: serving, inferring, evaluating, interrupting. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { namedTask } from '../../model/task.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runHere, start } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-processes-'));
const artifact = join(folder, 'artifact');
beforeAll(async () => {
  const { public: known, private: weights } = tinyArtifact();
  // Of a task that says nothing of pairs: it takes both.
  await writeArtifact(artifact, { public: { ...known, task: namedTask('any') }, private: weights });
  mkdirSync(join(folder, 'SST-2'));
  writeFileSync(
    join(folder, 'SST-2', 'dev.tsv'),
    'sentence\tlabel\na good movie .\t1\na bad movie .\t0\ngood good\t1\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('serve and infer', () => {
  it('classify over TCP, report as documented, and outlive nonsense; Ctrl-C ends with 130', async () => {
    const server = start('serve', '--artifact', artifact, '--port', '0', '--timeout', '5');
    const port = (await server.line(/^listening on 127\.0\.0\.1:(\d+)$/m))[1]!;
    // Nonsense first: a web browser, and one that leaves at once.
    connect(Number(port), '127.0.0.1')
      .on('error', () => undefined)
      .end('GET / HTTP/1.1\r\n\r\n');
    connect(Number(port), '127.0.0.1')
      .on('error', () => undefined)
      .destroy();
    const texts = join(folder, 'texts.tsv');
    writeFileSync(texts, `a good movie\na bad movie\tgood\n${'good '.repeat(50)}\n`);
    const cache = join(folder, 'cache');
    process.env.XDG_CACHE_HOME = cache;
    const infer = await runHere(
      'infer',
      '--connect',
      `127.0.0.1:${port}`,
      '--opens',
      'counts',
      '--file',
      texts,
      '--json',
    );
    expect(infer.stderr.replace(/^.* is new here: .*\n/, '')).toBe(
      `cipherprune: ${texts}:3: the text was truncated to 12 tokens, 40 word pieces were dropped\n`,
    );
    expect(infer.code).toBe(0);
    const results = infer.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results.map(({ text, textPair, tokens, bucket }) => [text, textPair, tokens, bucket])).toEqual([
      ['a good movie', null, 5, 8],
      ['a bad movie', 'good', 7, 8],
      ['good '.repeat(50), null, 12, 16],
    ]);
    for (const result of results) {
      expect(result).toMatchObject({ labelName: ['negative', 'positive'][result.label] });
      expect(result.layers).toHaveLength(2);
      expect(Object.keys(result.layers[0]).sort()).toEqual([
        'bytes',
        'important',
        'kept',
        'milliseconds',
        'rounds',
      ]);
      // Each is rounded by itself, half a unit of 1/64 at most, after a softmax that is off by less than one.
      expect(Math.abs(result.probabilities[0] + result.probabilities[1] - 1)).toBeLessThan(
        2 * 1.5 * (1 / 64),
      );
      expect(result).toMatchObject({ answer: 'probability', answerBits: 6, logits: null });
      expect(result).toMatchObject({ method: 'cipherprune', parties: 2 });
      expect(result.cost.sentBytes).toBeGreaterThan(0);
      expect(result.cost.rounds).toBeGreaterThan(0);
    }
    expect(results[0].cost.offline.sentBytes).toBeGreaterThan(0);
    expect(results[1].cost.offline.sentBytes).toBe(0);
    server.child.kill('SIGINT');
    const { code, stderr, stdout } = await server.outcome;
    expect(code).toBe(130);
    expect(stdout).toBe(`listening on 127.0.0.1:${port}\n`);
    expect(stderr).toContain('does not speak CipherPrune');
    expect(stderr).toContain('said goodbye after 3 texts');
    expect(stderr).not.toContain('good movie');
  });
});

describe('infer --batch', () => {
  it('runs lines together, prints them in order with the totals of the batch', async () => {
    const texts = join(folder, 'batch.tsv');
    writeFileSync(texts, 'a good movie\na bad movie\tgood\ngood\n');
    const { code, stdout } = await runHere(
      ...['infer', '--local', '--artifact', artifact, '--file', texts, '--batch', '2', '--json'],
    );
    expect(code).toBe(0);
    const results = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results.map(({ text, batch }) => [text, batch?.size])).toEqual([
      ['a good movie', 2],
      ['a bad movie', 2],
      ['good', undefined],
    ]);
    expect(results[0].batch).toEqual(results[1].batch);
    expect(results[0].cost.rounds).toBe(results[0].batch.rounds);
  });
});

describe('infer --local', () => {
  it('starts a server of its own, keeps its word table secret if told so, and ends with 130 on Ctrl-C', async () => {
    const client = start(
      ...['infer', '--local', '--artifact', artifact, '--private-embedding', '--file', '-', '--json'],
    );
    client.child.stdin!.end('{"text": "a good movie"}\n'.repeat(200));
    const first = JSON.parse((await client.line(/^.*\n/))[0]);
    expect(first).toMatchObject({ text: 'a good movie', tokens: 5, bucket: 8 });
    client.child.kill('SIGINT');
    const { code, stderr } = await client.outcome;
    expect(code).toBe(130);
    expect(stderr).toBe('cipherprune: interrupted\n');
  });
});

describe('evaluate', () => {
  it.each([
    ['cleartext', []],
    ['two-party', []],
    ['two-party', ['--warm', '1']],
  ])('measures with the backend %s %j', async (backend, more) => {
    const predictions = join(folder, `${backend}.jsonl`);
    const outcome = await runHere(
      ...['evaluate', '--artifact', artifact, '--task', 'sst2', '--data', folder, '--backend', backend],
      ...['--predictions', predictions, '--limit', '2', '--json', ...more],
    );
    expect(outcome.stderr).toBe('');
    expect(outcome.code).toBe(0);
    const result = JSON.parse(outcome.stdout);
    expect(result).toMatchObject({ task: 'sst2', split: 'dev', backend, examples: 2, method: 'cipherprune' });
    expect(result.parties).toBe(backend === 'two-party' ? 2 : 1);
    expect(result.cost.bytes > 0).toBe(backend === 'two-party');
    expect(result.cost.offline.bytes > 0).toBe(backend === 'two-party');
    expect(result.cost.offline.bytes).toBeLessThanOrEqual(result.cost.bytes);
    expect(result.keptRatio).toHaveLength(2);
    const lines = readFileSync(predictions, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ index, label }) => [index, label])).toEqual([
      [0, 1],
      [1, 0],
    ]);
    const right = lines.filter(({ label, predicted }) => label === predicted).length;
    expect(result.metrics.accuracy).toBeCloseTo(right / 2);
  });

  it('takes a fold of the dev file, for a model that was trained on the others', async () => {
    const indices = async (split: string) => {
      const predictions = join(folder, `fold-${split}.jsonl`);
      const outcome = await runHere(
        ...['evaluate', '--artifact', artifact, '--task', 'sst2', '--data', folder, '--backend', 'cleartext'],
        ...['--split', split, '--fold', '2', '--predictions', predictions, '--json'],
      );
      expect(outcome.stderr).toBe('');
      const lines = readFileSync(predictions, 'utf8').trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line).index as number);
    };
    // Of the file's three sentences.
    expect(await indices('dev')).toEqual([1]);
    expect(await indices('train')).toEqual([0, 2]);
  });

  it('refuses a task whose labels are not the model’s', async () => {
    mkdirSync(join(folder, 'RTE'), { recursive: true });
    writeFileSync(
      join(folder, 'RTE', 'dev.tsv'),
      'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n',
    );
    const outcome = await runHere('evaluate', '--artifact', artifact, '--task', 'rte', '--data', folder);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(
      'expected a model with the classes entailment, not_entailment, got one with negative, positive; say which',
    );
  });
});

describe('insecure-compare', () => {
  it('finds every operation right and says that it is insecure', async () => {
    const outcome = await runHere(
      'insecure-compare',
      '--artifact',
      artifact,
      '--text',
      'a good movie',
      '--json',
    );
    expect(outcome.stderr).toContain('INSECURE');
    expect(outcome.code).toBe(0);
    const { places } = JSON.parse(outcome.stdout);
    expect(places.flatMap((place: { mismatches: string[] }) => place.mismatches)).toEqual([]);
  });
});
