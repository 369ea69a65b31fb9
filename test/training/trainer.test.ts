import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../configs/load.js';
import { kernels } from '../../kernels/addon.js';
import { readArtifact, writeArtifact } from '../../model/artifact-file.js';
import { readCheckpoint } from '../../model/checkpoint.js';
import { useBackend } from '../../training/backend/setup.js';
import { branchRun } from '../../training/branch.js';
import { predict } from '../../training/evaluate.js';
import { exportArtifact } from '../../training/export.js';
import { stateOfCheckpoint } from '../../training/model-state.js';
import { prepareRun } from '../../training/prepare.js';
import type { EvaluationReport, Listener, StepReport } from '../../training/progress.js';
import { Teacher } from '../../training/teacher.js';
import { type StopRequest, Trainer } from '../../training/trainer.js';

let folder: string;
beforeAll(async () => {
  await useBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-train-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A tiny run on generated sentences. */
const literal = (changes: Record<string, unknown> = {}) => ({
  name: 'test',
  task: 'sst2',
  model: {
    architecture: {
      layers: 3,
      heads: 2,
      hiddenSize: 32,
      intermediateSize: 64,
      maxPositions: 48,
      initializerRange: 0.1,
    },
    tokenizer: { source: 'learned', vocabularySize: 300 },
    maxTokens: 40,
    dropout: 0.05,
    attentionDropout: 0.05,
  },
  data: { source: 'synthetic', syntheticTrain: 2400, syntheticDev: 200 },
  batch: { tokens: 1024, examples: 48 },
  phases: {
    dense: { epochs: 5, learningRate: 4e-3 },
    soft: { epochs: 1, learningRate: 2e-3, thresholdLearningRate: 0.04 },
    hard: { epochs: 1, learningRate: 2e-3 },
  },
  masks: { temperature: { value: 0.5, final: 0.1 }, keep: 0.5 },
  ...changes,
});

class Recorder implements Listener {
  readonly steps: StepReport[] = [];
  readonly evaluations: EvaluationReport[] = [];
  readonly notes: string[] = [];
  seen = 0;
  constructor(private readonly onStep: (count: number) => void = () => undefined) {}
  note(text: string): void {
    this.notes.push(text);
  }
  phase(): void {}
  examples(): void {
    this.onStep(++this.seen);
  }
  step(report: StepReport): void {
    this.steps.push(report);
  }
  evaluation(report: EvaluationReport): void {
    this.evaluations.push(report);
  }
}

async function train(
  name: string,
  changes: Record<string, unknown>,
  options: { resume?: boolean; stopAfter?: number } = {},
) {
  const config = parseRunConfig(literal(changes), 'test');
  const stop: StopRequest = { requested: false };
  const recorder = new Recorder((count) => {
    if (count === options.stopAfter) stop.requested = true;
  });
  const trainer = new Trainer(config, await prepareRun(config), join(folder, name), recorder, stop);
  const evaluation = await trainer.run({ resume: options.resume ?? false });
  return { evaluation, recorder, config };
}

describe('a whole run on generated sentences', () => {
  it('learns the task, prunes tokens, and exports an artifact that stands for the model', async () => {
    const { evaluation, recorder, config } = await train('whole', {});
    expect(evaluation.metrics.accuracy).toBeGreaterThan(0.9);
    expect(evaluation.keptRatio[1]).toBeLessThan(0.8);
    expect(evaluation.keptRatio[1]).toBeLessThanOrEqual(evaluation.keptRatio[0]!);
    // [CLS] alone, of sentences of six words and more.
    expect(evaluation.keptRatio[2]).toBeLessThan(0.2);
    expect(recorder.evaluations.map(({ phase }) => phase)).toContain('hard');
    const lines = (await readFile(join(folder, 'whole', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).event)).toContain('step');

    const checkpoint = await readCheckpoint(join(folder, 'whole', 'final'));
    expect(checkpoint.details).toMatchObject({ task: 'sst2', prunes: true, reduces: true });
    const { train: examples, dev } = await prepareRun(config);
    const before = predict(stateOfCheckpoint(checkpoint), dev, { prune: true });
    expect(before.keptRatio).toEqual(evaluation.keptRatio);

    const fixedPoint = { ringBits: 37, fractionBits: 12 };
    const options = { weightBits: 8, embeddingBits: 8, fixedPoint };
    const { artifact, state, tensors, warnings } = exportArtifact(
      checkpoint,
      examples.slice(0, 100),
      options,
    );
    expect(warnings).toEqual([]);
    for (const { relativeError } of tensors) expect(relativeError).toBeLessThan(0.03);
    const after = predict(state, dev, { prune: true });
    const agreeing = before.logits.filter(
      (x, i) => i % 2 === 0 && x > before.logits[i + 1]! === after.logits[i]! > after.logits[i + 1]!,
    );
    expect(agreeing.length).toBeGreaterThan(0.97 * dev.length);

    const directory = join(folder, 'artifact');
    await writeArtifact(directory, artifact);
    const read = await readArtifact(directory);
    expect(read.artifact.public.ranges).toEqual(artifact.public.ranges);
    expect(read.artifact.private.layers[0]!.query.matrix).toEqual(artifact.private.layers[0]!.query.matrix);
  });
});

describe('resuming', () => {
  const short = {
    phases: {
      dense: { epochs: 0.6, learningRate: 4e-3 },
      soft: { epochs: 0.5, learningRate: 2e-3 },
      hard: { epochs: 0.5, learningRate: 2e-3 },
    },
    data: { source: 'synthetic', syntheticTrain: 400, syntheticDev: 30 },
    evaluationsPerEpoch: 0,
  };

  beforeAll(() => train('straight', short));

  it.each([[3], [8], [13]])(
    'after an interruption in step %i gives the same bits as one run',
    async (stopAfter) => {
      await train('straight', short);
      await expect(train(`broken-${stopAfter}`, short, { stopAfter })).rejects.toThrow(/--resume/);
      await train(`broken-${stopAfter}`, short, { resume: true });
      const [straight, resumed] = await Promise.all(
        ['straight', `broken-${stopAfter}`].map((name) => readCheckpoint(join(folder, name, 'final'))),
      );
      expect(resumed!.details).toEqual(straight!.details);
      for (const [name, { values }] of straight!.tensors)
        expect(resumed!.tensors.get(name)!.values, name).toEqual(values);
    },
  );

  it('refuses another configuration and a folder without a run', async () => {
    await train('other', short);
    await expect(train('other', { ...short, seed: 2 }, { resume: true })).rejects.toThrow(/another seed/);
    await expect(train('nothing', short, { resume: true })).rejects.toThrow(/expected a run/);
  });
});

describe('options of a run', () => {
  const short = {
    phases: { dense: { epochs: 0.6, learningRate: 4e-3 }, soft: { epochs: 0 }, hard: { epochs: 0 } },
    data: { source: 'synthetic', syntheticTrain: 400, syntheticDev: 20 },
    masks: { mode: 'none' },
  };
  const weights = async (name: string) => (await readCheckpoint(join(folder, name, 'final'))).tensors;

  it('freezeEmbeddings leaves the three tables and their LayerNorm as they were', async () => {
    const config = literal(short);
    const frozen = { ...short, model: { ...config.model, freezeEmbeddings: true } };
    const { state } = await prepareRun(parseRunConfig(literal(frozen), 'test'));
    await train('frozen', frozen);
    for (const [name, { values }] of await weights('frozen')) {
      const before = state.parameters.get(name)!.values;
      if (name.startsWith('embeddings.')) expect(values, name).toEqual(before);
      else if (name.endsWith('dense.weight')) expect(values, name).not.toEqual(before);
    }
  });

  it('accumulation takes one step for several batches', async () => {
    const one = await train('single-batches', short);
    const three = await train('accumulated', {
      ...short,
      batch: { tokens: 1024, examples: 48, accumulation: 3 },
    });
    expect(three.recorder.seen).toBe(Math.ceil(one.recorder.seen / 3));
  });

  it('workers change no bit, and may change on --resume', async () => {
    const batch = { tokens: 1024, examples: 48 };
    await train('workers-1', { ...short, batch: { ...batch, workers: 1 } });
    await train('workers-3', { ...short, batch: { ...batch, workers: 3 } });
    const [one, three] = [await weights('workers-1'), await weights('workers-3')];
    for (const [name, { values }] of one) expect(three.get(name)!.values, name).toEqual(values);
    await train('workers-1', { ...short, batch: { ...batch, workers: 2 } }, { resume: true });
  });

  it('distillation follows the mean of the teachers that it is given, which must be of the same classes', async () => {
    const names = ['teacher-1', 'teacher-2'];
    for (const [i, name] of names.entries()) await train(name, { ...short, seed: i });
    const teachers = names.map((name) => join(folder, name, 'final'));
    const config = parseRunConfig(literal({ ...short, distillation: { teachers } }), 'test');
    const { state, train: examples } = await prepareRun(config);
    const some = examples.slice(0, 5);
    const each = await Promise.all(
      teachers.map(async (directory) => {
        const model = stateOfCheckpoint(await readCheckpoint(directory));
        return predict(model, some, { prune: false }).logits;
      }),
    );
    const own = { weights: 'nowhere', logits: 'nowhere' };
    const logitFiles = () => readdirSync(teachers[0]!).filter((file) => file.startsWith('logits-'));
    // The second time from the files that the first one left.
    for (const known of [1, 2]) {
      const teacher = (await Teacher.load(own, state, examples, config))!;
      [...teacher.of(some)].forEach((logit, i) => {
        expect(logit, `load ${known}`).toBeCloseTo((each[0]![i]! + each[1]![i]!) / 2, 5);
      });
      expect(logitFiles()).toHaveLength(1);
    }
    await Teacher.load(own, state, examples.slice(1), config);
    expect(logitFiles()).toHaveLength(2);
    const other = { ...state, config: { ...state.config, labels: ['a', 'b', 'c'] } };
    await expect(Teacher.load(own, other, examples, config)).rejects.toThrow(
      /teacher-1.*expected a model for sst2 with a, b, c .*got one for sst2 with negative, positive/,
    );
  });

  it('settings that go on from one dense run share what its model says, and train as if alone', async () => {
    const run = (mode: string) => ({
      ...short,
      phases: { dense: { epochs: 0.5 }, soft: { epochs: 0.3 }, hard: { epochs: 0.3 } },
      masks: { mode },
    });
    await train('origin', run('none'));
    const dense = join(folder, 'origin');
    const logitFiles = (of: string) =>
      readdirSync(join(folder, of)).filter((name) => name.startsWith('logits-'));
    const times = new Set<number>();
    for (const [i, mode] of ['prune', 'prune-reduce'].entries()) {
      await branchRun(dense, parseRunConfig(literal(run(mode)), 'test'), join(folder, `setting-${i}`));
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

  it("a phase's dropout stands in place of the model's", async () => {
    const epochs = (dropout: number | null) => ({
      dense: { epochs: 0.3, dropout },
      soft: { epochs: 0.3, dropout },
      hard: { epochs: 0.3, dropout },
    });
    const model = (dropout: number) => ({ ...literal().model, dropout, attentionDropout: dropout });
    const weights = async (name: string, changes: Record<string, unknown>) => {
      await train(name, { ...short, ...changes });
      return (await readCheckpoint(join(folder, name, 'final'))).tensors.get('classifier.weight')!.values;
    };
    const without = await weights('dropout-0', { model: model(0), phases: epochs(null) });
    expect(await weights('dropout-1', { model: model(0.4), phases: epochs(0) })).toEqual(without);
    expect(await weights('dropout-2', { model: model(0.4), phases: epochs(null) })).not.toEqual(without);
  });

  it('recombined pairs are seen by phases 2 and 3, which have a teacher, and not by phase 1', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${i}\tthe w${i % 7} of a${i}\tw${(i + 1) % 7} is b${i}`,
    );
    const folderOf = join(folder, 'pairs', 'RTE');
    await mkdir(folderOf, { recursive: true });
    const table = rows.map((row, i) => `${row}\t${i % 2 ? 'entailment' : 'not_entailment'}`);
    for (const file of ['train.tsv', 'dev.tsv'])
      await writeFile(join(folderOf, file), ['index\tsentence1\tsentence2\tlabel', ...table].join('\n'));
    const run = (distillation: Record<string, unknown>) => ({
      task: 'rte',
      data: { source: 'glue', directory: join(folder, 'pairs') },
      phases: { dense: { epochs: 1 }, soft: { epochs: 1 }, hard: { epochs: 1 } },
      batch: { tokens: 1024, examples: 12 },
      distillation,
    });
    const plain = await train('pairs-0', run({}));
    const more = await train('pairs-1', run({ recombined: 2 }));
    // Batches of 12: 60 pairs in 5 steps, 180 in 15.
    expect(plain.recorder.seen).toBe(15);
    expect(more.recorder.seen).toBe(35);
    const dense = async (name: string) =>
      (await readCheckpoint(join(folder, name, 'dense'))).tensors.get('classifier.weight')!.values;
    expect(await dense('pairs-1')).toEqual(await dense('pairs-0'));
    await expect(train('pairs-2', run({ recombined: 1, weight: 0 }))).rejects.toThrow(
      /recombined: expected a weight above 0, got 0/,
    );
  });

  it('single texts are joined for the teacher, alike for every seed', async () => {
    const data = { source: 'synthetic', syntheticTrain: 40, syntheticDev: 10 };
    const prepare = (changes: Record<string, unknown>) =>
      prepareRun(parseRunConfig(literal({ data, output: folder, ...changes }), 'test'));
    const { train: own, unlabelled } = await prepare({ distillation: { weight: 0.7, recombined: 2 } });
    expect(unlabelled).toHaveLength(80);
    const last = own.at(-1)!.index;
    expect(unlabelled.map(({ index, label }) => [index, label])).toEqual(
      unlabelled.map((_, i) => [last + 1 + i, -1]),
    );
    // [CLS] and [SEP] once in place of twice, as far as the longest input allows.
    const partners = unlabelled.map(({ ids }, i) => ids.length - own[Math.floor(i / 2)]!.ids.length + 2);
    expect(own.map(({ ids }) => ids.length)).toEqual(expect.arrayContaining(partners));
    const again = await prepare({ seed: 9, distillation: { weight: 0.7, recombined: 2 } });
    expect(again.unlabelled).toEqual(unlabelled);
    expect((await prepare({})).unlabelled).toEqual([]);
  });

  it('a soft phase that prunes everything is warned of once, with λ and what to do', async () => {
    const { recorder } = await train('collapse', {
      ...short,
      phases: {
        dense: { epochs: 0.2 },
        soft: { epochs: 8, thresholdLearningRate: 0.5 },
        hard: { epochs: 0 },
      },
      masks: { lambda: 20 },
    });
    const warnings = recorder.notes.filter((note) => note.includes('prune nearly everything'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/soft phase, step \d+: with λ = 20\.00 .*--keep/);
  });
});

describe('precision', () => {
  const short = {
    phases: { dense: { epochs: 0.5, learningRate: 4e-3 }, soft: { epochs: 0 }, hard: { epochs: 0 } },
    data: { source: 'synthetic', syntheticTrain: 400, syntheticDev: 20 },
    masks: { mode: 'none' },
    precision: 'bf16',
  };
  const used = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name, 'run.json'), 'utf8')).precision;
  afterEach(() => kernels.limitIsa(2));

  it('falls back to float32 without the instruction, and run.json says which it was', async () => {
    kernels.limitIsa(1);
    const { recorder } = await train('fallen-back', short);
    expect(await used('fallen-back')).toBe('float32');
    expect(recorder.notes.join()).toContain('float32');
    await train('single', { ...short, precision: 'float32' });
    const [fallen, single] = await Promise.all(
      ['fallen-back', 'single'].map((name) => readCheckpoint(join(folder, name, 'final'))),
    );
    const name = 'encoder.layer.0.output.dense.weight';
    expect(fallen!.tensors.get(name)!.values).toEqual(single!.tensors.get(name)!.values);
  });

  it.skipIf(!kernels.hasBfloat16())('is not changed by --resume', async () => {
    await train('rounded', short);
    expect(await used('rounded')).toBe('bf16');
    kernels.limitIsa(1);
    await expect(train('rounded', short, { resume: true })).rejects.toThrow(/another precision/);
  });
});

describe('what goes wrong', () => {
  const short = {
    phases: { dense: { epochs: 1, learningRate: 4e-3 }, soft: { epochs: 0 }, hard: { epochs: 0 } },
    data: { source: 'synthetic', syntheticTrain: 400, syntheticDev: 20 },
    masks: { mode: 'none' },
    checkpointEverySteps: 2,
  };

  it('stops at NaN and leaves the last checkpoint whole', async () => {
    const config = parseRunConfig(literal({ ...short, optimizer: { clipNorm: null } }), 'test');
    const prepared = await prepareRun(config);
    const poison = new Recorder((count) => {
      if (count === 5) prepared.state.parameters.get('pooler.dense.bias')!.values[0] = Number.NaN;
    });
    const trainer = new Trainer(config, prepared, join(folder, 'nan'), poison);
    await expect(trainer.run({ resume: false })).rejects.toThrow(/dense phase, step 6: the loss is NaN/);
    const { tensors } = await readCheckpoint(join(folder, 'nan', 'checkpoint'));
    for (const { values } of tensors.values()) expect(values.every(Number.isFinite)).toBe(true);
  });

  it('stops when the loss diverges', async () => {
    const wild = { ...short, phases: { ...short.phases, dense: { epochs: 40, learningRate: 30 } } };
    await expect(train('wild', { ...wild, optimizer: { clipNorm: null } })).rejects.toThrow(
      /dense phase, step \d+: /,
    );
  });

  it('says what could not be written', async () => {
    const config = parseRunConfig(literal(short), 'test');
    const directory = join(folder, 'full');
    // A file in the place of the run's folder: writing fails as on a full disk, whoever runs the tests.
    const block = new Recorder((count) => {
      if (count !== 1) return;
      rmSync(directory, { recursive: true });
      writeFileSync(directory, 'in the way');
    });
    const trainer = new Trainer(config, await prepareRun(config), directory, block);
    await expect(trainer.run({ resume: false })).rejects.toThrow(
      /writing below .*full failed in the dense phase after step \d+: .*; the checkpoint written before is intact/,
    );
  });

  it('names a bad configuration', () => {
    expect(() => parseRunConfig(literal({ phases: { dense: { epochs: -1 } } }), 'bad.yaml')).toThrow(
      /bad.yaml: phases.dense.epochs/,
    );
  });
});
