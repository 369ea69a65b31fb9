/** Channels over WebSockets: against each other, and against a raw socket that does not keep to the rules. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { PeerClosedError, PeerTimeoutError, ProtocolError } from '../../../inference/core/errors.js';
import { connectWebSocket, SOCKET_OPTIONS } from '../../../inference/net/web-socket.js';
import { WebSocketChannel } from '../../../inference/net/web-socket-channel.js';
import { throttledProxy } from '../../support/throttled-proxy.js';
import { channelSuite } from './channel-suite.js';
import { patternBytes } from './tcp-pair.js';

async function listening(timeoutMilliseconds: number) {
  const server = new WebSocketServer({ ...SOCKET_OPTIONS, port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const channel = once(server, 'connection').then(
    ([socket]) => new WebSocketChannel(socket as WebSocket, { peer: 'the client', timeoutMilliseconds }),
  );
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, channel, close };
}

async function channelPair(timeoutMilliseconds = 5_000) {
  const { port, channel, close } = await listening(timeoutMilliseconds);
  const client = await connectWebSocket(`ws://127.0.0.1:${port}`, { tls: null, timeoutMilliseconds });
  return { client, server: await channel, close };
}

/** A socket that says what it likes. */
async function rawPair(timeoutMilliseconds = 5_000) {
  const { port, channel, close } = await listening(timeoutMilliseconds);
  const raw = new WebSocket(`ws://127.0.0.1:${port}`, SOCKET_OPTIONS);
  const messages: (Buffer | string)[] = [];
  raw.on('message', (data, isBinary) => messages.push(isBinary ? (data as Buffer) : String(data)));
  await once(raw, 'open');
  return { raw, messages, channel: await channel, close };
}

describe('WebSocket channel', () => {
  channelSuite(channelPair);

  it('holds back what the peer does not take', async () => {
    const { raw, messages, channel, close } = await rawPair();
    channel.send(new Uint8Array(20 * 2 ** 20));
    channel.flush();
    const window = 2 ** 23;
    const arrived = () => messages.reduce((sum, { length }) => sum + length, 0);
    while (arrived() < window) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(arrived()).toBe(window);
    raw.send('1000');
    while (arrived() < window + 1000) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(arrived()).toBe(window + 1000);
    await close();
  });

  it('says what it takes, in steps', async () => {
    const { raw, messages, channel, close } = await rawPair();
    const received = channel.receive(150_000);
    for (let i = 0; i < 3; i++) raw.send(new Uint8Array(50_000));
    await received;
    while (messages.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(messages).toEqual(['100000']);
    await close();
  });

  it.each([
    [
      'more than the window',
      (raw: WebSocket) => Array.from({ length: 33 }, () => raw.send(Buffer.alloc(2 ** 18))),
    ],
    ['an empty message', (raw: WebSocket) => raw.send(Buffer.alloc(0))],
    ['a count of what was never sent', (raw: WebSocket) => raw.send('1')],
    ['a count that is none', (raw: WebSocket) => raw.send('1e3')],
    ['too large a message', (raw: WebSocket) => raw.send(Buffer.alloc(2 ** 18 + 1))],
  ])('ends the connection for %s', async (_, send) => {
    const { raw, channel, close } = await rawPair();
    raw.on('error', () => undefined);
    const closed = once(raw, 'close');
    send(raw);
    const [code] = await closed;
    expect([1008, 1009]).toContain(code);
    await expect(channel.receive(2 ** 24)).rejects.toThrow(ProtocolError);
    expect(() => channel.send(Uint8Array.of(1))).toThrow(PeerClosedError);
    await close();
  });

  it('gives a peer up that says nothing', async () => {
    const { channel, close } = await rawPair(100);
    await expect(channel.receive(1)).rejects.toThrow(PeerTimeoutError);
    await close();
  });

  it('does not blame the peer while its own bytes leave over a slow line', async () => {
    const { port, channel, close } = await listening(60_000);
    const proxy = await throttledProxy(port, 4_000_000);
    const client = await connectWebSocket(`ws://127.0.0.1:${proxy.port}`, {
      tls: null,
      timeoutMilliseconds: 150,
    });
    const server = await channel;
    const message = patternBytes(3 * 2 ** 20);
    const echo = server.receive(message.length).then(() => server.send(Uint8Array.of(1)));
    client.send(message);
    // The answer to all of it comes after some timeouts.
    expect(await client.receive(1)).toEqual(Uint8Array.of(1));
    await echo;
    await client.close();
    proxy.close();
    await close();
  });

  it('says which address cannot be reached', async () => {
    const { port, close } = await listening(1_000);
    await close();
    const connecting = connectWebSocket(`ws://127.0.0.1:${port}`, { tls: null, timeoutMilliseconds: 1_000 });
    await expect(connecting).rejects.toThrow(`ws://127.0.0.1:${port} cannot be reached (ECONNREFUSED)`);
  });
});
