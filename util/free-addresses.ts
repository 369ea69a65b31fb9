/** Addresses of this machine that nobody listens at. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { mapTuple } from './map-tuple.js';

const HOST = '127.0.0.1';

/** Below those that systems give to outgoing connections: one of these may be taken by anybody who connects before its server listens. */
const [FIRST_PORT, LAST_PORT] = [10_240, 32_767] as const;

/** Listens at a port that nobody does. */
async function listening(): Promise<Server> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT + 1 - FIRST_PORT));
    const server = createServer().listen(port, HOST);
    try {
      await once(server, 'listening');
      return server;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/** TCP ports of this machine that nobody listens at. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

interface LocalAddress {
  readonly host: string;
  readonly port: number;
}

/** For three nodes. */
export async function freeNodes(): Promise<readonly [LocalAddress, LocalAddress, LocalAddress]> {
  const ports = await freePorts(3);
  return mapTuple([0, 1, 2], (node) => ({ host: HOST, port: ports[node]! }));
}
