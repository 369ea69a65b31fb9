/** The port for browsers: what it serves, with which headers, and whom it lets connect. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readWebFiles } from '../../../inference/server/web-files.js';
import { openWebPort, type WebPort } from '../../../inference/server/web-port.js';

const NAMES = ['index.html', 'page.css', 'icon.svg', 'page.js', 'worker.js', 'cipherprune.wasm'];
const PROTOCOL = 'cipherprune.1';
const ELSEWHERE = 'https://models.example.org';

describe('the port for browsers', () => {
  let folder: string;
  let web: WebPort;
  const served: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-web-'));
    for (const name of NAMES) await writeFile(join(folder, name), `content of ${name}`);
    web = await openWebPort({
      host: '127.0.0.1',
      port: 0,
      tls: null,
      files: await readWebFiles(folder),
      origins: [ELSEWHERE],
      timeoutMilliseconds: 5_000,
      serve: async (channel, { address }) => {
        served.push(address);
        await channel.close();
      },
    });
  });

  afterAll(async () => {
    await web.close();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
      (resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port: web.port, path, method, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
          );
        });
        sent.on('error', reject);
        sent.end();
      },
    );

  /** 101, or the status of the refusal. */
  const connecting = (path: string, headers: Record<string, string> = {}, protocol = PROTOCOL) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${web.port}${path}`, protocol, { headers });
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (sent, response) => {
        resolve(response.statusCode!);
        sent.destroy();
      });
      socket.on('error', () => undefined);
    });

  it('serves its files and nothing else, under a strict policy', async () => {
    for (const name of NAMES) {
      const { status, body, headers } = await get(name === 'index.html' ? '/' : `/${name}`);
      expect(status).toBe(200);
      expect(body.toString()).toBe(`content of ${name}`);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; " +
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    for (const path of ['/index.html/..', '/../package.json', '/%2e%2e/package.json', '/index.js', '//'])
      expect((await get(path)).status).toBe(404);
    expect((await get('/', {}, 'POST')).status).toBe(405);
    expect((await get('/connect')).status).toBe(426);
  });

  it('sends compressed what is asked for so, and nothing that is known already', async () => {
    const { headers, body } = await get('/worker.js', { 'accept-encoding': 'br, gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body).toString()).toBe('content of worker.js');
    const again = await get('/worker.js', { 'if-none-match': String(headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it.each([
    ['a program', {}, 101],
    ['its own page', { origin: 'OWN' }, 101],
    ['a page that the operator names', { origin: ELSEWHERE }, 101],
    ['a page behind a proxy that the operator names', { origin: ELSEWHERE, host: 'models.example.org' }, 101],
    ['a page elsewhere', { origin: 'https://evil.example' }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['a page under a name that points here', { origin: 'http://evil.example', host: 'evil.example' }, 421],
  ])('lets %s connect, or not', async (_, headers, status) => {
    const own = `http://127.0.0.1:${web.port}`;
    const given = Object.entries(headers).map(([name, value]) => [name, value === 'OWN' ? own : value]);
    const before = served.length;
    expect(await connecting('/connect', Object.fromEntries(given))).toBe(status);
    expect(served.slice(before)).toEqual(status === 101 ? ['127.0.0.1'] : []);
  });

  it('expects the path and the subprotocol', async () => {
    expect(await connecting('/')).toBe(404);
    expect(await connecting('/connect', {}, 'other')).toBe(400);
  });

  it('lets go of whoever is refused and does not close his end', async () => {
    const gone = new Promise<string | undefined>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: web.port, allowHalfOpen: true });
      socket.on('data', () => undefined);
      // What is sent to an end that is gone is answered by a reset.
      socket.on('end', () => setInterval(() => socket.write('x'), 20).unref());
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      socket.write('GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
    expect(await gone).toMatch(/ECONNRESET|EPIPE/);
  });

  it('keeps so many silent connections of an address, for so long', async () => {
    const silent: Socket[] = [];
    const open = (): Socket[] => silent.filter(({ closed }) => !closed);
    for (let i = 0; i < 40; i++) {
      const socket = connect({ port: web.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      silent.push(socket.on('error', () => undefined).resume());
      await once(socket, 'connect');
    }
    await expect.poll(() => open().length).toBe(16);
    expect((await get('/')).status).toBe(200);
    await expect.poll(() => open().length, { timeout: 20_000 }).toBe(0);
  });

  it('takes nobody while it ends', async () => {
    web.stop();
    expect(await connecting('/connect')).toBe(503);
  });

  it('says which file of the page is missing', async () => {
    await rm(join(folder, 'page.js'));
    await expect(readWebFiles(folder)).rejects.toThrow('lacks page.js (ENOENT): npm run build makes it');
  });
});
