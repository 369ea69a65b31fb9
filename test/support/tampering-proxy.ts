/** Between two ends of TCP connections: hands bytes on, and once changes one of them. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { changed, type Tampering } from './tampering.js';

export interface Change {
  /** From who connected, or to it. */
  readonly direction: 'up' | 'down';
  /** Bytes in this direction from now on. */
  readonly at: number;
  readonly how: Tampering;
}

export async function tamperingProxy(host: string, port: number) {
  let next: { readonly change: Change; left: number } | null = null;
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket, direction: Change['direction']): void => {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (next?.change.direction === direction) {
        if (next.left < chunk.length) {
          to.write(changed(chunk, next.left, next.change.how));
          next = null;
          return;
        }
        next.left -= chunk.length;
      }
      to.write(chunk);
    });
    from.on('close', () => to.end());
    from.on('error', () => to.destroy());
  };
  const server = createServer((near) => {
    const far = connect({ host, port, noDelay: true });
    pass(near, far, 'up');
    pass(far, near, 'down');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    change(change: Change): void {
      next = { change, left: change.at };
    },
    get isDone(): boolean {
      return next === null;
    },
    close(): void {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
