import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { planSweep } from '../../../experiments/sweep/sweep.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { planOf } from '../../../training/loop/plan.js';
import { planTraining } from '../../../training/loop/run-training.js';
import { quietSweep } from '../../support/quiet-sweep.js';
import { literal, temporaryRuns } from './tiny-runs.js';

const { train, inFolder } = temporaryRuns();

const changes = {
  phases: {
    dense: { epochs: 1.5, learningRate: 4e-3 },
    soft: { epochs: 1, learningRate: 2e-3, thresholdLearningRate: 0.04 },
    hard: { epochs: 2, maxSteps: 4, learningRate: 2e-3 },
  },
  data: { source: 'synthetic', syntheticTrain: 300, syntheticDev: 20 },
  distillation: { weight: 0.5, recombined: 1 },
};

describe('a plan', () => {
  it('has the steps that a run then takes, and changes no weight', async () => {
    const config = parseRunConfig(literal(changes), 'test');
    const prepared = await prepareRun(config);
    const before = prepared.state.parameters.get('classifier.weight')!.values.slice();
    const plan = await planOf(config, prepared);
    expect(prepared.state.parameters.get('classifier.weight')!.values).toEqual(before);
    expect(plan.phases.map(({ phase, examples, answers }) => [phase, examples, answers])).toEqual([
      ['dense', 300, 0],
      ['soft', 600, 600],
      ['hard', 600, 0],
    ]);
    expect(plan.seconds).toBeGreaterThan(0);
    const { recorder } = await train('planned', changes);
    expect([...recorder.works.values()]).toEqual([600]);
    for (const { phase, steps } of plan.phases) {
      const taken = recorder.evaluations.filter((one) => one.phase === phase).at(-1)!.step;
      expect(Math.abs(taken - steps), `${phase}: ${taken} steps, ${steps} planned`).toBeLessThanOrEqual(2);
    }
    expect(plan.phases[2]!.steps).toBe(4);
  });

  it('writes nothing, and refuses what training refuses', async () => {
    const output = inFolder('not-there');
    await planTraining(parseRunConfig(literal({ ...changes, output }), 'test'));
    expect(existsSync(output)).toBe(false);
    await train('taken', { ...changes, masks: { mode: 'none' } });
    const taken = parseRunConfig(literal({ ...changes, output: inFolder('taken') }), 'test');
    await expect(planTraining(taken)).rejects.toThrow(/holds a run already/);
  });

  it('of a sweep names the runs, dense ones once for all that share them', async () => {
    const out = inFolder('sweep');
    const settings = [{ 'masks.keep': '0.4' }, { 'masks.keep': '0.6' }];
    const runs = await planSweep(quietSweep({ out, settings, overrides: ['data.syntheticTrain=200'] }));
    expect(runs.map(({ run, state }) => [run, state])).toEqual([
      ['dense', 'new'],
      [expect.stringContaining('0.4'), 'new'],
      [expect.stringContaining('0.6'), 'new'],
    ]);
    expect(existsSync(out)).toBe(false);
  });
});
