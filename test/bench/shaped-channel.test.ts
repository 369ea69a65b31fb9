import { describe, expect, it } from 'vitest';
import { NETWORKS } from '../../bench/networks.js';
import { Link, shapedChannel } from '../../bench/shaped-channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';

const network = { bitsPerSecond: 8e6, roundTripMilliseconds: 10 };

/** Arrival of the last of `messages` that one party sends at once. */
const arrivalOf = (link: Link, now: number, messages: readonly number[]): number =>
  messages.reduce((_, length) => link.arrival(now, length), 0);

describe('Link', () => {
  it('takes half a round trip for nothing, so that an exchange takes a whole one', () => {
    for (const [name, roundTrip] of [
      ['lan', 0.8],
      ['wan', 40],
    ] as const) {
      const [there, back] = [new Link(NETWORKS[name]!), new Link(NETWORKS[name]!)];
      let now = 100;
      for (let exchange = 0; exchange < 50; exchange++) now = back.arrival(there.arrival(now, 0), 0);
      expect(now).toBeCloseTo(100 + 50 * roundTrip, 6);
    }
  });

  it.each([
    ['lan', 375_000],
    ['wan', 25_000],
  ] as const)(
    'carries %s bytes at its rate in each direction, however they are cut',
    (name, bytesPerMillisecond) => {
      const { roundTripMilliseconds } = NETWORKS[name]!;
      const second = 1000 * bytesPerMillisecond;
      const whole = arrivalOf(new Link(NETWORKS[name]!), 0, [second]);
      const cut = arrivalOf(
        new Link(NETWORKS[name]!),
        0,
        Array.from({ length: 1000 }, () => second / 1000),
      );
      expect(whole).toBeCloseTo(1000 + roundTripMilliseconds / 2, 6);
      expect(cut).toBeCloseTo(whole, 6);
    },
  );

  it('lets a message wait for those before it, and forgets idle time', () => {
    const link = new Link({ bitsPerSecond: 8e6, roundTripMilliseconds: 10 });
    expect(link.arrival(0, 3000)).toBe(8);
    expect(link.arrival(1, 2000)).toBe(10);
    expect(link.arrival(50, 1000)).toBe(56);
  });
});

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
