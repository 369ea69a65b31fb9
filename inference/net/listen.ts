/** Listening at an address, and what is said where that fails. */
import { once } from 'node:events';
import type { Server } from 'node:net';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'no address of this machine',
  EACCES: 'this user may not',
};

/** Resolves once others can connect. Port 0 is a free one. @throws Error that names the address */
export async function listenAt(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    const code = error.code ?? error.message;
    const reason = REASONS[code];
    throw new Error(
      `cannot listen on ${host}:${port} (${reason === undefined ? code : `${code}: ${reason}`})`,
    );
  });
}
