import { describe, expect, it } from 'vitest';
import { setupLinear } from '../../../inference/backends/two-party/linear/linear.js';
import { TwoPartyBackend } from '../../../inference/backends/two-party/two-party-backend.js';
import { withSpan } from '../../../inference/core/span.js';
import { estimateCost, meanCost } from '../../../inference/cost/cost-model.js';
import { setupCots } from '../../../inference/crypto/ot/setup-cots.js';
import { Prg } from '../../../inference/crypto/prg.js';
import { classify, type EngineResult } from '../../../inference/engine/classify.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { createSession } from '../../../inference/session/create-session.js';
import { costsByName, Meter, meteredChannel, type SpanReport } from '../../../inference/session/meter.js';
import type { Artifact } from '../../../model/artifact/artifact.js';
import { randomInput, randomModel } from '../engine/random-model.js';

/** A real run of one text, as the client's meter sees it. */
async function measured(
  artifact: Artifact,
  tokens: number,
  bucket: number,
): Promise<{ report: SpanReport; result: EngineResult }> {
  const channels = memoryChannelPair();
  const run = async (self: 'server' | 'client') => {
    const channel = meteredChannel(channels[self === 'server' ? 0 : 1]);
    const session = createSession({ self, channel, random: Prg.insecureForTests(self === 'server' ? 1 : 2) });
    const cots = await setupCots(session);
    const mpc = new TwoPartyBackend({ session, cots, linear: await setupLinear(session) });
    const secret = self === 'server' ? artifact.private : null;
    const model = await prepareModel(mpc, artifact.public, secret);
    const meter = new Meter();
    const input = self === 'client' ? randomInput(7, tokens) : null;
    const result = await withSpan(meter.span, () => classify(mpc, model, input, bucket));
    return { report: meter.finish(), result };
  };
  const [, client] = await Promise.all([run('server'), run('client')]);
  return client;
}

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
    const { report, result } = await measured(artifact, tokens, bucket);
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
