/** Addresses of this machine that nobody listens at. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { mapTuple } from './map-tuple.js';

const HOST = '127.0.0.1';

/** TCP ports of this machine that nobody listens at. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, HOST));
  await Promise.all(servers.map((server) => once(server, 'listening')));
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
