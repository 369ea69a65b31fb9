import { describe, expect, it } from 'vitest';
import { shapedChannel } from '../../bench/shaped-channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';

const network = { bitsPerSecond: 8e6, roundTripMilliseconds: 10 };

describe('shapedChannel', () => {
  it('delivers bytes in order, no earlier than rate and latency allow', async () => {
    const [server, client] = memoryChannelPair();
    const shaped = shapedChannel(server, network);
    const started = performance.now();
    shaped.send(new Uint8Array(10_000).fill(1));
    shaped.send(new Uint8Array(10_000).fill(2));
    expect((await client.receive(10_000))[0]).toBe(1);
    // 10 000 bytes at one a microsecond, and half a round trip.
    expect(performance.now() - started).toBeGreaterThanOrEqual(15);
    expect((await client.receive(10_000))[9_999]).toBe(2);
    expect(performance.now() - started).toBeGreaterThanOrEqual(25);
  });

  it('delivers what was sent before closing', async () => {
    const [server, client] = memoryChannelPair();
    const shaped = shapedChannel(server, network);
    shaped.send(Uint8Array.of(7));
    const received = client.receive(1);
    await shaped.close();
    expect(await received).toEqual(Uint8Array.of(7));
    await expect(client.receive(1)).rejects.toThrow(/closed/);
  });
});
