import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { parseRunConfig } from '../../../config/load.js';
import { readArtifact, writeArtifact } from '../../../model/artifact/artifact-file.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { predict } from '../../../training/evaluate/predict.js';
import { exportArtifact } from '../../../training/export/export.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { runTraining } from '../../../training/loop/run-training.js';
import { Trainer } from '../../../training/loop/trainer.js';
import { stateOfCheckpoint } from '../../../training/network/model-state.js';
import { readJsonLines } from '../../../util/json-lines.js';
import { machineOfThis } from '../../../util/living-process.js';
import { denseOnly, literal, Recorder, temporaryRuns } from './tiny-runs.js';

const { inFolder, train, weights } = temporaryRuns();

describe('a whole run on generated sentences', () => {
  it('learns the task, prunes tokens, and exports an artifact that stands for the model', async () => {
    const { evaluation, recorder, config } = await train('whole', {});
    expect(evaluation.metrics.accuracy).toBeGreaterThan(0.9);
    expect(evaluation.keptRatio[1]).toBeLessThan(0.8);
    expect(evaluation.keptRatio[1]).toBeLessThanOrEqual(evaluation.keptRatio[0]!);
    // [CLS] alone, of sentences of six words and more.
    expect(evaluation.keptRatio[2]).toBeLessThan(0.2);
    expect(recorder.evaluations.map(({ phase }) => phase)).toContain('hard');
    const lines = (await readFile(inFolder('whole', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).event)).toContain('step');

    const checkpoint = await readCheckpoint(inFolder('whole', 'final'));
    expect(checkpoint.details).toMatchObject({
      task: { name: 'sst2', pair: false },
      prunes: true,
      reduces: true,
    });
    const { train: examples, dev } = await prepareRun(config);
    const before = await predict(stateOfCheckpoint(checkpoint), dev, { prune: true });
    expect(before.keptRatio).toEqual(evaluation.keptRatio);

    const fixedPoint = { ringBits: 37, fractionBits: 12 };
    const options = { weightBits: 8, embeddingBits: 8, fixedPoint };
    const { artifact, state, tensors, warnings } = await exportArtifact(
      checkpoint,
      examples.slice(0, 100),
      options,
    );
    expect(warnings).toEqual([]);
    for (const { relativeError } of tensors) expect(relativeError).toBeLessThan(0.03);
    const after = await predict(state, dev, { prune: true });
    const agreeing = before.logits.filter(
      (x, i) => i % 2 === 0 && x > before.logits[i + 1]! === after.logits[i]! > after.logits[i + 1]!,
    );
    expect(agreeing.length).toBeGreaterThan(0.97 * dev.length);

    const directory = inFolder('artifact');
    await writeArtifact(directory, artifact);
    const read = await readArtifact(directory);
    expect(read.artifact.public.ranges).toEqual(artifact.public.ranges);
    expect(read.artifact.private.layers[0]!.query.matrix).toEqual(artifact.private.layers[0]!.query.matrix);
  });
});

describe('a share for every layer', () => {
  it('is held to the end, by thresholds alone', async () => {
    const temperature = { value: 0.5, final: 0.1 };
    const polarization = { soft: 1, hard: 0.3 };
    const masks = { mode: 'prune', keep: [0.8, 0.3], lambda: 0.2, temperature, polarization };
    const { evaluation, recorder } = await train('shares', { masks });
    expect(evaluation.metrics.accuracy).toBeGreaterThan(0.85);
    expect(Math.abs(evaluation.keptRatio[0]! - 0.8)).toBeLessThan(0.15);
    expect(Math.abs(evaluation.keptRatio[1]! - 0.3)).toBeLessThan(0.15);
    const soft = recorder.steps.filter(({ phase }) => phase === 'soft');
    expect(soft.length).toBeGreaterThan(0);
    for (const { lambda } of soft) expect(lambda).toBe(0.2);
  });

  it('is refused where the model has another number of layers', async () => {
    const config = parseRunConfig(literal({ masks: { keep: [1, 0.5, 0.2] } }), 'test');
    await expect(prepareRun(config)).rejects.toThrow(/masks\.keep: expected 2 shares, .* got 3/);
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
        ['straight', `broken-${stopAfter}`].map((name) => readCheckpoint(inFolder(name, 'final'))),
      );
      expect(resumed!.details).toEqual(straight!.details);
      for (const [name, { values }] of straight!.tensors)
        expect(resumed!.tensors.get(name)!.values, name).toEqual(values);
    },
  );

  it('after a kill has every line of metrics.jsonl once, and counts steps on', async () => {
    const linesOf = async (name: string) =>
      (
        await readJsonLines<{ event: string; phase: string; step: number }>(inFolder(name, 'metrics.jsonl'))
      ).map(({ event, phase, step }) => `${event} ${phase} ${step}`);
    const { recorder: straight } = await train('straight', short);
    await expect(train('twice', short, { stopAfter: 7 })).rejects.toThrow(/--resume/);
    cpSync(inFolder('twice', 'checkpoint'), inFolder('before'), { recursive: true });
    await expect(train('twice', short, { resume: true, stopAfter: 6 })).rejects.toThrow(/--resume/);
    // As if it had been killed: it is at an older checkpoint, and half a line is there.
    rmSync(inFolder('twice', 'checkpoint'), { recursive: true });
    renameSync(inFolder('before'), inFolder('twice', 'checkpoint'));
    appendFileSync(inFolder('twice', 'metrics.jsonl'), '{"event":"st');
    const { recorder } = await train('twice', short, { resume: true });
    expect(await linesOf('twice')).toEqual(await linesOf('straight'));
    expect(straight.phases.map(([name]) => name)).toEqual(['dense', 'soft', 'hard']);
    expect(straight.phases[1]![1]).toBeGreaterThan(0);
    expect(recorder.phases).toEqual(straight.phases.slice(-recorder.phases.length));
  });

  it('leaves a metrics.jsonl alone that is not the one the checkpoint was written beside', async () => {
    await expect(train('cleared', short, { stopAfter: 7 })).rejects.toThrow(/--resume/);
    const others = `{"event":"${'x'.repeat(100_000)}"}\n`;
    writeFileSync(inFolder('cleared', 'metrics.jsonl'), others);
    await train('cleared', short, { resume: true });
    expect((await readFile(inFolder('cleared', 'metrics.jsonl'), 'utf8')).startsWith(others)).toBe(true);
  });

  it('refuses another configuration and a folder without a run', async () => {
    await train('other', short);
    await expect(train('other', { ...short, seed: 2 }, { resume: true })).rejects.toThrow(/another seed/);
    await expect(train('nothing', short, { resume: true })).rejects.toThrow(/expected a run/);
  });
});

describe('options of a run', () => {
  it('freezeEmbeddings leaves the three tables and their LayerNorm as they were', async () => {
    const config = literal(denseOnly);
    const frozen = { ...denseOnly, model: { ...config.model, freezeEmbeddings: true } };
    const { state } = await prepareRun(parseRunConfig(literal(frozen), 'test'));
    await train('frozen', frozen);
    for (const [name, { values }] of await weights('frozen')) {
      const before = state.parameters.get(name)!.values;
      if (name.startsWith('embeddings.')) expect(values, name).toEqual(before);
      else if (name.endsWith('dense.weight')) expect(values, name).not.toEqual(before);
    }
  });

  it('accumulation takes one step for several batches', async () => {
    const one = await train('single-batches', denseOnly);
    const three = await train('accumulated', {
      ...denseOnly,
      batch: { tokens: 1024, examples: 48, accumulation: 3 },
    });
    expect(three.recorder.seen).toBe(Math.ceil(one.recorder.seen / 3));
  });

  it('workers change no bit, and may change on --resume', async () => {
    const batch = { tokens: 1024, examples: 48 };
    await train('workers-1', { ...denseOnly, batch: { ...batch, workers: 1 } });
    await train('workers-3', { ...denseOnly, batch: { ...batch, workers: 3 } });
    const [one, three] = [await weights('workers-1'), await weights('workers-3')];
    for (const [name, { values }] of one) expect(three.get(name)!.values, name).toEqual(values);
    await train('workers-1', { ...denseOnly, batch: { ...batch, workers: 2 } }, { resume: true });
  });

  it("a phase's dropout stands in place of the model's", async () => {
    const epochs = (dropout: number | null) => ({
      dense: { epochs: 0.3, dropout },
      soft: { epochs: 0.3, dropout },
      hard: { epochs: 0.3, dropout },
    });
    const model = (dropout: number) => ({ ...literal().model, dropout, attentionDropout: dropout });
    const classifier = async (name: string, changes: Record<string, unknown>) => {
      await train(name, { ...denseOnly, ...changes });
      return (await weights(name)).get('classifier.weight')!.values;
    };
    const without = await classifier('dropout-0', { model: model(0), phases: epochs(null) });
    expect(await classifier('dropout-1', { model: model(0.4), phases: epochs(0) })).toEqual(without);
    expect(await classifier('dropout-2', { model: model(0.4), phases: epochs(null) })).not.toEqual(without);
  });

  it('a soft phase that prunes everything is warned of once, with λ and what to do', async () => {
    const { recorder } = await train('collapse', {
      ...denseOnly,
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
    JSON.parse(await readFile(inFolder(name, 'run.json'), 'utf8')).precision;
  afterEach(() => kernels.limitIsa(2));

  it('falls back to float32 without the instruction, and run.json says which it was', async () => {
    kernels.limitIsa(1);
    const { recorder } = await train('fallen-back', short);
    expect(await used('fallen-back')).toBe('float32');
    expect(recorder.notes.join()).toContain('float32');
    await train('single', { ...short, precision: 'float32' });
    const name = 'encoder.layer.0.output.dense.weight';
    expect((await weights('fallen-back')).get(name)).toEqual((await weights('single')).get(name));
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
    const trainer = new Trainer(config, prepared, inFolder('nan'), poison);
    await expect(trainer.run({ resume: false })).rejects.toThrow(/dense phase, step 6: the loss is NaN/);
    const { tensors } = await readCheckpoint(inFolder('nan', 'checkpoint'));
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
    const directory = inFolder('full');
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

  it('refuses a folder that holds a run, and keeps a finished one until the new one is finished', async () => {
    const quick = { ...short, phases: { ...short.phases, dense: { epochs: 0.3, learningRate: 4e-3 } } };
    const config = parseRunConfig(literal({ ...quick, output: inFolder('taken') }), 'test');
    const first = await runTraining(config);
    const before = (await weights('taken')).get('classifier.weight')!.values;
    await expect(runTraining(config)).rejects.toThrow(/taken holds a run already \(final\).*--overwrite/);
    const kept = inFolder('taken.replaced', 'final');
    const other = { ...config, seed: 2 };
    const abort = new AbortController();
    const examples = (): void => abort.abort();
    const stopped = runTraining(other, { overwrite: true, signal: abort.signal, listener: { examples } });
    await expect(stopped).rejects.toThrow(/--resume goes on/);
    expect(existsSync(join(inFolder('taken'), 'final'))).toBe(false);
    expect((await readCheckpoint(kept)).tensors.get('classifier.weight')!.values).toEqual(before);
    await expect(runTraining(other)).rejects.toThrow(/holds a run already \(checkpoint\)/);
    const { checkpoint } = await runTraining(other, { resume: true });
    expect(checkpoint).toBe(first.checkpoint);
    expect((await weights('taken')).get('classifier.weight')!.values).not.toEqual(before);
    expect(existsSync(kept)).toBe(false);
  });

  it('removes no files of others, not even with --overwrite', async () => {
    const config = parseRunConfig(literal({ ...short, output: inFolder('foreign') }), 'test');
    mkdirSync(inFolder('foreign', 'best'), { recursive: true });
    for (const overwrite of [false, true])
      await expect(runTraining(config, { overwrite })).rejects.toThrow(
        /foreign is not replaced: it holds best, but no run\.json/,
      );
    expect(existsSync(inFolder('foreign', 'best'))).toBe(true);
  });

  it('writes event files into the folder that it clears at its beginning', async () => {
    const output = inFolder('events');
    const config = parseRunConfig(literal({ ...denseOnly, output }), 'test');
    await runTraining(config, { tensorboard: true });
    expect(readdirSync(join(output, 'tensorboard'))).toEqual([
      expect.stringMatching(/^events\.out\.tfevents\./),
    ]);
  });

  it('goes on from a checkpoint that a killed process was just replacing', async () => {
    const output = inFolder('killed');
    const config = parseRunConfig(literal({ ...denseOnly, output }), 'test');
    const stop = new AbortController();
    const examples = (): void => stop.abort();
    const interrupted = runTraining(config, { signal: stop.signal, listener: { examples } });
    await expect(interrupted).rejects.toThrow(/--resume goes on/);
    // The old one was moved away, the new one not yet moved in, by a process that is no more.
    const place = join(output, 'checkpoint');
    const temporary = `${place}.${machineOfThis()}-4194305-0123abcd.tmp`;
    cpSync(place, temporary, { recursive: true });
    renameSync(place, `${temporary}.old`);
    const notes: string[] = [];
    const note = (line: string): void => void notes.push(line);
    await runTraining(config, { resume: 'if-begun', listener: { note } });
    expect(notes.join()).toMatch(/resuming in the dense phase after step 1/);
    expect(readdirSync(output).filter((name) => name.endsWith('.old'))).toEqual([]);
  });

  it('says before reading any data that nothing can be written', async () => {
    const file = inFolder('a-file');
    writeFileSync(file, '');
    const data = { source: 'glue', directory: 'no/such/folder' };
    const config = parseRunConfig(literal({ ...short, data, output: join(file, 'run') }), 'test');
    await expect(runTraining(config)).rejects.toThrow(
      /expected a folder to write to, but .*a-file is a file/,
    );
  });

  it('names a bad configuration', () => {
    expect(() => parseRunConfig(literal({ phases: { dense: { epochs: -1 } } }), 'bad.yaml')).toThrow(
      /bad.yaml: phases.dense.epochs/,
    );
  });
});
