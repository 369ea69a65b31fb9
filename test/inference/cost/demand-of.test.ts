import { impossibleItem } from '../../../inference/server/possible-demand.js';
import type { LayerSchedule, Schedule } from '../../../model/artifact/schedule.js';
import { describe, expect, it } from 'vitest';
import { setupLinear } from '../../../inference/backends/two-party/linear/linear.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { withSpan } from '../../../inference/core/span.js';
import { demandOf } from '../../../inference/cost/demand-of.js';
import { setupCots } from '../../../inference/crypto/ot/setup-cots.js';
import { Prg } from '../../../inference/crypto/prg.js';
import { classify } from '../../../inference/engine/classify.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { createSession } from '../../../inference/session/create-session.js';
import { type Cost, Meter, meteredChannel } from '../../../inference/session/meter.js';
import { randomInput, randomModel } from '../engine/random-model.js';

const BUCKET = 16;

async function measured<T>(body: () => Promise<T>): Promise<{ value: T; cost: Cost }> {
  const meter = new Meter();
  const value = await withSpan(meter.span, body);
  return { value, cost: meter.finish().cost };
}

const bytesOf = ({ sentBytes, receivedBytes }: Cost): number => sentBytes + receivedBytes;

/** One text on demand, then pools filled for it, then the same text from them, then once more. */
async function runThrice(extension: 'softspoken' | 'ferret', schedule?: Schedule) {
  const random = randomModel({ layers: 3, prunes: true, reduces: true, seed: 3 });
  const artifact = schedule ? { ...random, public: { ...random.public, schedule } } : random;
  const channels = memoryChannelPair();
  const run = async (self: 'server' | 'client') => {
    const channel = meteredChannel(channels[self === 'server' ? 0 : 1]);
    const session = createSession({ self, channel, random: Prg.insecureForTests(self === 'server' ? 1 : 2) });
    const cots = await setupCots(session, { extension });
    const { mpc, material } = openTwoParty({ session, cots, linear: await setupLinear(session) });
    const model = await prepareModel(mpc, artifact.public, self === 'server' ? artifact.private : null);
    const text = () =>
      measured(() =>
        classify(mpc, model, self === 'client' ? randomInput(7, 11) : null, BUCKET, FINEST_LOGITS),
      );
    const first = await text();
    const demand = material.demand();
    const leaks = session.takeLeaks();
    const offline = await measured(() => material.prepareAhead(demand));
    const full = material.stock();
    material.resetDemand();
    const second = await text();
    const again = { demand: material.demand(), left: material.stock(), leaks: session.takeLeaks() };
    const third = await text();
    return { first, second, third, demand, full, offline, again, leaks };
  };
  const [server, client] = await Promise.all([run('server'), run('client')]);
  return { artifact, server, client };
}

const pair = (kept: number, important: number): LayerSchedule => ({ kept, important });

const runs = new Map<string, ReturnType<typeof runThrice>>();

function threeRuns(extension: 'softspoken' | 'ferret'): ReturnType<typeof runThrice> {
  const known = runs.get(extension) ?? runThrice(extension);
  runs.set(extension, known);
  return known;
}

describe('a text from filled pools', () => {
  it.each(['softspoken', 'ferret'] as const)(
    'uses what one on demand was said to use, with %s',
    async (extension) => {
      const { artifact, server, client } = await threeRuns(extension);
      const { layers } = client.first.value;
      const demand = client.demand.toJSON();
      expect(server.demand.toJSON()).toEqual(demand);
      expect(
        (
          await demandOf(artifact.public, { bucket: BUCKET, schedule: layers, answer: FINEST_LOGITS })
        ).toJSON(),
      ).toEqual(demand);

      // The pools hold just that (COTs and weights come in whole refills), and a text takes it all.
      const multiplications = (items: Readonly<Record<string, number>>) =>
        Object.fromEntries(Object.entries(items).filter(([name]) => !name.startsWith('cots')));
      expect(multiplications(client.full.items.toJSON())).toEqual(multiplications(demand));
      expect(multiplications(server.full.items.toJSON())).toEqual(multiplications(demand));
      expect(multiplications(client.again.left.items.toJSON())).toEqual({});
      expect(multiplications(client.again.demand.toJSON())).toEqual(multiplications(demand));
      for (const sender of ['server', 'client'] as const) {
        const cots = { kind: 'cots', sender } as const;
        expect(client.full.items.of(cots)).toBeGreaterThanOrEqual(client.demand.of(cots));
        expect(client.full.items.of(cots)).toBe(server.full.items.of(cots));
      }
    },
  );

  it('gives the same, opens the same, and costs a fraction; then it costs the whole again', async () => {
    const { server, client } = await threeRuns('softspoken');
    const [first, second, third] = [client.first, client.second, client.third];
    expect(second.value.layers).toEqual(first.value.layers);
    second.value.logits!.forEach((logit, i) => {
      expect(Math.abs(logit - first.value.logits![i]!)).toBeLessThan(0.1);
      expect(Math.abs(logit - third.value.logits![i]!)).toBeLessThan(0.1);
    });
    expect(client.again.leaks).toEqual(client.leaks);
    expect(server.again.leaks).toEqual(server.leaks);
    expect(bytesOf(second.cost)).toBeLessThan(bytesOf(first.cost) / 5);
    expect(second.cost.rounds).toBeLessThanOrEqual(first.cost.rounds + 30);
    expect(bytesOf(third.cost)).toBeGreaterThan(0.8 * bytesOf(first.cost));
  });

  it('with a schedule too: what is used and opened follows from the padded length', async () => {
    const schedule = [
      { tokens: BUCKET / 2, layers: [pair(8, 7), pair(5, 2)] },
      { tokens: BUCKET, layers: [pair(12, 7), pair(5, 2)] },
      { tokens: 2 * BUCKET, layers: [pair(20, 7), pair(5, 2)] },
    ];
    const { artifact, server, client } = await runThrice('softspoken', schedule);
    const shape = { bucket: BUCKET, schedule: [], answer: FINEST_LOGITS };
    expect((await demandOf(artifact.public, shape)).toJSON()).toEqual(client.demand.toJSON());
    expect(server.demand.toJSON()).toEqual(client.demand.toJSON());
    const [first, second] = [client.first, client.second];
    expect(second.value.layers).toEqual(first.value.layers);
    second.value.logits!.forEach((logit, i) => {
      expect(Math.abs(logit - first.value.logits![i]!)).toBeLessThan(0.25);
    });
    expect(client.again.leaks).toEqual(client.leaks);
    expect(client.leaks[0]).toEqual({ name: 'shuffled-order', to: 'all', count: 2 });
    expect(bytesOf(second.cost)).toBeLessThan(bytesOf(first.cost) / 4);
    expect(await impossibleItem(artifact.public, client.demand)).toBeNull();
  });
});
