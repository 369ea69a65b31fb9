import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, faultProxy } from '../../bench/service/fault-proxy.js';

/** 0, 1, 2, …: what is moved shows. */
const SENT = Buffer.from(Array.from({ length: 200 }, (_, i) => i));

describe('a proxy that does one thing wrong', () => {
  let server: Server;
  let arrived: Buffer[];

  beforeAll(async () => {
    server = createServer((socket) => {
      arrived = [];
      socket.on('data', (chunk: Buffer) => arrived.push(chunk));
      socket.on('error', () => undefined);
      socket.on('end', () => socket.end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  /** What the server got of `SENT`. */
  async function send(fault: Fault | null): Promise<Buffer> {
    const proxy = await faultProxy((server.address() as AddressInfo).port, fault);
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(SENT);
    await once(socket, 'close');
    proxy.close();
    expect(proxy.passed.client).toBe(SENT.length);
    return Buffer.concat(arrived);
  }

  it('passes everything on when it is not told otherwise', async () => {
    expect(await send(null)).toEqual(SENT);
  });

  it('turns one bit of the byte that it was told', async () => {
    const got = await send({ kind: 'flip', from: 'client', after: 70 });
    const changed = [...got].flatMap((byte, at) => (byte === SENT[at] ? [] : [[at, byte ^ SENT[at]!]]));
    expect(got.length).toBe(SENT.length);
    expect(changed).toEqual([[70, 4]]);
  });

  it('exchanges two pieces and loses nothing', async () => {
    const got = await send({ kind: 'swap', from: 'client', after: 20 });
    expect([...got.subarray(0, 148)]).toEqual([
      ...SENT.subarray(0, 20),
      ...SENT.subarray(84, 148),
      ...SENT.subarray(20, 84),
    ]);
    expect(got.length).toBe(SENT.length);
  });

  it.each(['cut', 'reset'] as const)('%s: passes what came before, and then ends', async (kind) => {
    const got = await send({ kind, from: 'client', after: 50 });
    expect(got.equals(SENT.subarray(0, got.length))).toBe(true);
    expect(got.length).toBeLessThanOrEqual(50);
  });
});
