/** Clients who ask for two texts under one id: each hears of its end, and none keeps a place. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Channel } from '../../../inference/net/channel.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import {
  encodeRequest,
  expectSuccess,
  receiveHello,
  sendOpening,
  WANTS,
} from '../../../inference/three-party/messages.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { shareTiny, startNode } from '../../support/node-servers.js';

/** After so long a node gives up a text with which the others did not begin. */
const TIMEOUT_MILLISECONDS = 1_000;
const PLACES = 2;

it('are told of it, and their places are free again', async () => {
  const { shares, remove } = await shareTiny();
  // The other nodes never come: what is asked for waits until its time is over.
  const node = await startNode(shares, 0, {
    peers: await freeNodes(),
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    maxClients: PLACES,
  });
  try {
    const open = async (): Promise<Channel> => {
      const channel = await connectTcp('127.0.0.1', node.port, { timeoutMilliseconds: 5_000 });
      sendOpening(channel, 'client');
      await receiveHello(channel);
      channel.send(Uint8Array.of(WANTS.no));
      return channel;
    };
    const request = encodeRequest({
      id: 'ab'.repeat(16),
      answer: { kind: 'label', bits: 0 },
      suite: 'aes',
      buckets: [8],
    });
    for (let round = 0; round < PLACES; round++) {
      const clients = [await open(), await open()];
      for (const client of clients) {
        client.send(request);
        await sleep(50);
      }
      const answers = await Promise.all(
        clients.map((client) => expectSuccess(client, 0).catch((error: Error) => error.message)),
      );
      expect(answers[0]).toMatch(/did not begin with the text in time/);
      expect(answers[1]).toMatch(/expected an id of its own/);
      for (const client of clients) await client.close();
    }
    await sleep(2 * TIMEOUT_MILLISECONDS);
    await (await open()).close();
  } finally {
    await node.close();
    await remove();
  }
}, 30_000);
