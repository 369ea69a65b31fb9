import { expect, it } from 'vitest';
import { generateSynthetic } from '../../../data/sources/synthetic.js';
import { exportModel } from '../../../index.js';
import { denseOnly, temporaryRuns } from '../loop/tiny-runs.js';

const { train, inFolder } = temporaryRuns();

it('an export says what it measures and how far it is, and lets signals through meanwhile', async () => {
  await train('dense', denseOnly);
  const calibration = generateSynthetic({ seed: 3, train: 300, dev: 1 }).train;
  const told: [what: string, done: number, texts: number][] = [];
  // Of the event loop since the last batch, and batches before which there was one.
  let [turns, reached] = [0, 0];
  const counting = setInterval(() => turns++, 0);
  await exportModel({
    checkpoint: inFolder('dense', 'final'),
    out: inFolder('artifact'),
    keep: 0.5,
    calibration,
    onProgress: (...of) => {
      told.push([...of]);
      if (turns > 0) reached++;
      turns = 0;
    },
  });
  clearInterval(counting);
  const texts = told[0]![2];
  expect(texts).toBe(240); // a fifth is kept apart
  for (const what of ['tokens that thresholds keep', 'ranges']) {
    const done = told.filter(([name]) => name === what).map(([, count]) => count);
    expect(done.length, what).toBeGreaterThan(2);
    expect(done, what).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1), what).toBe(texts);
  }
  expect(reached).toBeGreaterThan(told.length / 2);
});
