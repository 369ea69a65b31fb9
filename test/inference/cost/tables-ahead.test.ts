import { describe, expect, it, vi } from 'vitest';
import { setupLinear } from '../../../inference/backends/two-party/linear/linear.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import type * as LineTables from '../../../inference/core/line-table.js';
import { demandOf } from '../../../inference/cost/demand-of.js';
import { setupCots } from '../../../inference/crypto/ot/setup-cots.js';
import { Prg } from '../../../inference/crypto/prg.js';
import { classify } from '../../../inference/engine/classify.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { createSession } from '../../../inference/session/create-session.js';
import { randomInput, randomModel } from '../engine/random-model.js';

const tables = vi.hoisted(() => ({ made: 0 }));

vi.mock('../../../inference/core/line-table.js', async (original) => {
  const module = await original<typeof LineTables>();
  const madeOnce: typeof LineTables.madeOnce = (make) =>
    module.madeOnce(() => {
      tables.made++;
      return make();
    });
  return { ...module, madeOnce };
});

const BUCKET = 16;

describe('long tables', () => {
  it('are made with the demand, so that a text with material made ahead makes none', async () => {
    const { public: model, private: weights } = randomModel({
      layers: 2,
      prunes: false,
      reduces: false,
      seed: 5,
    });
    const schedule = Array.from({ length: 2 }, () => ({ kept: BUCKET, important: BUCKET }));
    const demand = await demandOf(model, { bucket: BUCKET, schedule, answer: FINEST_LOGITS });
    const made = tables.made;
    expect(made).toBeGreaterThanOrEqual(2);
    await demandOf(model, { bucket: BUCKET, schedule, answer: FINEST_LOGITS });
    const [server, client] = memoryChannelPair();
    const run = async (self: 'server' | 'client', channel: typeof server) => {
      const random = Prg.insecureForTests(self === 'server' ? 1 : 2);
      const session = createSession({ self, channel, random });
      const cots = await setupCots(session, { extension: 'softspoken' });
      const { mpc, material } = openTwoParty({ session, cots, linear: await setupLinear(session) });
      const prepared = await prepareModel(mpc, model, self === 'server' ? weights : null);
      await material.prepareAhead(demand);
      await classify(mpc, prepared, self === 'client' ? randomInput(7, BUCKET) : null, BUCKET, FINEST_LOGITS);
      const left = material.stock().items;
      return demand.entries.filter(([item, count]) => item.kind === 'look-up' && left.of(item) < count)
        .length;
    };
    const read = await Promise.all([run('server', server), run('client', client)]);
    expect(Math.min(...read)).toBeGreaterThanOrEqual(2);
    expect(tables.made).toBe(made);
  });
});
