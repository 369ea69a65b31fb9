/** A TCP proxy that passes one party's bytes at a given rate, however much it is given. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const STEP_MILLISECONDS = 10;

/** Passes what comes from `from` on to `to`, and reads no more than that. */
function throttle(from: Socket, to: Socket, bytesPerSecond: number): void {
  const step = Math.max(1, Math.round((bytesPerSecond * STEP_MILLISECONDS) / 1000));
  from.pause();
  const timer = setInterval(() => {
    const chunk: Buffer | null = from.read(Math.min(step, from.readableLength)) ?? from.read(0);
    if (chunk && chunk.length > 0) to.write(chunk);
  }, STEP_MILLISECONDS);
  from.on('readable', () => undefined);
  from.on('end', () => {
    clearInterval(timer);
    to.end();
  });
  from.on('close', () => {
    clearInterval(timer);
    to.destroy();
  });
  from.on('error', () => undefined);
}

/** Client to server at this rate; the other way as fast as it goes. */
export async function throttledProxy(target: number, bytesPerSecond: number) {
  const sockets: Socket[] = [];
  const proxy = createServer({ highWaterMark: 2 ** 14 }, (client) => {
    const server = connect(target, '127.0.0.1');
    sockets.push(client, server);
    throttle(client, server, bytesPerSecond);
    server.pipe(client);
    server.on('error', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}
