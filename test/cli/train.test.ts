import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../cli/run.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-cli-train-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const collect = (stream: NodeJS.WriteStream): string[] => {
    const written: string[] = [];
    vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    return written;
  };
  const [out, err] = [collect(process.stdout), collect(process.stderr)];
  const code = await runCommandLine(argv);
  vi.restoreAllMocks();
  return { code, out: out.join(''), err: err.join('') };
}

const quick = ['data.syntheticTrain=300', 'data.syntheticDev=40', 'phases.dense.epochs=1'].flatMap((set) => [
  '--set',
  set,
]);
const config = 'configs/first-steps.yaml';

describe('train, export and inspect', () => {
  it('make an artifact from generated sentences, and print JSON alone on standard output', async () => {
    const out = join(folder, 'run');
    const trained = await run('train', '--config', config, '--out', out, '--keep', '0.6', ...quick, '--json');
    expect(trained.code, trained.err).toBe(0);
    const result = JSON.parse(trained.out);
    expect(result.checkpoint).toBe(join(out, 'final'));
    expect(result.keptRatio).toHaveLength(3);
    expect(JSON.parse(await readFile(join(out, 'run.json'), 'utf8')).masks.keep).toBe(0.6);
    expect(trained.err).toMatch(/hard phase, step \d+: dev accuracy/);

    const artifact = join(folder, 'artifact');
    const exported = await run(
      'export',
      '--checkpoint',
      out,
      '--out',
      artifact,
      '--weight-bits',
      '9',
      '--embedding-bits',
      '11',
      '--json',
    );
    expect(exported.code, exported.err).toBe(0);
    expect(JSON.parse(exported.out)).toMatchObject({
      weightBits: 9,
      embeddingBits: 11,
      calibrationTexts: 300,
      warnings: [],
    });
    const inspected = JSON.parse((await run('inspect', artifact, '--json')).out);
    expect(inspected).toMatchObject({ task: 'sst2', method: 'cipherprune' });

    const resumed = await run(
      'train',
      '--config',
      config,
      '--out',
      out,
      ...quick,
      '--keep',
      '0.6',
      '--resume',
      '--set',
      'seed=9',
    );
    expect(resumed.code).toBe(1);
    expect(resumed.err).toMatch(/was started with another seed/);
  });

  it('soup makes a run of two runs, which measure takes', async () => {
    const phases = ['phases.soft.epochs=0.5', 'phases.hard.epochs=0.5'].flatMap((set) => ['--set', set]);
    const runs = [1, 2].map((seed) => join(folder, `seed-${seed}`));
    for (const [i, out] of runs.entries()) {
      const seed = ['--set', `seed=${i + 1}`];
      expect((await run('train', '--config', config, '--out', out, ...quick, ...phases, ...seed)).code).toBe(
        0,
      );
    }
    const out = join(folder, 'soup');
    const made = await run('soup', '--runs', ...runs, '--out', out, '--json');
    expect([made.code, made.err]).toEqual([0, '']);
    expect(JSON.parse(made.out)).toEqual({ checkpoint: join(out, 'final'), runs });
    const measured = await run('measure', '--run', out, '--limit', '10', '--json');
    expect(measured.code, measured.err).toBe(0);
    const [first, second, mean] = await Promise.all(
      [...runs, out].map(async (directory) => (await readCheckpoint(join(directory, 'final'))).details!),
    );
    const prune = (first!.thresholds![0]!.prune + second!.thresholds![0]!.prune) / 2;
    const result = JSON.parse(measured.out);
    expect(result.name).toBe('first-steps, mean of 2 models');
    expect(result.float.examples).toBe(10);
    expect(mean!.thresholds![0]!.prune).toBeCloseTo(prune, 12);

    const own = await run('soup', '--runs', ...runs, '--out', runs[1]!);
    expect([own.code, own.err]).toEqual([2, expect.stringContaining('expected a folder of its own')]);
    const untrained = await run('soup', '--runs', folder, out, '--out', join(folder, 'z'));
    expect([untrained.code, untrained.err]).toEqual([1, expect.stringContaining('found no run.json')]);
  });
});

describe('bad input', () => {
  it('of train: a missing file, an unknown key, a wrong value, an unknown task, no data', async () => {
    const missing = await run('train', '--config', join(folder, 'no.yaml'));
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('no.yaml')]);
    const unknown = await run('train', '--config', config, '--set', 'masks.lamda=1');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('unknown key masks.lamda')]);
    const wrong = await run('train', '--config', config, '--set', 'model.dropout=2');
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('model.dropout')]);
    const keep = await run('train', '--config', config, '--keep', '1.5');
    expect(keep.code).not.toBe(0);
    expect(keep.err).toMatch(/--keep/);
    const task = await run('train', '--config', config, '--task', 'sst3');
    expect([task.code, task.err]).toEqual([1, expect.stringContaining('task')]);
    const data = await run(
      'train',
      '--config',
      'configs/demo.yaml',
      '--data',
      folder,
      '--out',
      join(folder, 'x'),
    );
    expect([data.code, data.err]).toEqual([1, expect.stringContaining('train.tsv')]);
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  it('of export: bits out of range, no sentences to calibrate on, no checkpoint', async () => {
    const bits = await run(
      'export',
      '--checkpoint',
      folder,
      '--out',
      join(folder, 'y'),
      '--weight-bits',
      '99',
    );
    expect([bits.code, bits.err]).toEqual([2, expect.stringContaining('--weight-bits')]);
    const alone = await run('export', '--checkpoint', folder, '--out', join(folder, 'y'));
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--calibrate')]);
    const texts = join(folder, 'texts.txt');
    await writeFile(texts, 'a fine film\n');
    const none = await run(
      'export',
      '--checkpoint',
      folder,
      '--out',
      join(folder, 'y'),
      '--calibrate',
      texts,
    );
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('config.json')]);
  });
});
