/** A node that cannot listen at one of its two ports leaves the other one free. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freeNodes } from '../../support/free-ports.js';
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
