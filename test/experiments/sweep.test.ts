import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measureRun } from '../../experiments/measure/measure.js';
import { readResult } from '../../experiments/measure/run-result.js';
import { makePoints } from '../../experiments/paper/make-points.js';
import { PointsFile } from '../../experiments/paper/points-file.js';
import { settingName, settingsOf } from '../../experiments/sweep/grid.js';
import { paretoFront } from '../../experiments/sweep/pareto.js';
import { repeatMeans } from '../../experiments/sweep/repeats.js';
import { readSweep, type SweepRow } from '../../experiments/sweep/results-file.js';
import { runSweep } from '../../experiments/sweep/sweep.js';
import { runChild } from '../../experiments/work/child.js';
import { runPool } from '../../experiments/work/pool.js';
import { localRunner } from '../../experiments/work/runner.js';
import { readRunConfig } from '../../training/loop/run-config.js';
import { InterruptedError } from '../../util/errors.js';
import { quietSweep } from '../support/quiet-sweep.js';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe('grid', () => {
  it('makes every combination, however it is written', () => {
    const names = [
      'lambda-0.1_alpha-0.5',
      'lambda-0.1_alpha-0.9',
      'lambda-1_alpha-0.5',
      'lambda-1_alpha-0.9',
    ];
    expect(settingsOf(['lambda=0.1,1', 'alpha=0.5,0.9']).map(settingName)).toEqual(names);
    expect(settingsOf(['lambda=0.1,1,alpha=0.5,0.9']).map(settingName)).toEqual(names);
    expect(settingsOf(['temperature=0.5'])).toEqual([{ 'masks.temperature.value': '0.5' }]);
    expect(settingName({ 'masks.temperature.value': '0.5', seed: '2' })).toBe('temperature-0.5_seed-2');
  });

  it('takes a list in brackets for one value', () => {
    const settings = settingsOf(['keep=[1,0.5],0.4,seed=1']);
    expect(settings).toEqual([
      { 'masks.keep': '[1,0.5]', seed: '1' },
      { 'masks.keep': '0.4', seed: '1' },
    ]);
    expect(settings.map(settingName)).toEqual(['keep-1-0.5_seed-1', 'keep-0.4_seed-1']);
  });

  it('names a key by as few last words as tell it from the others', () => {
    expect(settingName({ 'phases.soft.dropout': '0', 'phases.hard.dropout': '0.1', seed: '2' })).toBe(
      'soft.dropout-0_hard.dropout-0.1_seed-2',
    );
    expect(settingName({ 'masks.temperature.value': '1', 'distillation.temperature.value': '2' })).toBe(
      'masks.temperature-1_distillation.temperature-2',
    );
    expect(settingName({ seed: '1', 'data.seed': '2' })).toBe('seed-1_data.seed-2');
  });

  it.each(['lambda', 'lambda=', '=1', 'a=b=c', '1,2', 'lambda=1,,2'])('refuses %s', (text) => {
    expect(() => settingsOf([text])).toThrow(/--grid/);
  });

  it('refuses a key twice', () => {
    expect(() => settingsOf(['lambda=1', 'masks.lambda=2'])).toThrow(/twice/);
  });
});

it('finds the points that no other beats', () => {
  const points = [
    { score: 0.9, cost: 3 },
    { score: 0.8, cost: 1 },
    { score: 0.8, cost: 2 },
    { score: 0.95, cost: 3 },
    { score: 0.8, cost: 1 },
  ];
  expect(paretoFront(points)).toEqual([false, true, false, true, true]);
});

describe('pool', () => {
  it('runs at most so many jobs at a time, and all of them', async () => {
    let [running, most, done] = [0, 0, 0];
    const job = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      done++;
    };
    await runPool(Array(5).fill(job), 2);
    expect([most, done]).toEqual([2, 5]);
  });

  it('begins no other job where one throws', async () => {
    const begun: number[] = [];
    const jobs = [0, 1, 2, 3].map((at) => async () => {
      begun.push(at);
      await new Promise((resolve) => setTimeout(resolve, 5 * at));
      if (at === 0) throw new Error('the first');
    });
    await expect(runPool(jobs, 2)).rejects.toThrow('the first');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(begun).toEqual([0, 1]);
  });

  it('tells the last words of a child that fails', async () => {
    const script = 'console.log("out"); console.error("first"); console.error("cause"); process.exit(3)';
    await expect(runChild([process.execPath, '-e', script])).rejects.toThrow(/^cause$/);
    await expect(runChild([process.execPath, '-e', 'console.log("fine")'])).resolves.toBe('fine\n');
  });
});

describe('an interruption', () => {
  const interrupted = {
    parallel: 2,
    run: () => Promise.reject(new InterruptedError('interrupted')),
    close: async () => undefined,
  };

  it('is no failed point, and no failed run', async () => {
    const out = await mkdtemp(join(tmpdir(), 'interrupted-'));
    folders.push(out);
    const file = await PointsFile.open(out, 'code');
    const points = ['one', 'two'].map((id) => ({ id, args: [id], seconds: 1 }));
    const making = { runner: interrupted, code: 'code', onLine: () => undefined, onPoint: () => undefined };
    await expect(makePoints(points, file, making)).rejects.toThrow(InterruptedError);
    expect(points.map(({ id }) => file.get(id))).toEqual([null, null]);
    const sweep = runSweep(quietSweep({ out, settings: [{ 'masks.keep': '0.4' }] }), interrupted);
    await expect(sweep).rejects.toThrow(InterruptedError);
    expect(await readSweep(out)).toEqual([]);
  });
});

describe('sweep', () => {
  it('trains the dense phase once, outlives a failing setting, and resumes', async () => {
    const out = await mkdtemp(join(tmpdir(), 'sweep-'));
    folders.push(out);
    const config = join(out, 'config.yaml');
    await writeFile(
      config,
      `name: tiny
task: sst2
model:
  architecture: { layers: 2, heads: 2, hiddenSize: 16, intermediateSize: 32, maxPositions: 32 }
  tokenizer: { source: learned, vocabularySize: 150 }
  maxTokens: 24
data: { source: synthetic, syntheticTrain: 96, syntheticDev: 16 }
batch: { tokens: 512, examples: 32 }
phases:
  dense: { epochs: 1, learningRate: 1.0e-3 }
  soft: { epochs: 1, learningRate: 5.0e-4 }
  hard: { epochs: 1, learningRate: 5.0e-4 }
export: { calibrationExamples: 24 }
`,
    );
    const lines: string[] = [];
    const options = quietSweep({
      config,
      // A learning rate beyond all bounds ends in numbers that are none, and the run in an error.
      settings: settingsOf(['phases.soft.learningRate=5e-4,1e30']),
      out: join(out, 'sweep'),
      onLine: (run, line) => lines.push(`${run}: ${line}`),
    });
    const rows = await runSweep(options, localRunner(2));
    const status = (all: readonly SweepRow[]) => all.map((row) => [row.run, row.status]);
    const expected = [
      ['dense', 'done'],
      ['learningRate-5e-4', 'done'],
      ['learningRate-1e30', 'failed'],
    ];
    expect(status(rows)).toEqual(expected);
    expect(await readSweep(options.out)).toEqual(JSON.parse(JSON.stringify(rows)));
    const trainings = lines.filter((line) => /training and/.test(line)).map((line) => line.split(':')[0]);
    expect(trainings.sort()).toEqual(['dense', 'learningRate-1e30', 'learningRate-5e-4']);

    const directory = join(options.out, 'runs', 'learningRate-5e-4');
    const result = (await readResult(directory))!;
    expect(result.float.keptRatio[0]).toBeLessThan(1);
    expect(result.estimate.bytes).toBeGreaterThan(1e6);
    const tokens = (await readFile(join(directory, 'tokens.jsonl'), 'utf8')).trim().split('\n');
    expect(tokens).toHaveLength(16);
    const { kept, left, tokens: words } = JSON.parse(tokens[0]!);
    expect(left).toHaveLength(words.length);
    expect(kept[0]).toBe(left.filter((layer: number | null) => layer !== 0).length);

    const rounded = await measureRun({ run: directory, evaluate: true, secure: 0, limit: null });
    expect(rounded.fixedPoint!.examples).toBe(16);
    const measuredAgain = await measureRun({ run: directory, evaluate: false, secure: 0, limit: null });
    expect(measuredAgain).toEqual(rounded);
    const fewer = await measureRun({ run: directory, evaluate: false, secure: 0, limit: 8 });
    expect(fewer.fixedPoint).toBeNull();

    lines.length = 0;
    const again = await runSweep({ ...options, settings: options.settings.slice(0, 1) }, localRunner(2));
    expect(status(again)).toEqual(expected.slice(0, 2));
    expect(lines).toEqual([]);

    const others = await runSweep(
      { ...options, settings: [], overrides: ['masks.keep=0.4'] },
      localRunner(2),
    );
    expect(status(others)).toEqual(expected.slice(0, 1)); // masks come after the dense phase

    const seeds = await runSweep(
      { ...options, settings: settingsOf(['mode=none', 'seed=1,2']) },
      localRunner(2),
    );
    expect(status(seeds).map(([run]) => run)).toEqual(['dense', 'dense-2']);
    const [first, second] = seeds.map((row) =>
      row.status === 'done' ? row.float.metrics.accuracy! : Number.NaN,
    );
    const [mean, ...more] = repeatMeans(seeds);
    expect(more).toEqual([]);
    expect(mean).toMatchObject({ settings: { 'masks.mode': 'none' }, runs: 2, fixedPoint: null });
    expect(mean!.gain).toEqual({ float: { mean: 0, deviation: 0 }, fixedPoint: null });
    expect(mean!.float.mean).toBeCloseTo((first! + second!) / 2, 12);
    expect(mean!.float.deviation).toBeCloseTo(Math.abs(first! - second!) / Math.SQRT2, 12);

    lines.length = 0;
    const later = await runSweep(
      { ...options, settings: settingsOf(['mode=none', 'seed=3,2']) },
      localRunner(2),
    );
    expect(status(later)).toEqual([
      ['dense-3', 'done'],
      ['dense-2', 'done'],
    ]);
    expect(new Set(lines.map((line) => line.split(':')[0]))).toEqual(new Set(['dense-3']));

    // As an interrupted dense run, which a sweep with other later phases goes on with.
    await rm(join(options.out, 'dense-3', 'final'), { recursive: true });
    const resumed = await runSweep(
      {
        ...options,
        settings: settingsOf(['mode=none', 'seed=3']),
        overrides: ['phases.hard.epochs=2'],
      },
      localRunner(2),
    );
    expect(status(resumed)).toEqual([['dense-3', 'done']]);

    const followers = { ...options, settings: settingsOf(['mode=prune']), teacherSeeds: [2, 4] };
    expect(status(await runSweep(followers, localRunner(2)))).toEqual([
      ['dense', 'done'],
      ['dense-2', 'done'],
      ['dense-4', 'done'],
      ['mode-prune', 'done'],
    ]);
    const { distillation, seed } = await readRunConfig(join(options.out, 'runs', 'mode-prune'));
    const teachers = ['dense-2', 'dense-4'].map((run) => join(options.out, run, 'final'));
    expect({ teachers: distillation.teachers, seed }).toEqual({ teachers, seed: 1 });
    await expect(
      runSweep({ ...followers, overrides: [`distillation.teachers=["${teachers[0]}"]`] }, localRunner(2)),
    ).rejects.toThrow(/--teacher-seeds: expected no distillation.teachers beside it/);
    const low = { ...options, settings: settingsOf(['mode=prune-reduce']), overrides: ['masks.low=0.5'] };
    await expect(runSweep(low, localRunner(2))).rejects.toThrow(/masks\.low: expected none/);
  });
});
