import { describe, expect, it } from 'vitest';
import { PeerClosedError, PeerTimeoutError } from '../../../inference/core/errors.js';
import { takeBytes } from '../../../inference/core/words.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { throttledProxy } from '../../support/throttled-proxy.js';
import { channelSuite } from './channel-suite.js';
import { channelPair, listening, patternBytes, rawPair } from './tcp-pair.js';

const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('TCP channel', () => {
  channelSuite(channelPair);

  it('carries a large message while the other end waits for it', async () => {
    const { server, client, close } = await channelPair({ bufferBytes: 2 ** 16 });
    const message = patternBytes(20 * 2 ** 20);
    const received = client.receive(message.length);
    server.send(message);
    expect(Buffer.compare(await received, message)).toBe(0);
    await close();
  });

  it('gives taken bytes back when the system has them, and nothing else', async () => {
    const { raw, channel, close } = await rawPair();
    const chunks: Buffer[] = [];
    raw.on('data', (chunk: Buffer) => chunks.push(chunk));
    const messages = [20, 20 * 2 ** 20].map((length) => {
      const bytes = takeBytes(length);
      bytes.set(patternBytes(length));
      return bytes;
    });
    const [kept, expected] = [patternBytes(1000), messages.map((bytes) => bytes.slice())];
    for (const bytes of messages) {
      channel.sendTaken(bytes);
      channel.send(kept);
    }
    const all = Buffer.concat(expected.flatMap((bytes) => [bytes, patternBytes(1000)]));
    await eventually(() => chunks.reduce((sum, { length }) => sum + length, 0) === all.length);
    expect(Buffer.compare(Buffer.concat(chunks), all)).toBe(0);
    // What is given back is overwritten in tests (support/poison.ts).
    await eventually(() => messages.every((bytes) => bytes.every((byte) => byte === bytes[0])));
    expect(kept).toEqual(patternBytes(1000));
    await close();
  });

  it('pauses a peer that sends what nobody asked for, and goes on when somebody does', async () => {
    const { raw, channel, close } = await rawPair({ bufferBytes: 2 ** 18 });
    const message = patternBytes(30 * 2 ** 20);
    raw.write(message);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What the kernel's socket buffers hold besides is bounded by the system.
    expect(raw.writableLength).toBeGreaterThan(0);
    expect(Buffer.compare(await channel.receive(message.length), message)).toBe(0);
    await close();
  });

  it('does not blame the peer while its own bytes leave over a slow line, and knows the rate', async () => {
    const { channel: server, port, close } = await listening();
    const proxy = await throttledProxy(port, 5_000_000);
    const client = await connectTcp('127.0.0.1', proxy.port, { timeoutMilliseconds: 1_600 });
    const message = patternBytes(20 * 2 ** 20);
    const echo = server().then(async (channel) => {
      expect(Buffer.compare(await channel.receive(message.length), message)).toBe(0);
      channel.send(Uint8Array.of(1));
    });
    client.send(message);
    // The answer to all of it comes after some timeouts.
    expect(await client.receive(1)).toEqual(Uint8Array.of(1));
    await echo;
    expect(client.lineRate).toBeGreaterThan(0);
    await client.close();
    proxy.close();
    await close();
  });

  it('gives a peer up that takes nothing and says nothing', async () => {
    const { raw, channel, close } = await rawPair({ timeoutMilliseconds: 100 });
    raw.pause();
    channel.send(new Uint8Array(20 * 2 ** 20));
    await expect(channel.receive(1)).rejects.toThrow('sent nothing for 0.1 s');
    await close();
  });

  it('fails a receive when nothing arrives in time, and says how much is missing', async () => {
    const { raw, channel, close } = await rawPair({ timeoutMilliseconds: 100 });
    raw.write(new Uint8Array(3));
    const error = await channel.receive(10).catch((reason) => reason);
    expect(error).toBeInstanceOf(PeerTimeoutError);
    expect(error.message).toBe('the client sent nothing for 0.1 s: expected 10 bytes, got 3');
    await eventually(() => raw.readableEnded || raw.destroyed || raw.readyState !== 'open');
    await close();
  });

  it('fails a receive whose bytes only trickle in', async () => {
    const { raw, channel, close } = await rawPair({ timeoutMilliseconds: 20 });
    raw.on('error', () => {});
    const timer = setInterval(() => raw.write(Uint8Array.of(7)), 4);
    const error = await channel.receive(10_000).catch((reason) => reason);
    clearInterval(timer);
    // ten timeouts, and 16 bytes a millisecond
    expect(error).toBeInstanceOf(PeerTimeoutError);
    expect(error.message).toMatch(
      /^the client sen(ds too slowly: expected 10000 bytes in 0\.825 s|t nothing)/,
    );
    await close();
  });

  it('does not fail while bytes keep coming in, for longer than the timeout', async () => {
    const { raw, channel, close } = await rawPair({ timeoutMilliseconds: 500 });
    const timer = setInterval(() => raw.write(Uint8Array.of(7)), 100);
    expect(await channel.receive(10)).toEqual(new Uint8Array(10).fill(7));
    clearInterval(timer);
    await close();
  });

  it('does not blame the peer for a long computation of its own', async () => {
    // On a busy machine this process may itself stand still for tens of milliseconds before it has written.
    const { raw, channel, close } = await rawPair({ timeoutMilliseconds: 400 });
    const received = channel.receive(4);
    await new Promise((resolve) => raw.write(Uint8Array.of(1, 2, 3, 4), resolve));
    const end = performance.now() + 900;
    while (performance.now() < end);
    expect(await received).toEqual(Uint8Array.of(1, 2, 3, 4));
    await close();
  });

  it('gives what arrived before the peer left, then fails; sending fails too', async () => {
    const { raw, channel, close } = await rawPair();
    raw.end(patternBytes(6));
    expect(await channel.receive(4)).toEqual(patternBytes(6).subarray(0, 4));
    const error = await channel.receive(4).catch((reason) => reason);
    expect(error).toBeInstanceOf(PeerClosedError);
    expect(error.message).toBe('the client closed the connection: expected 4 more bytes, got 2');
    await channel.close();
    expect(() => channel.send(new Uint8Array(1))).toThrow(PeerClosedError);
    await close();
  });

  it('names the address that it cannot reach', async () => {
    await expect(connectTcp('127.0.0.1', 1, { timeoutMilliseconds: 1_000 })).rejects.toThrow(
      'the server at 127.0.0.1:1 cannot be reached (ECONNREFUSED)',
    );
  });
});
