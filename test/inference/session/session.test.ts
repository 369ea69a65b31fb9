import { describe, expect, it } from 'vitest';
import { PeerClosedError } from '../../../inference/core/errors.js';
import { protocol, span, withSpan } from '../../../inference/core/span.js';
import { pipelined } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { createSession } from '../../../inference/session/create-session.js';
import { residentMemory } from '../../../bench/resident-memory.js';
import { costsByName, Meter, meteredChannel } from '../../../inference/session/meter.js';
import type { DeclaredLeak } from '../../../inference/session/leaks.js';

const random = { bytes: (byteLength: number) => new Uint8Array(byteLength) };

describe('session', () => {
  it('counts what was opened by name and receiver, and starts anew when taken', () => {
    const session = createSession({ self: 'client', channel: memoryChannelPair()[1], random });
    session.recordLeak('kept-token-count', 'all');
    session.recordLeak('logits', 'client');
    session.recordLeak('kept-token-count', 'all');
    expect(session.takeLeaks()).toEqual([
      { name: 'kept-token-count', to: 'all', count: 2 },
      { name: 'logits', to: 'client', count: 1 },
    ]);
    expect(session.takeLeaks()).toEqual([]);
  });

  it('refuses a name that is not declared', () => {
    const session = createSession({ self: 'server', channel: memoryChannelPair()[0], random });
    expect(() => session.recordLeak('attention' as DeclaredLeak, 'all')).toThrow(
      'server: opening "attention" is not declared; declared are length-bucket',
    );
    expect(session.takeLeaks()).toEqual([]);
  });
});

describe('meter', () => {
  it('attributes bytes and round trips to the open spans of each party', async () => {
    const [server, client] = memoryChannelPair().map(meteredChannel);
    const exchange = protocol('exchange', async (channel: typeof server, sends: number, receives: number) => {
      channel!.send(new Uint8Array(sends));
      await channel!.receive(receives);
    });
    const run = async (channel: typeof server, sends: number, receives: number) => {
      const meter = new Meter();
      await withSpan(meter.span, async () => {
        for (const layer of ['layer0', 'layer1']) {
          await span(layer, async () => {
            await exchange(channel, sends, receives);
            await span('outer', () => exchange(channel, sends, receives));
          });
        }
        // Two sends and two receives in one turn: one round trip.
        channel!.send(new Uint8Array(1));
        channel!.send(new Uint8Array(1));
        await channel!.receive(1);
        await channel!.receive(1);
      });
      return meter.finish();
    };
    const [serverReport, clientReport] = await Promise.all([run(server, 10, 3), run(client, 3, 10)]);
    expect(clientReport.cost).toMatchObject({ sentBytes: 4 * 3 + 2, receivedBytes: 4 * 10 + 2, rounds: 5 });
    expect(serverReport.cost).toMatchObject({ sentBytes: 4 * 10 + 2, receivedBytes: 4 * 3 + 2, rounds: 5 });
    expect(clientReport.children.map(({ name, calls, cost }) => [name, calls, cost.rounds])).toEqual([
      ['layer0', 1, 2],
      ['layer1', 1, 2],
    ]);
    const byName = costsByName(clientReport);
    expect(byName.get('exchange')).toMatchObject({ sentBytes: 12, rounds: 4 });
    expect(byName.get('outer')).toMatchObject({ sentBytes: 6, rounds: 2 });
  });

  it('keeps the largest memory that was seen while a span ran, by path and by name', async () => {
    const readings = [5, 10, 50, 20, 10, 30, 10, 10];
    const meter = new Meter(() => readings.shift()!);
    await withSpan(meter.span, async () => {
      await span('a', () => span('b', async () => undefined));
      await span('b', async () => undefined);
    });
    const report = meter.finish();
    expect(readings).toEqual([]);
    expect(report.peakMemoryBytes).toBe(50);
    expect(report.children.map((child) => child.peakMemoryBytes)).toEqual([50, 30]);
    expect(costsByName(report).get('b')!.peakMemoryBytes).toBe(50);
    expect(residentMemory()()).toBeGreaterThan(1e7);
  });

  it('says where in the protocol a receive failed, and keeps the kind of error', async () => {
    const [server, client] = memoryChannelPair().map(meteredChannel);
    const meter = new Meter();
    const failing = withSpan(meter.span, () =>
      span('layer3', () => span('softmax', () => client!.receive(8))),
    );
    server!.send(new Uint8Array(3));
    await server!.close();
    const error = await failing.catch((reason) => reason);
    expect(error).toBeInstanceOf(PeerClosedError);
    expect(error.message).toBe(
      'client: the peer closed the channel: expected 8 more bytes, got 3 (in layer3/softmax)',
    );
    await expect(client!.receive(1)).rejects.toThrow(/got 3$|got 0$/);
  });

  it('counts rounds again after a pipeline whose body throws before its first await', async () => {
    const [server, client] = memoryChannelPair().map(meteredChannel);
    const meter = new Meter();
    await withSpan(meter.span, () =>
      span('a', async () => {
        const failing = pipelined(client!, () => {
          throw new RangeError('shape');
        });
        await expect(failing).rejects.toThrow('shape');
        for (let turn = 0; turn < 2; turn++) {
          client!.send(new Uint8Array(1));
          server!.send(new Uint8Array(1));
          await client!.receive(1);
        }
      }),
    );
    expect(meter.finish().cost).toMatchObject({ rounds: 2 });
  });

  it('does not count what happens outside of a span, nor a span inside one of its name twice', async () => {
    const [server, client] = memoryChannelPair().map(meteredChannel);
    const meter = new Meter();
    await withSpan(meter.span, () => span('a', () => span('a', async () => client!.send(new Uint8Array(5)))));
    server!.send(new Uint8Array(5));
    await client!.receive(5);
    const report = meter.finish();
    expect(report.cost).toMatchObject({ sentBytes: 5, receivedBytes: 0, rounds: 0 });
    expect(costsByName(report).get('a')).toMatchObject({ sentBytes: 5 });
  });
});
