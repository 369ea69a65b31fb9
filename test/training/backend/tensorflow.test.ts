/**
 * The backend of tfjs-node. `node scripts/tfjs-node.mjs` builds it and prints its folder; without that folder in
 * CIPHERPRUNE_TFJS_NODE these tests are skipped.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { type BackendName, useBackend } from '../../../training/backend/setup.js';
import { makeBatch } from '../../../training/loop/batches.js';
import { type PreparedRun, prepareRun } from '../../../training/loop/prepare.js';
import { type StepMasks, type StepOptions, trainingStep } from '../../../training/loop/step.js';
import { weightTensors } from '../../../training/network/model-state.js';
import { thresholdParameters } from '../../../training/network/thresholds.js';
import { literal, temporaryRuns } from '../loop/tiny-runs.js';

const folder = process.env.CIPHERPRUNE_TFJS_NODE ?? '';
const isThere = folder !== '' && existsSync(join(folder, 'node_modules', '@tensorflow', 'tfjs-node'));

/** Dropout draws other numbers on every backend. */
const short = {
  model: { ...literal().model, dropout: 0, attentionDropout: 0 },
  phases: {
    dense: { epochs: 1, learningRate: 2e-3 },
    soft: { epochs: 1, learningRate: 1e-3, thresholdLearningRate: 0.02 },
    hard: { epochs: 1, learningRate: 1e-3 },
  },
  data: { source: 'synthetic', syntheticTrain: 300, syntheticDev: 40 },
  batch: { tokens: 1024, examples: 12 },
  evaluationsPerEpoch: 0,
};

const spread = [0.25, 0.3];
const temperatures = [0.1, 0.12];
const masksOf: Readonly<Record<string, StepMasks>> = {
  dense: { mode: 'none' },
  soft: { mode: 'soft', temperatures, polarization: 0.5, lambda: 0.4, alpha: 0.5, norm: 'mean' },
  hard: { mode: 'hard', temperatures, polarization: 0.3 },
};

function optionsOf(masks: StepMasks, size: number): StepOptions {
  const teacher = Float32Array.from({ length: 2 * size }, (_, i) => Math.sin(i));
  return {
    masks,
    dropout: { hidden: 0, attention: 0, seed: 1 },
    distillation: { weight: 0.4, temperature: 2, teacher },
    freezeEmbeddings: false,
    labelSpread: 1,
    precision: 'float32',
  };
}

/** Loss, shares and gradients of one batch on a backend. */
async function stepOn(backend: BackendName, { state, train }: PreparedRun, phase: string) {
  await useBackend(backend);
  const group = train.slice(0, 24);
  const weights = weightTensors(state);
  const options = optionsOf(masksOf[phase]!, group.length);
  const step = trainingStep(state, weights, makeBatch(group), options, ({ dense, words }) => {
    const all = new Map([...dense].map(([name, values]) => [name, values.slice()]));
    all.set('words', words!.rows.slice());
    return all;
  });
  weights.dispose();
  return step;
}

/** Root mean square of the difference over that of the numbers. */
function relative(got: Float32Array, wanted: Float32Array): number {
  const squares = (of: (i: number) => number): number => wanted.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return Math.sqrt(
    squares((i) => got[i]! - wanted[i]!) /
      Math.max(
        squares((i) => wanted[i]!),
        1e-20,
      ),
  );
}

describe.skipIf(!isThere)('backend tensorflow', () => {
  const { train, weights, inFolder } = temporaryRuns();
  beforeAll(() => {
    createRequire(join(folder, 'package.json'))('@tensorflow/tfjs-node');
  });
  afterAll(async () => {
    await useBackend('native');
  });

  it.each(Object.keys(masksOf))('has the loss and the gradients of native: %s', async (phase) => {
    const prepared = await prepareRun(parseRunConfig(literal(short), 'test'));
    prepared.state.spread = spread;
    const thresholds = [
      { prune: 0.9, reduce: 1 },
      { prune: 0.95, reduce: 1.05 },
    ];
    for (const [name, parameter] of thresholdParameters(thresholds, spread))
      prepared.state.parameters.set(name, parameter);
    const native = await stepOn('native', prepared, phase);
    const tensorflow = await stepOn('tensorflow', prepared, phase);
    expect(Math.abs(tensorflow.result.loss / native.result.loss - 1)).toBeLessThan(1e-6);
    expect(tensorflow.result.correct).toBe(native.result.correct);
    tensorflow.result.kept.forEach((share, i) => {
      expect(share).toBeCloseTo(native.result.kept[i]!, 4);
    });
    if (phase !== 'dense') expect(native.result.kept[0]).toBeLessThan(0.95);
    expect([...tensorflow.used.keys()]).toEqual([...native.used.keys()]);
    // A key's bias moves all scores of a row alike: its gradient is rounding and nothing else.
    for (const [name, wanted] of native.used)
      if (!name.endsWith('key.bias'))
        expect(relative(tensorflow.used.get(name)!, wanted), name).toBeLessThan(1e-5);
  });

  it('trains all three phases as native does, step by step', async () => {
    await useBackend('native');
    const native = await train('native', short);
    await useBackend('tensorflow');
    const tensorflow = await train('tensorflow', short);
    const steps = tensorflow.recorder.steps;
    expect(steps.map(({ phase, step }) => [phase, step])).toEqual(
      native.recorder.steps.map(({ phase, step }) => [phase, step]),
    );
    expect(new Set(steps.map(({ phase }) => phase))).toEqual(new Set(['dense', 'soft', 'hard']));
    native.recorder.steps.forEach(({ loss, phase, step }, i) => {
      expect(Math.abs(steps[i]!.loss / loss - 1), `${phase} ${step}`).toBeLessThan(1e-4);
    });
    const [one, other] = [await weights('native'), await weights('tensorflow')];
    for (const [name, { values }] of one)
      if (name.endsWith('.weight'))
        expect(relative(other.get(name)!.values, values), name).toBeLessThan(1e-3);
  });

  it('resumes', async () => {
    await useBackend('tensorflow');
    await expect(train('broken', short, { stopAfter: 10 })).rejects.toThrow(/--resume/);
    const { recorder } = await train('broken', short, { resume: true });
    expect(recorder.notes.join()).toMatch(/resuming in the \w+ phase after step \d+/);
    const [straight, resumed] = [await weights('tensorflow'), await weights('broken')];
    for (const [name, { values }] of straight)
      if (name.endsWith('.weight'))
        expect(relative(resumed.get(name)!.values, values), name).toBeLessThan(1e-3);
    expect(existsSync(inFolder('broken', 'final'))).toBe(true);
  });
});
