/** Bytes that are damaged on the way give an error, never an answer. */
import { describe, expect, it } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { engineClient } from '../client/engine-client.js';
import { servedModel } from '../server/toy-party.js';

/** Flips a bit of byte `at` of what is sent; counts what is sent. */
function damaging(channel: Channel, at: number) {
  let sent = 0;
  const send = (bytes: Uint8Array): void => {
    const place = at - sent;
    sent += bytes.length;
    const isHere = place >= 0 && place < bytes.length;
    channel.send(isHere ? bytes.map((byte, i) => byte ^ (i === place ? 0x10 : 0)) : bytes);
  };
  return { channel: { ...boundTo(channel), send }, sent: () => sent };
}

const boundTo = (channel: Channel): Channel => ({
  send: (bytes) => channel.send(bytes),
  receive: (byteLength) => channel.receive(byteLength),
  close: () => channel.close(),
});

/** One text, with byte `at` of what `sender` sends damaged: its label, or null if there was an error. */
async function classified(sender: 'server' | 'client', at: number) {
  const ends = memoryChannelPair();
  const index = sender === 'server' ? 0 : 1;
  const { channel, sent } = damaging(ends[index], at);
  const [serverEnd, clientEnd] = sender === 'server' ? [channel, ends[1]] : [ends[0], channel];
  const served = serveConnection(serverEnd, {
    model: servedModel(1),
    open: openEngineParty,
    onText: () => undefined,
  }).catch((error: Error) => serverEnd.close().then(() => error));
  let before = 0;
  const answer = await (async () => {
    try {
      const client = await Client.open(clientEnd, engineClient);
      before = sent();
      return (await client.classify('a good movie.')).label;
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
    expect(whole.answer).not.toBeNull();
    const places = Array.from({ length: 8 }, (_, i) =>
      Math.floor(whole.begin + ((i + 0.5) / 8) * (whole.end - whole.begin)),
    );
    // The last share and its confirmation are damaged too.
    if (sender === 'server') places.push(whole.end - 1, whole.end - 34);
    for (const at of places) expect([at, (await classified(sender, at)).answer]).toEqual([at, null]);
  });
});
