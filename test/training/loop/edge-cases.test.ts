/** Runs of next to nothing, and runs that fail. */
import * as tf from '@tensorflow/tfjs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { denseOnly, literal, temporaryRuns } from './tiny-runs.js';

const { inFolder, train } = temporaryRuns();

it('a model of one layer is refused before any work where masks are to be learned, and is trained without', async () => {
  const { model } = literal();
  const single = { model: { ...model, architecture: { ...model.architecture, layers: 1 } } };
  await expect(train('masked', { ...denseOnly, ...single, masks: { mode: 'prune' } })).rejects.toThrow(
    /^masks\.mode: expected none, or a model of two layers or more/,
  );
  const { evaluation } = await train('plain', { ...denseOnly, ...single });
  expect(evaluation.keptRatio).toHaveLength(1);
});

it('a phase of no epochs is over when it begins', async () => {
  const phases = { ...denseOnly.phases, dense: { epochs: 0 } };
  const { recorder } = await train('nothing', { ...denseOnly, phases });
  expect(recorder.evaluations.map(({ phase, progress }) => [phase, progress])).toEqual([['dense', 1]]);
  const [line] = (await readFile(inFolder('nothing', 'metrics.jsonl'), 'utf8')).split('\n');
  expect(JSON.parse(line!)).toMatchObject({ event: 'evaluation', progress: 1 });
});

it('a run that fails gives back what its weights took', async () => {
  const before = tf.memory().numTensors;
  const phases = { ...denseOnly.phases, dense: { epochs: 1, learningRate: 1e38 } };
  await expect(train('failing', { ...denseOnly, phases })).rejects.toThrow(/phase, step/);
  expect(tf.memory().numTensors).toBe(before);
});
