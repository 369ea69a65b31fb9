import * as tf from '@tensorflow/tfjs';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { recipeFor } from '../../../config/recipe.js';
import { type Batch, makeBatch } from '../../../training/loop/batches.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { trainingStep } from '../../../training/loop/step.js';
import { Watchdog } from '../../../training/loop/watchdog.js';
import { NO_DROPOUT } from '../../../training/network/encoder.js';
import { weightTensors } from '../../../training/network/model-state.js';
import { crossEntropy } from '../../../training/network/losses.js';
import { literal, temporaryRuns } from './tiny-runs.js';

const { inFolder, train } = temporaryRuns();

describe('balanced class weights', () => {
  it('are the mean count over the count of the class, and weigh the loss of its rows', async () => {
    const file = inFolder('rare.csv');
    const rows = Array.from({ length: 40 }, (_, i) => `text number ${i},${i % 4 === 0 ? 'rare' : 'common'}`);
    writeFileSync(file, ['text,label', ...rows].join('\n'));
    const changes = {
      task: { name: 'rare', labels: ['common', 'rare', 'never'] },
      data: { source: 'files', train: file, dev: file },
    };
    const prepared = (classWeights: string) =>
      prepareRun(parseRunConfig(literal({ ...changes, classWeights }), 'test'));
    const { classWeights } = await prepared('balanced');
    expect([...classWeights!]).toEqual([Math.fround(40 / (2 * 30)), 2, 0]);
    expect((await prepared('none')).classWeights).toBeNull();

    const logits = [
      [0.5, -1, 0.2],
      [1, 0.25, -2],
      [0, 0, 0],
    ];
    const nll = (row: number, label: number): number =>
      Math.log(logits[row]!.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[row]![label]!;
    const expected = ((40 / 60) * nll(0, 0) + 2 * nll(1, 1)) / 2;
    const labels = Float32Array.of(0, 1, Number.NaN);
    const loss = crossEntropy(tf.tensor2d(logits), labels, classWeights).dataSync()[0]!;
    expect(loss).toBeCloseTo(expected, 5);
    const phases = { dense: { epochs: 1 }, soft: { epochs: 0 }, hard: { epochs: 0 } };
    const run = { ...changes, phases, masks: { mode: 'none' } };
    const [plain, weighted] = [
      await train('plain', run),
      await train('weighted', { ...run, classWeights: 'balanced' }),
    ];
    expect(weighted.recorder.steps[0]!.taskLoss).not.toBe(plain.recorder.steps[0]!.taskLoss);
  });
});

it('of a rare class do not look like a loss that diverges', async () => {
  const file = inFolder('very-rare.csv');
  const rows = Array.from({ length: 600 }, (_, i) => `text number ${i},${i === 5 ? 'rare' : 'common'}`);
  writeFileSync(file, ['text,label', ...rows].join('\n'));
  const changes = {
    task: { name: 'rare', labels: ['common', 'rare'] },
    data: { source: 'files', train: file, dev: file },
    classWeights: 'balanced',
  };
  const { state, train: examples, classWeights } = await prepareRun(parseRunConfig(literal(changes), 'test'));
  const weights = weightTensors(state);
  const stepOf = (batch: Batch) => ({
    step: 1,
    gradientNorm: 1,
    result: trainingStep(
      state,
      weights,
      batch,
      {
        masks: { mode: 'none' },
        dropout: NO_DROPOUT,
        distillation: null,
        freezeEmbeddings: false,
        labelSpread: 1,
        classWeights,
        precision: 'float32',
      },
      () => undefined,
    ).result,
  });
  const watchdog = new Watchdog('dense', Math.log(2), 'folder');
  const { step, gradientNorm, result } = stepOf(makeBatch(examples.slice(0, 16)));
  // 15 of 600 / (2 · 599), one of 600 / 2
  expect(result.classWeight).toBeCloseTo((15 * (600 / 1198) + 300) / 16, 3);
  expect(result.taskLoss).toBeGreaterThan(5 * Math.log(2));
  watchdog.check({ step, gradientNorm, result });
  const diverged = { ...result, taskLoss: 200 * result.taskLoss };
  expect(() => watchdog.check({ step: 2, gradientNorm, result: diverged })).toThrow(/the loss diverged to/);
  weights.dispose();
});

describe('the recipe', () => {
  it('takes the more epochs the fewer rows there are, some hundred steps at least and not for ever', () => {
    const steps = [200, 700, 5_000, 200_000].map((rows) => {
      const { batch, phases } = recipeFor({ rows });
      return Object.values(phases).map(({ epochs }) => Math.round((epochs * rows) / batch.examples));
    });
    for (const phases of steps) for (const count of phases) expect(count).toBeGreaterThan(100);
    for (const [a, b] of [[0, 2], [2, 3]] as const) // biome-ignore format: one idea a line
      expect(steps[a]!.reduce((x, y) => x + y)).toBeLessThanOrEqual(steps[b]!.reduce((x, y) => x + y));
    expect(recipeFor({ rows: 200_000 }).phases.dense.epochs).toBe(2);
    expect(recipeFor({ rows: 200 }).phases.dense.epochs).toBe(15);
  });
});
