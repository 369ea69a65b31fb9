/** What a text costs from filled pools, and what filling them costs: numbers in this file, as in inference.test.ts. */
import { expect, it } from 'vitest';
import { setupLinear } from '../../inference/backends/two-party/linear/linear.js';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { withSpan } from '../../inference/core/span.js';
import { demandOf } from '../../inference/cost/demand-of.js';
import { setupCots } from '../../inference/crypto/ot/setup-cots.js';
import { Prg } from '../../inference/crypto/prg.js';
import { classify } from '../../inference/engine/classify.js';
import { prepareModel } from '../../inference/engine/prepare.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { createSession } from '../../inference/session/create-session.js';
import { type Cost, Meter, meteredChannel } from '../../inference/session/meter.js';
import { randomInput, randomModel } from '../inference/engine/random-model.js';

const artifact = randomModel({ layers: 2, prunes: true, reduces: true, seed: 3 });
const schedule = [
  { kept: 8, important: 4 },
  { kept: 1, important: 1 },
];

async function measured(body: () => Promise<unknown>): Promise<Cost> {
  const meter = new Meter();
  await withSpan(meter.span, body);
  return meter.finish().cost;
}

it('costs this many bytes and rounds', async () => {
  const channels = memoryChannelPair();
  const run = async (self: 'server' | 'client') => {
    const channel = meteredChannel(channels[self === 'server' ? 0 : 1]);
    const session = createSession({ self, channel, random: Prg.insecureForTests(self === 'server' ? 1 : 2) });
    const cots = await setupCots(session);
    const { mpc, material } = openTwoParty({ session, cots, linear: await setupLinear(session) });
    const model = await prepareModel(mpc, artifact.public, self === 'server' ? artifact.private : null);
    const demand = (await demandOf(artifact.public, { bucket: 16, schedule })).withMargin(16);
    const offline = await measured(() => material.prepareAhead(demand));
    const stock = material.stock().bytes;
    const input = self === 'client' ? randomInput(7, 11) : null;
    const online = await measured(() => classify(mpc, model, input, 16));
    return { offline, stock, online };
  };
  const [server, client] = await Promise.all([run('server'), run('client')]);
  const figures = ({ sentBytes, receivedBytes, rounds }: Cost) => [sentBytes, receivedBytes, rounds];
  expect({
    stock: [server.stock, client.stock],
    offline: figures(client.offline),
    online: figures(client.online),
  }).toMatchInlineSnapshot(`
    {
      "offline": [
        2542281,
        2524034,
        67,
      ],
      "online": [
        54588,
        44352,
        37,
      ],
      "stock": [
        2576385,
        2592748,
      ],
    }
  `);
});
