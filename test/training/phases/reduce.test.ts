/** Low degree for a model that prunes already: where it begins, what stays as it was, and what a run needs. */
import { beforeAll, describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { readCheckpoint, writeCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { predict } from '../../../training/evaluate/predict.js';
import { stateOfCheckpoint, toCheckpoint } from '../../../training/network/model-state.js';
import { literal, temporaryRuns } from '../loop/tiny-runs.js';

const { inFolder, train, weights } = temporaryRuns();

const method = 'cipherprune-linear-feed-forward';
const data = { source: 'synthetic', syntheticTrain: 400, syntheticDev: 60 };

/** A run from the model of the folder `from`. */
const from = (folder: string, low: number | readonly number[], hard: object, further: object = {}) => ({
  method,
  data,
  model: { checkpoint: inFolder(folder, 'final'), maxTokens: 40, dropout: 0.05, attentionDropout: 0.05 },
  masks: { low },
  distillation: { weight: 0.9 },
  phases: { hard: { learningRate: 1e-3, ...hard } },
  ...further,
});

beforeAll(async () => {
  await train('pruned', {
    method,
    data,
    phases: {
      dense: { epochs: 1, learningRate: 4e-3 },
      soft: { epochs: 1, learningRate: 2e-3, thresholdLearningRate: 0.04 },
      hard: { epochs: 0.5, learningRate: 2e-3 },
    },
    masks: { ...literal().masks, mode: 'prune' },
  });
});

describe('masks.low', () => {
  it('begins where the feed-forward layers are: with an activation that does nothing, nothing changes', async () => {
    const state = stateOfCheckpoint(await readCheckpoint(inFolder('pruned', 'final')));
    // Far above 0 GELU is x.
    for (let layer = 0; layer < state.config.layers; layer++)
      state.parameters.get(`encoder.layer.${layer}.intermediate.dense.bias`)!.values.fill(16);
    await writeCheckpoint(inFolder('line', 'final'), toCheckpoint(state));
    const { config } = await train('line-low', from('line', 1, { epochs: 0 }));
    const low = stateOfCheckpoint(await readCheckpoint(inFolder('line-low', 'final')));
    expect(low.reduces).toBe(true);

    const { dev } = await prepareRun(config);
    const before = await predict(state, dev, { prune: true });
    const after = await predict(low, dev, { prune: true });
    expect(after!.keptRatio).toEqual(before!.keptRatio);
    expect(after!.importantRatio.slice(0, -1)).toEqual(
      after!.importantRatio.slice(0, -1).map(() => expect.closeTo(after!.importantRatio.at(-1)!)),
    );
    const distances = Array.from(after!.logits, (logit, i) => Math.abs(logit - before!.logits[i]!));
    expect(Math.max(...distances)).toBeLessThan(0.05);
  });

  it('keeps the shares of pruning, and gives each layer its own of low degree', async () => {
    const low = [0.8, 0.3];
    const { evaluation, config } = await train('shares', from('pruned', low, { epochs: 3 }));
    const { dev } = await prepareRun(config);
    const pruned = stateOfCheckpoint(await readCheckpoint(inFolder('pruned', 'final')));
    const { keptRatio } = await predict(pruned, dev, { prune: true });
    const alone = keptRatio.at(-1)!;
    low.forEach((share, layer) => {
      const kept = evaluation.keptRatio[layer]!;
      expect(Math.abs(kept - keptRatio[layer]!)).toBeLessThan(0.1);
      const expected = alone + (kept - alone) * (1 - share);
      expect(Math.abs(evaluation.importantRatio[layer]! - expected)).toBeLessThan(0.1);
    });
  });

  it('is the same run, bit for bit, when it was stopped', async () => {
    const changes = from('pruned', 0.5, { epochs: 1 });
    const { recorder } = await train('straight', changes);
    const stopAfter = Math.floor(recorder.seen / 2);
    await expect(train('stopped', changes, { stopAfter })).rejects.toThrow(/--resume/);
    await train('stopped', changes, { resume: true });
    const [straight, stopped] = [await weights('straight'), await weights('stopped')];
    for (const [name, { values }] of straight) expect(stopped.get(name)!.values, name).toEqual(values);
  });

  it.each([
    [
      { method: 'cipherprune-prune' },
      /masks\.low: expected a method with a low degree, got cipherprune-prune/,
    ],
    [{ masks: { low: [0.5] } }, /masks\.low: expected 2 shares, .*got 1/],
    [{ model: literal().model }, /expected in model\.checkpoint a model that prunes.* got none/],
  ])('a run with %o says what it needs', async (wrong, message) => {
    const config = parseRunConfig(literal(from('pruned', 0.5, {}, wrong)), 'test');
    await expect(prepareRun(config)).rejects.toThrow(message);
  });

  it('wants the mode that has a low degree', () => {
    const masks = { mode: 'prune', low: 0.5 };
    expect(() => parseRunConfig(literal({ masks }), 'test')).toThrow(/low.*expected mode prune-reduce/s);
  });
});
