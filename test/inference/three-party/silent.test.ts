/** Connections to a node that say nothing: so many of an address, and a client comes in beside them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { receiveHello, sendOpening } from '../../../inference/three-party/messages.js';
import { freeNodes } from '../../support/free-ports.js';
import { shareTiny, startNode } from '../../support/node-servers.js';

it('keep nobody out', async () => {
  const { shares, remove } = await shareTiny();
  const node = await startNode(shares, 0, { peers: await freeNodes(), timeoutMilliseconds: 60_000 });
  const silent: Socket[] = [];
  try {
    for (let i = 0; i < 40; i++) {
      const socket = connect({ port: node.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      silent.push(socket.on('error', () => undefined).resume());
      await once(socket, 'connect');
    }
    for (let i = 0; i < 100 && silent.filter(({ closed }) => !closed).length > 16; i++) await sleep(20);
    expect(silent.filter(({ closed }) => !closed)).toHaveLength(16);
    const client = await connectTcp('127.0.0.1', node.port, { timeoutMilliseconds: 20_000 });
    sendOpening(client, 'client');
    expect((await receiveHello(client)).node).toBe(0);
    await client.close();
  } finally {
    for (const socket of silent) socket.destroy();
    await node.close();
    await remove();
  }
});
