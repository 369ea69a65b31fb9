/** What one address can hold of a server's HTTP connections, with requests that are well made: half of them, and no answer for long. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { boundedHttp } from '../../../inference/server/bounded-http.js';
import { listenAt } from '../../../inference/net/listen.js';

const MOST = 8;
/** More than the system takes for a peer that reads nothing. */
const LARGE = new Uint8Array(2 ** 25);
const ASK = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('connections of HTTP', () => {
  let server: Server;
  const sockets: Socket[] = [];

  async function listen(answer: Uint8Array, answerMilliseconds?: number): Promise<void> {
    const bounds = { mostConnections: MOST, ...(answerMilliseconds && { answerMilliseconds }) };
    server = boundedHttp(null, bounds, { onRequest: (_, response) => response.end(answer) });
    await listenAt(server, '127.0.0.1', 0);
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Asks, and reads nothing. */
  async function ask(localAddress: string): Promise<Socket> {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    sockets.push(socket.on('error', () => undefined));
    await once(socket, 'connect');
    socket.write(ASK);
    return socket;
  }

  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );

  it('are half of all from one address, whatever it has asked for', async () => {
    await listen(LARGE);
    for (let i = 0; i < 3 * MOST; i++) await ask('127.0.0.2');
    await expect.poll(connections).toBe(MOST / 2);
    const other = await ask('127.0.0.3');
    const [first] = await once(other, 'data');
    expect(String(first)).toContain('HTTP/1.1 200 ');
  });

  it('end where an answer is not taken in its time', async () => {
    await listen(LARGE, 200);
    await ask('127.0.0.2');
    await expect.poll(connections).toBe(1);
    await expect.poll(connections, { timeout: 20_000 }).toBe(0);
  });

  it('go on where it is, however long they last', async () => {
    await listen(Buffer.from('short'), 200);
    const socket = await ask('127.0.0.2');
    let answers = 0;
    socket.on('data', (data) => {
      answers += String(data).split('HTTP/1.1 200 ').length - 1;
    });
    for (let i = 0; i < 4; i++) {
      await expect.poll(() => answers).toBe(i + 1);
      await new Promise((resolve) => setTimeout(resolve, 150));
      socket.write(ASK);
    }
    expect(socket.closed).toBe(false);
  });
});
