/** masks.opens: schedule. From the settled thresholds on, training keeps the best by rank; interrupting changes nothing. */
import { describe, expect, it } from 'vitest';
import { scheduleFault } from '../../../model/artifact/schedule.js';
import { readFile } from 'node:fs/promises';
import { literal, temporaryRuns } from './tiny-runs.js';

const { inFolder, train, weights } = temporaryRuns();

const changes = {
  data: { source: 'synthetic', syntheticTrain: 600, syntheticDev: 40 },
  phases: {
    dense: { epochs: 0.5, learningRate: 4e-3 },
    soft: { epochs: 0.5, learningRate: 2e-3, thresholdLearningRate: 0.04 },
    hard: { epochs: 1, learningRate: 2e-3 },
  },
  masks: { ...literal().masks, opens: 'schedule' },
  checkpointEverySteps: 1,
};

const scheduleOf = async (name: string) =>
  JSON.parse(await readFile(inFolder(name, 'checkpoint', 'position.json'), 'utf8')).schedule;

describe('masks.opens: schedule', () => {
  it('measures a schedule in the hard phase and evaluates with it; a resumed run is the same run', async () => {
    const { evaluation, recorder } = await train('whole', changes);
    const stopAfter = recorder.seen - 1;
    await expect(train('cut', changes, { stopAfter })).rejects.toThrow(/stopped after step/);
    const schedule = await scheduleOf('cut');
    expect(scheduleFault(schedule, 3, 40)).toBeNull();
    const { evaluation: resumed } = await train('cut', changes, { resume: true });
    expect(resumed).toEqual(evaluation);
    const [one, two] = [await weights('whole'), await weights('cut')];
    for (const [name, { values }] of one) expect(two.get(name)!.values, name).toEqual(values);

    // By rank every text of a padded length keeps as many tokens; by thresholds each its own number.
    const counts = await train('counts', { ...changes, masks: { ...changes.masks, opens: 'counts' } });
    expect(counts.evaluation.keptRatio).not.toEqual(evaluation.keptRatio);
  });
});
