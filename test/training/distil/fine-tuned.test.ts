import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { generateSynthetic } from '../../../data/sources/synthetic.js';
import { train as trainModel } from '../../../index.js';
import { exactCurves } from '../../../methods/curves.js';
import { readCheckpoint, writeCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { predictions } from '../../../training/evaluate/evaluate.js';
import { predict } from '../../../training/evaluate/predict.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { stateOfCheckpoint } from '../../../training/network/model-state.js';
import { literal, temporaryRuns } from '../loop/tiny-runs.js';

const { train, inFolder } = temporaryRuns();
const texts = generateSynthetic({ seed: 7, train: 500, dev: 1 }).train.map(({ text }) => text);
let model = '';
let file = '';

/** A model that was fine-tuned elsewhere: no file of ours in its folder. */
beforeAll(async () => {
  await train('elsewhere', {
    phases: { dense: { epochs: 3, learningRate: 4e-3 }, soft: { epochs: 0 }, hard: { epochs: 0 } },
    masks: { mode: 'none' },
  });
  model = inFolder('fine-tuned');
  await writeCheckpoint(model, { ...(await readCheckpoint(inFolder('elsewhere', 'final'))), details: null });
  file = inFolder('texts.txt');
  writeFileSync(file, texts.join('\n'));
});

describe('a fine-tuned model, adapted by its own answers', () => {
  it('needs no labels: those of a run are what the exact model says', async () => {
    const config = parseRunConfig(
      literal({
        model: { checkpoint: model, maxTokens: 40 },
        task: { name: 'moods', labels: ['negative', 'positive'] },
        data: { source: 'texts', train: file },
        distillation: { weight: 1, fromStart: true },
      }),
      'test',
    );
    const { train: examples, dev, teacher, notes, task } = await prepareRun(config);
    expect([examples.length + dev.length, task.pair]).toEqual([500, false]);
    const exact = await predict(stateOfCheckpoint(await readCheckpoint(model)), examples, {
      prune: false,
      curves: exactCurves,
    });
    expect(examples.map(({ label }) => label)).toEqual(
      predictions(exact.logits, (await readCheckpoint(model)).config),
    );
    expect(teacher!.of(examples.slice(3, 5))).toEqual(exact.logits.slice(6, 10));
    expect(notes.join()).toMatch(/labels are the answers of .*fine-tuned/);
  });

  it('follows the exact model with the polynomials, and with fewer tokens', async () => {
    const set = [
      'data.maxBadRows=0',
      'phases.dense.learningRate=0.0005',
      'phases.soft.learningRate=0.001',
      'phases.hard.learningRate=0.001',
      'batch.tokens=512',
    ];
    const options = { fromFineTuned: model, train: file, task: 'moods', set };
    const dense = await trainModel({ ...options, out: inFolder('adapted') });
    expect(dense.evaluation.metrics.accuracy).toBeGreaterThan(0.95);
    expect(dense.evaluation.meanKeptRatio).toBeGreaterThan(0.3);
    const pruned = await trainModel({ ...options, out: inFolder('pruned'), keep: 0.6 });
    expect(pruned.evaluation.metrics.accuracy).toBeGreaterThan(0.85);
    expect(Math.abs(pruned.evaluation.meanKeptRatio - 0.6)).toBeLessThan(0.12);
    const { details, config } = await readCheckpoint(pruned.checkpoint);
    expect(details).toMatchObject({ task: { name: 'moods' }, prunes: true });
    expect(config.labels).toEqual(['negative', 'positive']);
  });

  it('is followed layer by layer, then by its answers, for functions far from those that it was taught with', async () => {
    const set = [
      'data.maxBadRows=0',
      'phases.layers.learningRate=0.002',
      'phases.layers.epochs=5',
      'method=mpcformer',
    ];
    const options = { fromFineTuned: model, train: file, task: 'moods', out: inFolder('layers') };
    const { evaluation, checkpoint } = await trainModel({ ...options, set });
    expect(evaluation.metrics.accuracy).toBeGreaterThan(0.9);
    expect((await readCheckpoint(checkpoint)).details?.method).toBe('mpcformer');
    const lines = readFileSync(inFolder('layers', 'metrics.jsonl'), 'utf8').split('\n').filter(Boolean);
    const phases = lines.map((line) => (JSON.parse(line) as { phase: string }).phase);
    expect([...new Set(phases)]).toEqual(['layers', 'answers']);
  });

  it('refuses an encoder without a classifier, and a configuration beside it', async () => {
    const options = { fromFineTuned: model, train: file, out: inFolder('no') };
    await expect(trainModel({ ...options, model })).rejects.toThrow(/expected neither --config nor --model/);
    await expect(trainModel({ fromFineTuned: model })).rejects.toThrow(/expected --train, a file of texts/);
    const headless = parseRunConfig(literal({ distillation: { weight: 1, fromStart: true } }), 'test');
    await expect(prepareRun(headless)).rejects.toThrow(
      /expected model\.checkpoint, a fine-tuned model, got none/,
    );
  });
});
