/** The port for health, readiness and metrics: nobody can hold it, or the descriptors of its process. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSidePort, type SidePort } from '../../../inference/server/side-port.js';

describe('the port for operators', () => {
  let side: SidePort;

  beforeAll(async () => {
    const page = { type: 'text/plain', text: 'some_metric 1\n' };
    side = await openSidePort(
      '127.0.0.1',
      0,
      async () => page,
      () => null,
    );
  });
  afterAll(() => side.close());

  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${side.port}${path}`);
    return [response.status, await response.text()];
  };

  /** From an address of its own. */
  async function open(said = ''): Promise<Socket> {
    const socket = connect({ port: side.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    socket.write(said);
    return socket;
  }

  const stillOpen = (sockets: readonly Socket[]): number => sockets.filter(({ closed }) => !closed).length;

  it('keeps 16 silent connections of an address, and those for 5 s', async () => {
    const silent: Socket[] = [];
    for (let i = 0; i < 40; i++) silent.push(await open(i % 2 ? 'GET /healthz HTTP/1.1\r\nHost' : ''));
    await expect.poll(() => stillOpen(silent)).toBe(16);
    expect(await get('/readyz')).toEqual([200, 'ready\n']);
    await expect.poll(() => stillOpen(silent), { timeout: 20_000 }).toBe(0);
  });

  it.each([
    ['localhost:9000', 200],
    ['[::1]', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example:80', 421],
  ])('on one machine answers to its names: %s', async (name, status) => {
    const socket = connect(side.port, '127.0.0.1');
    socket.write(`GET /metrics HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
    const [first] = await once(socket, 'data');
    expect(String(first)).toContain(`HTTP/1.1 ${status} `);
  });

  it('answers a program that says no name', async () => {
    const socket = connect(side.port, '127.0.0.1');
    socket.write('GET /readyz HTTP/1.0\r\n\r\n');
    const [first] = await once(socket, 'data');
    expect(String(first)).toContain(' 200 ');
  });

  it('ends each connection with its answer, whatever else is asked for', async () => {
    const asked = [
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'POST /readyz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\nx',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100),
    ];
    const sockets = await Promise.all(asked.map(open));
    await expect.poll(() => stillOpen(sockets), { timeout: 4_000 }).toBe(0);
    expect(await get('/metrics')).toEqual([200, 'some_metric 1\n']);
  });
});
