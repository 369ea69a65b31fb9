/** Connections to a node that say nothing: so many of an address, each for 5 s, and a client comes in beside them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { SUBPROTOCOL } from '../../../inference/net/web-socket-channel.js';
import type { NodeServer } from '../../../inference/three-party/node-server.js';
import { receiveHello, sendOpening } from '../../../inference/three-party/messages.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { type SharedFolder, shareTiny, startNode } from '../../support/node-servers.js';

const FROM = { host: '127.0.0.1', localAddress: '127.0.0.2' };

describe('silent connections to a node', () => {
  let folder: SharedFolder;
  let node: NodeServer;

  beforeAll(async () => {
    folder = await shareTiny();
    node = await startNode(folder.shares, 0, {
      peers: await freeNodes(),
      timeoutMilliseconds: 60_000,
      web: { port: 0 },
    });
  });

  afterAll(async () => {
    await node.close();
    await folder.remove();
  });

  async function overTcp(): Promise<() => boolean> {
    const socket: Socket = connect({ ...FROM, port: node.port });
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    return () => !socket.closed;
  }

  async function overWebSocket(): Promise<() => boolean> {
    const url = `ws://127.0.0.1:${node.webPort}/connect`;
    const socket = new WebSocket(url, SUBPROTOCOL, { localAddress: FROM.localAddress });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    return () => socket.readyState !== WebSocket.CLOSED;
  }

  it.each([
    ['TCP', overTcp],
    ['WebSockets', overWebSocket],
  ])('keep nobody out, over %s', async (_, open) => {
    const areOpen: (() => boolean)[] = [];
    for (let i = 0; i < 40; i++) areOpen.push(await open());
    const stillOpen = (): number => areOpen.filter((isOpen) => isOpen()).length;
    await expect.poll(stillOpen).toBe(16);
    const client = await connectTcp('127.0.0.1', node.port, { timeoutMilliseconds: 20_000 });
    sendOpening(client, 'client');
    expect((await receiveHello(client)).node).toBe(0);
    await client.close();
    await expect.poll(stillOpen, { timeout: 20_000 }).toBe(0);
  });
});
