import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../inference/core/errors.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { Streams } from '../../../inference/net/streams.js';

/** Counts how often an end turns from sending to receiving. */
function counted(channel: Channel): Channel & { turns: number } {
  let hasSent = false;
  const counting = {
    turns: 0,
    send(bytes: Uint8Array) {
      hasSent = true;
      channel.send(bytes);
    },
    receive(byteLength: number) {
      if (hasSent) counting.turns++;
      hasSent = false;
      return channel.receive(byteLength);
    },
    close: () => channel.close(),
  };
  return counting;
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

/** Sends lengths[0], waits for as many, … the peer answers each. */
async function talk(channel: Channel, starts: boolean, lengths: readonly number[], value: number) {
  let received = 0;
  for (const length of lengths) {
    if (starts) channel.send(bytes(length, value));
    const answer = await channel.receive(length);
    expect(answer.every((byte) => byte === value)).toBe(true);
    received += answer.length;
    if (!starts) channel.send(bytes(length, value));
  }
  return received;
}

describe('streams', () => {
  it('give every task its own bytes, in as many turns as the longest takes', async () => {
    const talks = fc.array(
      fc.record({
        serverStarts: fc.boolean(),
        lengths: fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(talks, async (plans) => {
        const ends = memoryChannelPair().map(counted);
        const run = (self: 0 | 1) => {
          const streams = new Streams(ends[self]!, self === 0 ? 'server' : 'client');
          return streams.together(
            plans.map(
              ({ serverStarts, lengths }, i) =>
                () =>
                  talk(streams.stream(i), serverStarts === (self === 0), lengths, i + 1),
            ),
          );
        };
        const [server, client] = await Promise.all([run(0), run(1)]);
        const expected = plans.map(({ lengths }) => lengths.reduce((a, b) => a + b, 0));
        expect(server).toEqual(expected);
        expect(client).toEqual(expected);
        const longest = Math.max(...plans.map(({ lengths }) => lengths.length));
        // Tasks in opposite phase cross each other: each end then turns at every flight, two a round trip.
        const sameStart = plans.every(({ serverStarts }) => serverStarts === plans[0]!.serverStarts);
        for (const { turns } of ends) {
          expect(turns).toBeLessThanOrEqual(sameStart ? longest : 2 * longest);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are the channel itself outside of tasks', async () => {
    const [serverEnd, clientEnd] = memoryChannelPair();
    const server = new Streams(serverEnd, 'server');
    server.stream(0).send(bytes(3, 7));
    expect(await clientEnd.receive(3)).toEqual(bytes(3, 7));
    clientEnd.send(bytes(2, 8));
    expect(await server.stream(0).receive(2)).toEqual(bytes(2, 8));
    expect(() => server.stream(1).send(bytes(1, 1))).toThrow('only the first may be used alone');
  });

  it('fail together: the error of one task ends all', async () => {
    const [serverEnd] = memoryChannelPair();
    const streams = new Streams(serverEnd, 'server');
    const ended: number[] = [];
    const waits = async (i: number) => {
      await streams
        .stream(i)
        .receive(1)
        .finally(() => ended.push(i));
    };
    const run = streams.together([
      () => waits(0),
      async () => {
        throw new Error('enough');
      },
    ]);
    await expect(run).rejects.toThrow('enough');
    expect(ended).toEqual([0]);
    await expect(streams.stream(0).receive(1)).rejects.toThrow('enough');
  });

  it.each([
    ['no frames', [0]],
    ['more frames than tasks', [3]],
    ['a stream that is not there', [1, 2, 8]],
  ])('refuse a packet of %s', async (_, words) => {
    const [serverEnd, clientEnd] = memoryChannelPair();
    const streams = new Streams(serverEnd, 'server');
    clientEnd.send(new Uint8Array(Uint32Array.from(words).buffer));
    const run = streams.together([() => streams.stream(0).receive(1), () => streams.stream(1).receive(1)]);
    await expect(run).rejects.toThrow(ProtocolError);
  });

  it('bound what a peer sends ahead over all of them together', async () => {
    const [serverEnd, clientEnd] = memoryChannelPair();
    const streams = new Streams(serverEnd, 'server', 100);
    const run = streams.together([() => streams.stream(0).receive(1), () => streams.stream(1).receive(1)]);
    clientEnd.send(new Uint8Array(Uint32Array.of(2, 0, 61, 1, 61).buffer));
    clientEnd.send(bytes(122, 1));
    await expect(run).rejects.toThrow('expected at most 100 bytes ahead, got 120 (the last of stream 1)');
  });

  it('report a peer that leaves', async () => {
    const [serverEnd, clientEnd] = memoryChannelPair();
    const streams = new Streams(serverEnd, 'server');
    const run = streams.together([() => streams.stream(0).receive(5)]);
    await clientEnd.close();
    await expect(run).rejects.toThrow('closed');
  });
});
