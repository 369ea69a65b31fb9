/** What a node leaves behind that ends as soon as it began, or before. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { freeNodes } from '../../../util/free-addresses.js';
import { shareTiny, startNode } from '../../support/node-servers.js';

it('does not keep its port where the one for pages is taken', async () => {
  const { shares, remove } = await shareTiny();
  const peers = await freeNodes();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const options = { peers, timeoutMilliseconds: 1_000 };
  await expect(startNode(shares, 0, { ...options, web: { port } })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port} (EADDRINUSE: another program listens there)`,
  );
  const node = await startNode(shares, 0, options);
  expect(node.port).toBe(peers[0].port);
  await node.close();
  other.close();
  await remove();
});

it('ends the connection to the next node that it was making when it closed', async () => {
  const { shares, remove } = await shareTiny();
  const peers = await freeNodes();
  const next = createServer().listen(peers[1].port, peers[1].host);
  await once(next, 'listening');
  const connected = once(next, 'connection');
  const node = await startNode(shares, 0, { peers, timeoutMilliseconds: 3_600_000 });
  await node.close();
  const [socket] = (await connected) as [Socket];
  await once(socket.resume(), 'end');
  next.close();
  await remove();
}, 60_000);
