/**
 * Arrays serve again for other clients (core/words.ts), and what lay in them before must not leave: with the same randomness each party sends the
 * same bytes, whether what it takes is overwritten with a pattern or holds what was there. On demand, while material is made, and from it.
 */
import { afterAll, expect, it } from 'vitest';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { dropIdle, poisonWords } from '../../inference/core/words.js';
import type { Channel } from '../../inference/net/channel.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { openEngine } from '../../inference/run/engine.js';
import { randomInput, randomModel } from '../inference/engine/random-model.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { type TestParty, testParties } from '../support/two-parties.js';

const BUCKET = 16;

/** Copies of all that was sent. */
function recorded(channel: Channel): { readonly channel: Channel; readonly sent: Buffer[] } {
  const sent: Buffer[] = [];
  return {
    sent,
    channel: {
      send(bytes) {
        sent.push(Buffer.from(bytes));
        channel.send(bytes);
      },
      receive: (byteLength) => channel.receive(byteLength),
      close: () => channel.close(),
    },
  };
}

/** What both parties send over two texts, the second from material. */
async function streams(): Promise<readonly Buffer[]> {
  const artifact = randomModel({ layers: 2, prunes: true, reduces: true, seed: 3 });
  const input = randomInput(102, 11);
  const { server, client } = testParties(1);
  const run = async (party: TestParty): Promise<Buffer> => {
    const { channel, sent } = recorded(party.session.channel);
    const own = { ...party, session: { ...party.session, channel } };
    const { mpc, material } = openTwoParty({
      session: own.session,
      cots: own.cots,
      linear: new GilboaLinear(own),
    });
    const isServer = own.session.self === 'server';
    const model = { public: artifact.public, private: isServer ? artifact.private : null };
    const engine = await openEngine(mpc, model, FINEST_LOGITS);
    const text = isServer ? null : input;
    await engine.classify(text, BUCKET);
    await material.prepareAhead(material.demand());
    await engine.classify(text, BUCKET);
    expect(material.stock().items.entries.every(([{ kind }]) => kind === 'cots')).toBe(true);
    return Buffer.concat(sent);
  };
  return Promise.all([run(server), run(client)]);
}

afterAll(() => poisonWords());

it('never leaves with what is sent', async () => {
  const overwritten = await streams();
  dropIdle();
  poisonWords(false);
  // The second time without a pattern what is taken holds what the first one left.
  await streams();
  const asItWas = await streams();
  for (const [party, bytes] of asItWas.entries()) {
    const other = overwritten[party]!;
    expect(bytes.length).toBe(other.length);
    expect(bytes.findIndex((byte, i) => byte !== other[i])).toBe(-1);
  }
}, 120_000);
