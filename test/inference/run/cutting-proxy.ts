/** A TCP proxy that misbehaves at a chosen byte of the client's stream. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Misbehaviour {
  /** Bytes from the client that pass unchanged. */
  readonly after: number;
  /** What happens then. */
  readonly kind: 'disconnect' | 'reset' | 'stall' | 'garbage';
}

export interface Proxy {
  readonly port: number;
  /** Bytes of the client that passed so far. */
  passed(): number;
  close(): void;
}

export async function cuttingProxy(target: number, { after, kind }: Misbehaviour): Promise<Proxy> {
  let passed = 0;
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    sockets.push(client, server);
    server.pipe(client);
    let cut = false;
    client.on('data', (chunk: Buffer) => {
      if (cut && kind !== 'garbage') return;
      const good = chunk.subarray(0, Math.max(0, after - passed));
      passed += chunk.length;
      server.write(good);
      if (good.length === chunk.length) return;
      cut = true;
      if (kind === 'disconnect') server.end();
      if (kind === 'reset') server.resetAndDestroy();
      if (kind === 'garbage') server.write(chunk.subarray(good.length).map((byte) => byte ^ 0xa5));
    });
    const end = () => {
      client.destroy();
      server.end();
    };
    client.on('end', () => !cut && server.end());
    client.on('error', end);
    server.on('error', end);
    server.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    passed: () => passed,
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}
