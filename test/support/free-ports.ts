/** TCP ports of this machine that nobody listens at. */
import type { Address } from '../../inference/three-party/links.js';
import { createServer } from 'node:net';

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Where three nodes may listen on this machine. */
export const freeNodes = async (): Promise<readonly [Address, Address, Address]> =>
  (await freePorts(3)).map((port) => ({ host: '127.0.0.1', port })) as unknown as readonly [
    Address,
    Address,
    Address,
  ];
