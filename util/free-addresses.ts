/** Addresses on this machine for servers that must know each other's before they start. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Ports that were free a moment ago. */
export async function freeAddresses(count: number): Promise<{ host: string; port: number }[]> {
  const host = '127.0.0.1';
  const servers = Array.from({ length: count }, () => createServer().listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const addresses = servers.map((server) => ({ host, port: (server.address() as AddressInfo).port }));
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return addresses;
}
