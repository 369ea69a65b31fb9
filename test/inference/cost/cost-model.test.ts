import { describe, expect, it } from 'vitest';
import { estimateCost, meanCost } from '../../../inference/cost/cost-model.js';
import { costsByName } from '../../../inference/session/meter.js';
import { measuredRun } from '../../support/measured-run.js';
import { randomModel } from '../engine/random-model.js';

const SCHEDULE = [
  {
    tokens: 16,
    layers: [
      { kept: 12, important: 7 },
      { kept: 5, important: 2 },
    ],
  },
];

describe('cost model', () => {
  it.each([
    { layers: 3, prunes: true, reduces: true, tokens: 11, bucket: 16 },
    { layers: 2, prunes: false, reduces: false, tokens: 8, bucket: 8 },
    { layers: 3, prunes: true, reduces: true, tokens: 11, bucket: 16, scheduled: true },
  ])('counts the bytes and rounds of a real run: %o', async ({ tokens, bucket, scheduled, ...options }) => {
    const artifact = randomModel({ ...options, seed: 3 });
    if (scheduled) Object.assign(artifact.public, { schedule: SCHEDULE });
    const { report, result } = await measuredRun(artifact, tokens, bucket);
    const estimate = await estimateCost(artifact.public, { bucket, schedule: result.layers });
    const { sentBytes, receivedBytes, rounds } = report.cost;
    expect(estimate.bytes - 8).toBe(sentBytes + receivedBytes);
    expect(estimate.rounds).toBe(rounds);
    const costs = costsByName(report);
    for (const { name, bytes } of estimate.protocols) {
      const real = costs.get(name)!;
      expect([name, bytes]).toEqual([name, real.sentBytes + real.receivedBytes]);
    }
    expect(estimate.protocols.length).toBeGreaterThan(10);
  });

  it('costs less the more is pruned, and more on slower networks', async () => {
    const { public: model } = randomModel({ layers: 3, prunes: true, reduces: true, seed: 3 });
    const at = (kept: number) =>
      estimateCost(model, { bucket: 32, schedule: [kept, kept].map((n) => ({ kept: n, important: n })) });
    const [few, many] = [await at(4), await at(30)];
    expect(few.bytes).toBeLessThan(many.bytes);
    expect(few.seconds.loopback).toBeLessThan(many.seconds.loopback);
    expect(many.seconds.loopback).toBeLessThan(many.seconds.lan);
    expect(many.seconds.lan).toBeLessThan(many.seconds.wan);
    expect(meanCost([few, many]).bytes).toBeCloseTo((few.bytes + many.bytes) / 2);
  });

  it('has rings enough for logits that hardly differ', async () => {
    const { public: model } = randomModel({ layers: 2, prunes: false, reduces: false, seed: 3 });
    const layers = model.ranges.layers.map((layer) => ({ ...layer, logits: 0.03 }));
    const flat = { ...model, ranges: { ...model.ranges, layers } };
    expect((await estimateCost(flat, { bucket: 8, schedule: [] })).bytes).toBeGreaterThan(0);
  });

  it('says which layer lacks counts', async () => {
    const { public: model } = randomModel({ layers: 3, prunes: true, reduces: false, seed: 3 });
    await expect(estimateCost(model, { bucket: 8, schedule: [{ kept: 8, important: 8 }] })).rejects.toThrow(
      /layer 1/,
    );
  });
});
