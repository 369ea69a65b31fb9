/** Activations that are taught to stay below a limit: the loss and its slopes, and what a run makes of it. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { useBackend } from '../../../training/backend/setup.js';
import { calibrate } from '../../../training/export/calibrate.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { excessOf } from '../../../training/network/excess.js';
import { stateOfCheckpoint } from '../../../training/network/model-state.js';
import { denseOnly, temporaryRuns } from '../loop/tiny-runs.js';

const { inFolder, train } = temporaryRuns();
beforeAll(() => useBackend('native'));

it('is the squares beyond the limit, with their slopes, of rows that count', () => {
  const weights = tf.tensor1d([1, 0.5, 0]);
  const x = tf.tensor2d([1, 3, -4, 2.5, 0, 9], [3, 2]);
  const { value, grad } = tf.valueAndGrad((y: tf.Tensor) => excessOf(y as tf.Tensor2D, weights, 2))(x);
  expect(value.dataSync()[0]).toBeCloseTo((1 + 0.5 * (4 + 0.25)) / 1.5, 5);
  const expected = [0, 2, 0.5 * -4, 0.5 * 1, 0, 0].map((slope) => slope / 1.5);
  grad.dataSync().forEach((slope, i) => {
    expect(slope).toBeCloseTo(expected[i]!, 5);
  });
});

it('keeps the inputs of a trained model within a narrower range', async () => {
  const reach = async (name: string, activations: object) => {
    const { config } = await train(name, { ...denseOnly, activations });
    const state = stateOfCheckpoint(await readCheckpoint(inFolder(name, 'final')));
    const { layers } = await calibrate(state, (await prepareRun(config)).train.slice(0, 100));
    return Math.max(...layers.map(({ geluInput }) => geluInput));
  };
  const [free, bound] = [await reach('free', {}), await reach('bound', { limit: 0.5, weight: 1 })];
  expect(bound).toBeLessThan(0.8 * free);
});
