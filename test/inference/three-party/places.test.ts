/** Clients of a node that hold their places and ask for nothing: those of one address leave places for others. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { connectTcp, TcpChannel } from '../../../inference/net/tcp-channel.js';
import { receiveHello, sendOpening } from '../../../inference/three-party/messages.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { shareTiny, startNode } from '../../support/node-servers.js';

it('of one address are half', async () => {
  const { shares, remove } = await shareTiny();
  const timeoutMilliseconds = 60_000;
  const log: string[] = [];
  const node = await startNode(shares, 0, {
    peers: await freeNodes(),
    timeoutMilliseconds,
    maxClients: 10,
    onLog: (line) => log.push(line),
  });
  const sockets: Socket[] = [];
  /** Says that a client comes; → is it served? */
  async function enter(localAddress: string): Promise<boolean> {
    const socket = connect({ port: node.port, host: '127.0.0.1', localAddress });
    sockets.push(socket);
    await once(socket, 'connect');
    const channel = new TcpChannel(socket, { peer: 'node 0', timeoutMilliseconds });
    sendOpening(channel, 'client');
    return receiveHello(channel).then(
      () => true,
      () => false,
    );
  }
  const entered = async (count: number, address: string): Promise<number> => {
    const all = await Promise.all(Array.from({ length: count }, () => enter(address)));
    return all.filter(Boolean).length;
  };
  try {
    expect(await entered(12, '127.0.0.2')).toBe(5);
    const client = await connectTcp('127.0.0.1', node.port, { timeoutMilliseconds });
    sendOpening(client, 'client');
    expect((await receiveHello(client)).node).toBe(0);
    expect(await entered(12, '127.0.0.3')).toBe(4);
    expect(log).toContain('node 0: expected at most 5 clients of one address, got another');
    expect(log).toContain('node 0: expected at most 10 clients, got another');
    for (const socket of sockets) socket.destroy();
    await client.close();
    await expect.poll(() => entered(1, '127.0.0.2'), { timeout: 5_000 }).toBe(1);
  } finally {
    for (const socket of sockets) socket.destroy();
    await node.close();
    await remove();
  }
});
