/** What every channel keeps to, whatever carries its bytes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PeerClosedError } from '../../../inference/core/errors.js';
import type { Channel } from '../../../inference/net/channel.js';
import { patternBytes } from './tcp-pair.js';

export interface ChannelPair {
  readonly server: Channel;
  readonly client: Channel;
  readonly close: () => Promise<void>;
}

export function channelSuite(channelPair: () => Promise<ChannelPair>): void {
  it('carries messages of any lengths in both directions, in order', async () => {
    const { server, client, close } = await channelPair();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(20), fc.nat(400_000)), { minLength: 1, maxLength: 12 }),
        async (lengths) => {
          const messages = lengths.map((length, i) => patternBytes(length, i + 1));
          for (const message of messages) {
            server.send(message);
            client.send(message);
          }
          for (const message of messages) {
            expect(Buffer.compare(await client.receive(message.length), message)).toBe(0);
            expect(Buffer.compare(await server.receive(message.length), message)).toBe(0);
          }
        },
      ),
      { numRuns: 30 },
    );
    await close();
  });

  it('carries more each way at the same time than is under way at once', async () => {
    const { server, client, close } = await channelPair();
    const message = patternBytes(20 * 2 ** 20);
    server.send(message);
    client.send(message);
    const received = await Promise.all([client.receive(message.length), server.receive(message.length)]);
    for (const bytes of received) expect(Buffer.compare(bytes, message)).toBe(0);
    await close();
  });

  it('delivers what was sent before it was closed, and tells the peer', async () => {
    const { server, client, close } = await channelPair();
    const message = patternBytes(12 * 2 ** 20);
    client.send(message);
    const [bytes] = await Promise.all([server.receive(message.length), client.close()]);
    expect(Buffer.compare(bytes, message)).toBe(0);
    await expect(server.receive(1)).rejects.toThrow(PeerClosedError);
    await close();
  });
}
