import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PeerClosedError } from '../../../inference/core/errors.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { channelSuite } from './channel-suite.js';

const cut = (bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] => {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const length of lengths) {
    parts.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return [...parts, bytes.subarray(offset)];
};

describe('memory channel', () => {
  channelSuite(async () => {
    const [server, client] = memoryChannelPair();
    return { server, client, close: () => server.close() };
  });

  it('delivers the same bytes however they are cut on either side', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(40)),
        fc.array(fc.nat(40)),
        fc.boolean(),
        async (bytes, sendLengths, receiveLengths, receiveFirst) => {
          const [server, client] = memoryChannelPair();
          const parts = cut(bytes, sendLengths);
          const wanted = cut(bytes, receiveLengths).map((part) => part.length);
          const receiveAll = () => wanted.map((length) => client.receive(length));
          const early = receiveFirst ? receiveAll() : [];
          for (const part of parts) server.send(part);
          const got = await Promise.all(receiveFirst ? early : receiveAll());
          expect(Buffer.concat(got)).toEqual(Buffer.from(bytes));
          expect(got.every((part) => part.byteOffset === 0)).toBe(true);
        },
      ),
    );
  });

  it('hands out copies', async () => {
    const [server, client] = memoryChannelPair();
    const message = Uint8Array.of(1, 2, 3);
    server.send(message);
    const got = await client.receive(3);
    got[0] = 9;
    expect(message[0]).toBe(1);
  });

  it('gives what came before the end, then says how much is missing', async () => {
    const [server, client] = memoryChannelPair();
    const pending = client.receive(8);
    server.send(new Uint8Array(11));
    await server.close();
    expect(await pending).toHaveLength(8);
    expect(await client.receive(3)).toHaveLength(3);
    await expect(client.receive(5)).rejects.toThrow(PeerClosedError);
    await expect(client.receive(5)).rejects.toThrow('expected 5 more bytes, got 0');
    expect(() => server.send(new Uint8Array(1))).toThrow(PeerClosedError);
  });
});
