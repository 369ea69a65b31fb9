/** A TCP proxy that misbehaves at a chosen byte of one party's stream. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Misbehaviour {
  /** Bytes of the bad party that pass unchanged. */
  readonly after: number;
  /** What happens then. */
  readonly kind: 'disconnect' | 'reset' | 'stall' | 'garbage';
  /** Who misbehaves; the client unless told otherwise. */
  readonly who?: 'client' | 'server';
}

export interface Proxy {
  readonly port: number;
  /** Bytes of the bad party that passed so far. */
  passed(): number;
  close(): void;
}

export async function cuttingProxy(target: number, misbehaviour: Misbehaviour): Promise<Proxy> {
  const { after, kind, who = 'client' } = misbehaviour;
  let passed = 0;
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    sockets.push(client, server);
    const [bad, victim] = who === 'client' ? [client, server] : [server, client];
    victim.pipe(bad);
    let cut = false;
    bad.on('data', (chunk: Buffer) => {
      if (cut && kind !== 'garbage') return;
      const good = chunk.subarray(0, Math.max(0, after - passed));
      passed += chunk.length;
      victim.write(good);
      if (good.length === chunk.length) return;
      cut = true;
      if (kind === 'disconnect') victim.end();
      if (kind === 'reset') victim.resetAndDestroy();
      if (kind === 'garbage') victim.write(chunk.subarray(good.length).map((byte) => byte ^ 0xa5));
    });
    const end = () => {
      bad.destroy();
      victim.end();
    };
    bad.on('end', () => !cut && victim.end());
    bad.on('error', end);
    victim.on('error', end);
    victim.on('close', () => bad.destroy());
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
