import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { balanceWarnings, describeBalance } from '../../../data/metrics/balance.js';
import { scoresOf, warningsOf } from '../../../data/metrics/scores.js';
import { type Best, isExhausted, selectionAfter } from '../../../training/loop/selection.js';
import { literal, temporaryRuns } from './tiny-runs.js';

const { train, inFolder, weights } = temporaryRuns();

describe('the best model of a phase', () => {
  it('is the one of the highest score, then of the lowest loss; patience counts what came after it', () => {
    const evaluations = [
      { metrics: { accuracy: 0.5 }, loss: 0.7 },
      { metrics: { accuracy: 0.8 }, loss: 0.5 },
      { metrics: { accuracy: 0.8 }, loss: 0.4 },
      { metrics: { accuracy: 0.8 }, loss: 0.6 },
      { metrics: { accuracy: 0.7 }, loss: 0.1 },
    ];
    let best: Best | null = null;
    const since: number[] = [];
    for (const [i, evaluation] of evaluations.entries()) {
      best = selectionAfter(best, 10 * i, evaluation, ['accuracy']);
      since.push(best.since);
    }
    expect(best).toEqual({ step: 20, score: 0.8, loss: 0.4, since: 2 });
    expect(since).toEqual([0, 0, 0, 1, 2]);
    const config = literal() as never;
    const patient = (patience: number | null) =>
      isExhausted(best, { ...(config as object), patience } as never);
    expect([1, 2, 3, null].map(patient)).toEqual([true, true, false, false]);
  });

  const few = {
    phases: {
      dense: { epochs: 4, learningRate: 4e-3 },
      soft: { epochs: 0.5, learningRate: 2e-3, thresholdLearningRate: 0.04 },
      hard: { epochs: 2, learningRate: 2e-3 },
    },
    data: { source: 'synthetic', syntheticTrain: 300, syntheticDev: 60 },
    evaluationsPerEpoch: 2,
  };

  it('is what a run ends with, and what soft masks begin with, if that is wanted', async () => {
    const { evaluation, recorder } = await train('best', { ...few, select: 'best' });
    const of = (phase: string, least = 0) =>
      recorder.evaluations.filter((one) => one.phase === phase && one.progress >= least);
    const best = (phase: string, least = 0) =>
      Math.max(...of(phase, least).map(({ metrics }) => metrics.accuracy!));
    expect(of('dense').at(-1)!.metrics.accuracy).toBe(best('dense'));
    expect(evaluation.metrics.accuracy).toBe(best('hard', 0.3));
    expect(existsSync(inFolder('best', 'best'))).toBe(false);
  });

  it('gives the same bits after an interruption', async () => {
    const changes = { ...few, select: 'best', checkpointEverySteps: 5 };
    await train('straight', changes);
    await expect(train('broken', changes, { stopAfter: 17 })).rejects.toThrow(/--resume/);
    await train('broken', changes, { resume: true });
    const [one, other] = [await weights('straight'), await weights('broken')];
    for (const [name, { values }] of one) expect(other.get(name)!.values, name).toEqual(values);
  });

  it('ends a phase that gets no better', async () => {
    const still = {
      ...few,
      phases: { ...few.phases, dense: { epochs: 20, learningRate: 1e-30 } },
      masks: { mode: 'none' },
    };
    const { recorder } = await train('patient', { ...still, patience: 2 });
    expect(recorder.evaluations.length).toBeLessThan(8);
    expect(recorder.evaluations.at(-1)!.progress).toBeLessThan(0.3);
  });
});

describe('warnings', () => {
  const task = { problem: 'classes', labels: ['a', 'b', 'c'], metrics: ['accuracy'] } as const;

  it('are given of models that answer one class, or leave one out, or do no better than the majority', () => {
    const labels = [0, 0, 0, 1, 1, 2];
    const warn = (predicted: number[]) => warningsOf(scoresOf(task, predicted, labels));
    expect(warn([0, 0, 0, 0, 0, 0])).toEqual([
      expect.stringContaining('always answers a'),
      expect.stringContaining('no better than always answering the most frequent class (50.0%)'),
    ]);
    expect(warn([0, 0, 0, 1, 1, 1])).toEqual([expect.stringContaining('never answers c')]);
    expect(warn([0, 0, 0, 1, 1, 2])).toEqual([]);
  });

  it('are given of training data that lack classes', () => {
    expect(describeBalance(['a', 'b'], [1, 1, 1, 0, null])).toBe('2 classes: b 75%, a 25%');
    expect(balanceWarnings(['a', 'b'], [1, 1])).toEqual([expect.stringContaining('are of one class, b')]);
    expect(balanceWarnings(['a', 'b', 'c'], [1, 0])).toEqual(['warning: no training example of c']);
    expect(balanceWarnings(['a', 'b'], [1, 0])).toEqual([]);
  });
});
