import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { Teacher } from '../../../training/distil/teacher.js';
import { predict } from '../../../training/evaluate/predict.js';
import { unwatched } from '../../../training/evaluate/run-batches.js';
import { branchRun } from '../../../training/loop/branch.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { runTraining } from '../../../training/loop/run-training.js';
import { stateOfCheckpoint } from '../../../training/network/model-state.js';
import { denseOnly, literal, temporaryRuns } from '../loop/tiny-runs.js';

const { inFolder, train, weights } = temporaryRuns();

describe('teachers', () => {
  it('distillation follows the mean of the teachers that it is given, which must be of the same classes', async () => {
    const names = ['teacher-1', 'teacher-2'];
    for (const [i, name] of names.entries()) await train(name, { ...denseOnly, seed: i });
    const teachers = names.map((name) => inFolder(name, 'final'));
    const config = parseRunConfig(literal({ ...denseOnly, distillation: { teachers } }), 'test');
    const { state, train: examples } = await prepareRun(config);
    const some = examples.slice(0, 5);
    const each = await Promise.all(
      teachers.map(async (directory) => {
        const model = stateOfCheckpoint(await readCheckpoint(directory));
        return (await predict(model, some, { prune: false })).logits;
      }),
    );
    const own = { weights: 'nowhere', logits: 'nowhere' };
    const logitFiles = () => readdirSync(teachers[0]!).filter((file) => file.startsWith('logits-'));
    // The second time from the files that the first one left.
    for (const known of [1, 2]) {
      const teacher = (await Teacher.load(own, state, examples, config, unwatched))!;
      [...teacher.of(some)].forEach((logit, i) => {
        expect(logit, `load ${known}`).toBeCloseTo((each[0]![i]! + each[1]![i]!) / 2, 5);
      });
      expect(logitFiles()).toHaveLength(1);
    }
    await Teacher.load(own, state, examples.slice(1), config, unwatched);
    expect(logitFiles()).toHaveLength(2);
    const other = { ...state, config: { ...state.config, labels: ['a', 'b', 'c'] } };
    await expect(Teacher.load(own, other, examples, config, unwatched)).rejects.toThrow(
      /teacher-1.*expected a model for sst2 with a, b, c .*got one for sst2 with negative, positive/,
    );
  });

  it('settings that go on from one dense run share what its model says, and train as if alone', async () => {
    const run = (mode: string) => ({
      ...denseOnly,
      phases: { dense: { epochs: 0.5 }, soft: { epochs: 0.3 }, hard: { epochs: 0.3 } },
      masks: { mode },
    });
    await train('origin', run('none'));
    const dense = inFolder('origin');
    const logitFiles = (of: string) => readdirSync(inFolder(of)).filter((name) => name.startsWith('logits-'));
    const times = new Set<number>();
    for (const [i, mode] of ['prune', 'prune-reduce'].entries()) {
      await branchRun(dense, parseRunConfig(literal(run(mode)), 'test'), inFolder(`setting-${i}`));
      await train(`setting-${i}`, run(mode), { resume: true });
      expect(logitFiles(`setting-${i}/dense`)).toEqual([]);
      expect(logitFiles('origin/final')).toHaveLength(1);
      times.add(statSync(join(dense, 'final', logitFiles('origin/final')[0]!)).mtimeMs);
    }
    expect(times.size).toBe(1);
    await train('alone', run('prune-reduce'));
    expect(logitFiles('alone/dense')).toHaveLength(1);
    const [alone, shared] = [await weights('alone'), await weights('setting-1')];
    for (const [name, { values }] of alone) expect(shared.get(name)!.values, name).toEqual(values);
  });
});

describe('texts that a teacher answers', () => {
  const changes = (output: string) => ({
    ...denseOnly,
    output,
    phases: { dense: { epochs: 0.5 }, soft: { epochs: 0.3 }, hard: { epochs: 0.3 } },
    masks: { mode: 'prune' },
  });

  it('say how far they are, and a stop among them keeps a checkpoint from which the run goes on bit for bit', async () => {
    const configOf = (name: string) => parseRunConfig(literal(changes(inFolder(name))), 'test');
    const told: [string, number, number][] = [];
    await runTraining(configOf('unstopped'), {
      listener: { work: (...values) => void told.push(values) },
    });
    expect(told.at(-1)).toEqual(['answers of the teacher', 400, 400]);
    const stop = new AbortController();
    const work = (what: string): void => {
      if (what === 'answers of the teacher') stop.abort();
    };
    const stopped = runTraining(configOf('stopped'), { signal: stop.signal, listener: { work } });
    await expect(stopped).rejects.toThrow(/^stopped after step 0; --resume goes on from .*checkpoint$/);
    await runTraining(configOf('stopped'), { resume: true });
    const [straight, resumed] = [await weights('unstopped'), await weights('stopped')];
    for (const [name, { values }] of straight) expect(resumed.get(name)!.values, name).toEqual(values);
  });

  it('are not begun where a stop comes before, and nothing is written', async () => {
    const config = parseRunConfig(literal(changes(inFolder('unbegun'))), 'test');
    const stop = new AbortController();
    const stopped = runTraining(config, { signal: stop.signal, listener: { work: () => stop.abort() } });
    await expect(stopped).rejects.toThrow('stopped before the first step; nothing was written');
    expect(existsSync(inFolder('unbegun'))).toBe(false);
  });

  it('let a signal through between two batches', async () => {
    const config = parseRunConfig(literal(changes(inFolder('signal'))), 'test');
    const { state, train: examples } = await prepareRun(config);
    let happened = false;
    const signal = setImmediate(() => {
      happened = true;
    });
    await predict(state, examples, { prune: false });
    clearImmediate(signal);
    expect(happened).toBe(true);
  });
});

describe('further texts for the teacher', () => {
  it('recombined pairs are seen by phases 2 and 3, which have a teacher, and not by phase 1', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${i}\tthe w${i % 7} of a${i}\tw${(i + 1) % 7} is b${i}`,
    );
    const folderOf = inFolder('pairs', 'RTE');
    await mkdir(folderOf, { recursive: true });
    const table = rows.map((row, i) => `${row}\t${i % 2 ? 'entailment' : 'not_entailment'}`);
    for (const file of ['train.tsv', 'dev.tsv'])
      await writeFile(join(folderOf, file), ['index\tsentence1\tsentence2\tlabel', ...table].join('\n'));
    const run = (distillation: Record<string, unknown>) => ({
      task: 'rte',
      data: { source: 'glue', directory: inFolder('pairs') },
      phases: { dense: { epochs: 1 }, soft: { epochs: 1 }, hard: { epochs: 1 } },
      batch: { tokens: 1024, examples: 12 },
      distillation,
    });
    const plain = await train('pairs-0', run({}));
    const more = await train('pairs-1', run({ recombined: 2 }));
    // Batches of 12: 60 pairs in 5 steps, 180 in 15.
    expect(plain.recorder.seen).toBe(15);
    expect(more.recorder.seen).toBe(35);
    const classifier = async (name: string) =>
      (await weights(name, 'dense')).get('classifier.weight')!.values;
    expect(await classifier('pairs-1')).toEqual(await classifier('pairs-0'));
    await expect(train('pairs-2', run({ recombined: 1, weight: 0 }))).rejects.toThrow(
      /recombined: expected a weight above 0, got 0/,
    );
  });

  it('single texts are joined for the teacher, alike for every seed', async () => {
    const data = { source: 'synthetic', syntheticTrain: 40, syntheticDev: 10 };
    const prepare = (changes: Record<string, unknown>) =>
      prepareRun(parseRunConfig(literal({ data, output: inFolder(), ...changes }), 'test'));
    const { train: own, unlabelled } = await prepare({ distillation: { weight: 0.7, recombined: 2 } });
    expect(unlabelled).toHaveLength(80);
    const last = own.at(-1)!.index;
    expect(unlabelled.map(({ index, label }) => [index, label])).toEqual(
      unlabelled.map((_, i) => [last + 1 + i, Number.NaN]),
    );
    // [CLS] and [SEP] once in place of twice, as far as the longest input allows.
    const partners = unlabelled.map(({ ids }, i) => ids.length - own[Math.floor(i / 2)]!.ids.length + 2);
    expect(own.map(({ ids }) => ids.length)).toEqual(expect.arrayContaining(partners));
    const again = await prepare({ seed: 9, distillation: { weight: 0.7, recombined: 2 } });
    expect(again.unlabelled).toEqual(unlabelled);
    expect((await prepare({})).unlabelled).toEqual([]);
  });
});
