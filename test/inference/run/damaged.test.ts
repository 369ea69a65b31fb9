/** Bytes that are damaged on the way give an error, never an answer. */
import { describe, expect, it } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { impatient, TAMPERINGS, type Tampering, tampering } from '../../support/tampering.js';
import { engineClient } from '../client/engine-client.js';
import { tinyServedModel } from '../server/toy-party.js';

/** Texts in one run, with byte `at` of what `sender` sends damaged: their labels, or null if there was an error. */
async function classified(
  sender: 'server' | 'client',
  at: number,
  how: Tampering = 'flip',
  texts: readonly string[] = ['a good movie.'],
) {
  // A length that was moved makes both ends wait.
  const ends = memoryChannelPair().map((end) => impatient(end, 4_000)) as [Channel, Channel];
  const index = sender === 'server' ? 0 : 1;
  const { channel, sent } = tampering(ends[index], at, how);
  const [serverEnd, clientEnd] = sender === 'server' ? [channel, ends[1]] : [ends[0], channel];
  const served = serveConnection(serverEnd, {
    model: tinyServedModel(1),
    open: openEngineParty,
    onText: () => undefined,
  }).catch((error: Error) => serverEnd.close().then(() => error));
  let before = 0;
  const answer = await (async () => {
    try {
      const client = await Client.open(clientEnd, engineClient);
      before = sent();
      return (await client.classifyBatch(texts)).map(({ label }) => label);
    } catch {
      return null;
    }
  })();
  await clientEnd.close();
  await served;
  return { answer, begin: before, end: sent() };
}

describe('bytes that were damaged', () => {
  it.each(['server', 'client'] as const)('on the way from the %s give no answer', async (sender) => {
    const whole = await classified(sender, Number.POSITIVE_INFINITY);
    expect(whole.answer).toHaveLength(1);
    const places = Array.from({ length: 8 }, (_, i) =>
      Math.floor(whole.begin + ((i + 0.5) / 8) * (whole.end - whole.begin)),
    );
    // The last share and its confirmation are damaged too.
    if (sender === 'server') places.push(whole.end - 1, whole.end - 34);
    for (const [i, at] of places.entries()) {
      const how = TAMPERINGS[i % TAMPERINGS.length]!;
      expect([at, how, (await classified(sender, at, how)).answer]).toEqual([at, how, null]);
    }
  });

  it('give no answer of a batch, whose texts run in streams', async () => {
    const texts = ['a good movie.', 'bad', 'a movie that is long and that is good and a movie'];
    const whole = await classified('server', Number.POSITIVE_INFINITY, 'flip', texts);
    expect(whole.answer).toHaveLength(texts.length);
    for (const [i, how] of TAMPERINGS.entries()) {
      const at = Math.floor(whole.begin + ((i + 0.5) / TAMPERINGS.length) * (whole.end - whole.begin));
      expect([at, how, (await classified('server', at, how, texts)).answer]).toEqual([at, how, null]);
    }
  });
});
