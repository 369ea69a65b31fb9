import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../cli/run.js';
import { agreementOf, compareWays } from '../../experiments/evaluate/comparison.js';
import type { Measured, RunResult, TokenLine } from '../../experiments/measure/run-result.js';
import { collect } from '../../experiments/report/collect.js';
import { figuresOf } from '../../experiments/report/figures.js';
import { looksOf, runsByTask } from '../../experiments/report/looks.js';
import { reportPage } from '../../experiments/report/page.js';
import { renderPng } from '../../experiments/report/render.js';
import { chosenSentences, sentencesHtml, shade } from '../../experiments/report/sentences.js';
import { secondsOn } from '../../inference/cost/cost-model.js';

const measured = (accuracy: number): Measured => ({
  examples: 4,
  metrics: { accuracy },
  keptRatio: [0.8, 0.4, 0.1],
  importantRatio: [0.5, 0.2, 0.1],
  meanKeptRatio: 0.43,
  cost: null,
});

const result = (accuracy: number, seconds: number): RunResult => ({
  formatVersion: 1,
  name: 'made up',
  task: 'sst2',
  mode: 'prune-reduce',
  labels: ['negative', 'positive'],
  artifact: '0'.repeat(64),
  float: measured(accuracy),
  fixedPoint: measured(accuracy - 0.01),
  secure: null,
  estimate: {
    examples: 2,
    bytes: 5e6,
    rounds: 100,
    cots: 1e6,
    seconds: { loopback: seconds / 2, lan: seconds, wan: 10 * seconds },
    layers: [],
    protocols: [
      { name: 'softmax', bytes: 2e6, rounds: 40 },
      { name: 'linear', bytes: 1e6, rounds: 10 },
    ],
  },
  thresholds: [
    { prune: 0.5, reduce: 1 },
    { prune: 0.7, reduce: 1.2 },
    { prune: 0, reduce: 0 },
  ],
});

const line = (index: number, length: number): TokenLine => ({
  index,
  label: 1,
  predicted: index % 2,
  tokens: ['[CLS]', 'un', '##like', '<b>', ...Array(length - 5).fill('so'), '[SEP]'],
  left: [null, 0, 1, 1, ...Array(length - 5).fill(0), 0],
  kept: [3, 1, 1],
  important: [1, 1, 1],
});

const step = (phase: string, progress: number, taskLoss: number) => ({
  event: 'step',
  phase,
  progress,
  loss: taskLoss + 1,
  taskLoss,
  thresholds: null,
});

describe('report', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'report-'));
    for (const [name, accuracy, seconds] of [
      ['cheap', 0.8, 1],
      ['dear', 0.9, 2],
    ] as const) {
      const directory = join(root, 'runs', name);
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'run.json'), '{}');
      await writeFile(join(directory, 'result.json'), JSON.stringify(result(accuracy, seconds)));
      const tokens = [line(0, 8), line(1, 12), line(2, 30)].map((l) => JSON.stringify(l));
      await writeFile(join(directory, 'tokens.jsonl'), tokens.join('\n'));
      const events = [step('dense', 0.5, 0.6), step('soft', 0.5, 0.4), step('hard', 1, 0.3)];
      const evaluation = { event: 'evaluation', phase: 'hard', progress: 1, metrics: { accuracy }, loss: 1 };
      // A run that was killed leaves half a line.
      const half = '{"event":"st';
      await writeFile(
        join(directory, 'metrics.jsonl'),
        [...[...events, evaluation].map((e) => JSON.stringify(e)), half].join('\n'),
      );
    }
    await mkdir(join(root, 'bare'));
    await writeFile(join(root, 'bare', 'run.json'), '{}');
    const rows = [0.8, 0.9].map((accuracy, seed) => ({
      run: `seed-${seed}`,
      settings: { 'masks.keep': '0.4', seed: String(seed) },
      status: 'done',
      ...result(accuracy, 1 + seed),
    }));
    await writeFile(join(root, 'results.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const evaluation = { task: 'sst2', backend: 'two-party', examples: 7, metrics: { accuracy: 0.8 } };
    await writeFile(join(root, 'evaluation.json'), JSON.stringify(evaluation));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('finds runs, evaluations and what is missing', async () => {
    const collected = await collect(root);
    expect(collected.runs.map(({ name }) => name)).toEqual(['bare', 'runs/cheap', 'runs/dear']);
    expect(collected.evaluations.map(({ file, backend }) => [file, backend])).toEqual([
      ['evaluation.json', 'two-party'],
    ]);
    expect(collected.runs[1]!.steps.map(({ time }) => time)).toEqual([0.5, 1.5, 3]);
    expect(collected.notes.join()).toMatch(/bare/);
    const [, own] = runsByTask(collected.runs);
    expect(own).toMatchObject({ task: 'sst2' });
    expect(figuresOf({ ...own!, looks: looksOf(collected.runs) }).map(({ id }) => id)).toEqual([
      'pareto',
      'pareto-wan',
      'pareto-traffic',
      'kept',
      'thresholds',
      'cost',
      'loss',
      'score',
    ]);
  });

  it('makes one page that needs nothing else', async () => {
    const { html, figures } = await reportPage(await collect(root));
    expect(html).toMatch(/<meta name="viewport" content="width=device-width/);
    expect(html).toMatch(/@media print/);
    expect(html).not.toMatch(/<link|src=|url\(http/);
    expect(html.match(/<svg/g)).toHaveLength(2 * figures.length);
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(html).toContain('&lt;b&gt;');
    expect(html).toContain('90.00%');
    // Mean and deviation over the two seeds, and their mean seconds.
    expect(html).toMatch(/keep-0\.4<.*?>2<.*?85\.00% ± 7\.07<.*?84\.00% ± 7\.07<.*?>1\.50</s);
    const png = renderPng(figures[0]!.wide);
    expect([...png.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
  });

  it('tells values on hover, and seconds on the reader’s network', async () => {
    const { html } = await reportPage(await collect(root));
    expect(html).toMatch(
      /<path [^>]*><title>Estimated seconds a text \(LAN\): 2\nScore on the dev set, %: 90\nrun: dear\nhow: float/,
    );
    const { estimate } = result(0.8, 1);
    const network = { roundTripMilliseconds: 25, bandwidthBitsPerSecond: 50e6 };
    expect(html).toContain(`<span class="own">${secondsOn(estimate, network).toFixed(2)}</span>`);
  });

  it('has the runs of every task by themselves, a run in one colour everywhere', async () => {
    const collected = await collect(root);
    const other = { ...collected.runs[2]!, name: 'runs/other', task: 'rte' };
    const runs = [...collected.runs.slice(1), other];
    const { html, figures } = await reportPage({ ...collected, runs });
    expect(html).toMatch(/<h1 class="task">sst2<.*<h1 class="task">rte</s);
    const looks = looksOf(runs);
    expect(new Set([...looks.values()].map(({ color }) => color)).size).toBe(runs.length);
    const color = looks.get('runs/other')!.color;
    for (const { id, wide } of figures)
      if (!id.startsWith('cost')) expect([id, wide.includes(color)]).toEqual([id, id.endsWith('-2')]);
  });

  it('leaves out what there is no data for', async () => {
    const { html, figures } = await reportPage(await collect(join(root, 'bare')));
    expect(figures).toEqual([]);
    expect(html).toMatch(/Not measured/);
    await expect(collect(join(root, 'nowhere'))).rejects.toThrow(/found none/);
    await mkdir(join(root, 'runs', 'cheap', 'artifact'));
    await expect(collect(join(root, 'runs', 'cheap', 'artifact'))).rejects.toThrow(/found none/);
  });
});

describe('report command', () => {
  it('writes where it is told, a page or a folder, also over an older one', async () => {
    const root = await mkdtemp(join(tmpdir(), 'report-command-'));
    const runs = join(root, 'runs', 'one');
    await mkdir(runs, { recursive: true });
    await writeFile(join(runs, 'run.json'), '{}');
    await writeFile(join(runs, 'result.json'), JSON.stringify(result(0.8, 1)));
    const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const made = async (...out: string[]): Promise<string[]> => {
      print.mockClear();
      expect(await runCommandLine(['report', '--runs', runs, '--json', ...out])).toBe(0);
      const { files } = JSON.parse(print.mock.calls.map(([text]) => String(text)).join(''));
      for (const file of files) expect((await stat(file)).size).toBeGreaterThan(0);
      return files.filter((file: string) => !file.endsWith('.png'));
    };
    const folder = join(root, 'pages');
    const inFolder = [join(folder, 'report.html'), join(folder, 'report-figures', 'pareto.svg')];
    expect(await made('--out', folder)).toEqual(expect.arrayContaining(inFolder));
    expect(await made('--out', folder)).toEqual(expect.arrayContaining(inFolder));
    expect(await made('--out', join(root, 'page.html'))).toContain(join(root, 'page.html'));
    expect(await made()).toContain(join(runs, 'report.html'));
    vi.restoreAllMocks();
    await rm(root, { recursive: true, force: true });
  });
});

describe('sentences', () => {
  it('names the layer of every pruned token and keeps the pieces of a word together', () => {
    const html = sentencesHtml([line(0, 8)], ['negative', 'positive']);
    expect(html).toMatch(
      /un<sub>1<\/sub><\/span><span class="token joined"[^>]*title="pruned in layer 2">like/,
    );
    expect(html).toContain('predicted negative, labelled positive');
    expect(html).toContain('kept 8 → 3 → 1');
  });

  it('spreads over lengths and darkens with depth', () => {
    const lines = Array.from({ length: 20 }, (_, i) => line(i, 6 + i));
    expect(chosenSentences(lines, 4).map(({ tokens }) => tokens.length)).toEqual([6, 11, 16, 21]);
    const lightness = [0, 1, null].map((left) => Number(/(\d+)%\)/.exec(shade(left, 3).background)![1]));
    expect(lightness).toEqual([...lightness].sort((a, b) => b - a));
  });
});

describe('comparison', () => {
  const prediction = (index: number, predicted: number, logits: number[]) => ({
    index,
    label: 0,
    predicted,
    logits,
  });

  it('compares over the examples that both saw', () => {
    const reference = [prediction(0, 0, [1, 0]), prediction(1, 1, [0, 1]), prediction(2, 1, [0, 5])];
    const own = [prediction(0, 0, [1.25, 0]), prediction(1, 0, [1, 0.5])];
    expect(agreementOf(own, { backend: 'float', predictions: reference })).toEqual({
      with: 'float',
      examples: 2,
      labels: 0.5,
      maxLogitError: 1,
    });
  });

  it('takes the first way as the reference', async () => {
    const evaluation = {
      examples: 1,
      metrics: { accuracy: 1 },
      interval: null,
      classes: null,
      truncated: 0,
      keptRatio: [1],
      importantRatio: [1],
      meanKeptRatio: 1,
      cost: { milliseconds: 0, bytes: 0, rounds: 0, offline: { milliseconds: 0, bytes: 0 } },
      meanCost: { milliseconds: 0, bytes: 0, rounds: 0, offline: { milliseconds: 0, bytes: 0 } },
    };
    const results = await compareWays(['float', 'cleartext'], async (way, onPrediction) => {
      onPrediction(prediction(0, 1, way === 'float' ? [0, 1] : [0, 1.5]));
      return evaluation;
    });
    expect(results.map(({ backend, agreement }) => [backend, agreement?.maxLogitError ?? null])).toEqual([
      ['float', null],
      ['cleartext', 0.5],
    ]);
  });
});
