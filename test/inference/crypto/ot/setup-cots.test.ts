import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PeerClosedError } from '../../../../inference/core/errors.js';
import type { CotPair, ReceiverCots, SenderCots } from '../../../../inference/crypto/ot/cot.js';
import { SUITES } from '../../../../inference/core/suite.js';
import { type CotOptions, setupCots } from '../../../../inference/crypto/ot/setup-cots.js';
import { twoParties } from '../../../support/parties.js';

/** Every block satisfies q = t XOR choice · delta; both sides agree on the tweak. */
function expectCorrelated(sent: SenderCots, received: ReceiverCots, count: number): void {
  expect(sent.tweak).toBe(received.tweak);
  expect(sent.delta[0]! & 1).toBe(1);
  expect([sent.blocks.length, received.blocks.length, received.choices.length]).toEqual([
    16 * count,
    16 * count,
    count,
  ]);
  const expected = received.blocks.map((byte, i) => byte ^ (received.choices[i >> 4]! * sent.delta[i & 15]!));
  expect(Buffer.compare(sent.blocks, expected)).toBe(0);
}

async function pairs(seed = 1, options: CotOptions = {}) {
  const parties = twoParties(seed);
  const [server, client] = await Promise.all(parties.map(({ session }) => setupCots(session, options)));
  return { parties, server: server!, client: client! };
}

/** Both directions at once, as protocols do. */
const takeBoth = (pair: CotPair, sending: number, receiving: number) =>
  Promise.all([pair.sender.take(sending), pair.receiver.take(receiving)]);

describe('setupCots', () => {
  it.each(SUITES.flatMap((suite) => [1, 2, 3, 4, 5, 6, 7, 8].map((k) => [suite, k] as const)))(
    'correlates both directions, %s, k = %i',
    async (suite, k) => {
      const { server, client } = await pairs(k, { k, suite });
      const [ofServer, ofClient] = await Promise.all([takeBoth(server, 300, 77), takeBoth(client, 77, 300)]);
      expectCorrelated(ofServer[0], ofClient[1], 300);
      expectCorrelated(ofClient[0], ofServer[1], 77);
    },
  );

  it('correlates any sequence of counts, across refills and claimed in advance', async () => {
    const { server, client } = await pairs();
    const count = fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 60_000, max: 150_000 }));
    let nextTweak = 128;
    await fc.assert(
      fc.asyncProperty(fc.array(count, { minLength: 1, maxLength: 4 }), async (counts) => {
        const sent = counts.map((n) => server.sender.take(n));
        const received = await Promise.all(counts.map((n) => client.receiver.take(n)));
        for (const [i, n] of counts.entries()) {
          const cots = await sent[i]!;
          expect(cots.tweak).toBe(nextTweak);
          expectCorrelated(cots, received[i]!, n);
          nextTweak += n;
        }
      }),
      { numRuns: 8 },
    );
  });

  it('says of more than a connection may make why it refuses, claimed in advance or taken', async () => {
    const { server } = await pairs();
    await expect(server.sender.claim(2 ** 36 + 1)()).rejects.toThrow('at most 68719476736 correlated OTs');
    await expect(server.sender.take(2 ** 36 + 1)).rejects.toThrow('at most 68719476736 correlated OTs');
  });

  it('never hands out a block twice', async () => {
    const { server, client } = await pairs();
    const [first, second] = [client.receiver.take(40_000), client.receiver.take(40_000)];
    await Promise.all([server.sender.take(40_000), server.sender.take(40_000)]);
    const blocks = Buffer.concat([(await first).blocks, (await second).blocks]).toString('hex');
    expect(new Set(blocks.match(/.{32}/g)).size).toBe(80_000);
  });

  it('costs what it should: two round trips to set up, 31/8 bytes a COT and no answer to refill', async () => {
    const { parties, server, client } = await pairs();
    const [serverWire, clientWire] = parties.map(({ wire }) => wire);
    const refillBytes = (65_536 * 31) / 8;
    expect(serverWire!.sentBytes).toBe(128 * 64 + 128 * 32);
    expect(clientWire!.sentBytes).toBe(32 + 128 * 32 + refillBytes + 1);
    expect([serverWire!.rounds, clientWire!.rounds]).toEqual([1, 2]);
    const before = clientWire!.sentBytes;
    await Promise.all([server.sender.take(100_000), client.receiver.take(100_000)]);
    expect(clientWire!.sentBytes - before).toBe(refillBytes);
    expect([serverWire!.rounds, clientWire!.rounds]).toEqual([2, 2]);
  });

  it('sends the bytes it always sent', async () => {
    const { parties, server, client } = await pairs(42);
    await Promise.all([takeBoth(server, 70_000, 10), takeBoth(client, 10, 70_000)]);
    expect(parties.map(({ wire }) => wire.hash.digest('hex'))).toMatchInlineSnapshot(`
      [
        "3a25fa89938f5f40226ad6b9e761b25d0c9c0a08fa49ad02d5fb0ffaee94cd7e",
        "5bcf104abbe6915030a5d0447e3cc74991322c803b9ad34c6ace79268ca4b300",
      ]
    `);
  });

  it('differs from session to session', async () => {
    const [one, two] = await Promise.all([pairs(1), pairs(2)]);
    const [a, b] = [await one.client.receiver.take(4), await two.client.receiver.take(4)];
    expect(a.blocks).not.toEqual(b.blocks);
  });

  it('fails every take when the peer goes away', async () => {
    const { parties, server } = await pairs();
    const takes = [server.sender.take(200_000), server.sender.take(1)];
    await parties[1].session.channel.close();
    for (const take of takes) await expect(take).rejects.toThrow(PeerClosedError);
  });

  it('rejects a k that is not 1 to 8 and a count that is no count', async () => {
    const [server] = twoParties();
    await expect(setupCots(server.session, { k: 9 })).rejects.toThrow(/k from 1 to 8/);
    const { client } = await pairs();
    await expect(client.receiver.take(1.5)).rejects.toThrow(RangeError);
    await expect(client.receiver.take(2 ** 36)).rejects.toThrow(/connect again/);
  });
});

describe('setupCots with Ferret', () => {
  const options = { extension: 'ferret' } as const;

  it.each(SUITES)('correlates both directions, choices unbiased, %s', async (suite) => {
    const { server, client } = await pairs(3, { ...options, suite });
    const [ofServer, ofClient] = await Promise.all([
      takeBoth(server, 100_000, 77),
      takeBoth(client, 77, 100_000),
    ]);
    expectCorrelated(ofServer[0], ofClient[1], 100_000);
    expectCorrelated(ofClient[0], ofServer[1], 77);
    const ones = ofClient[1].choices.reduce((sum, choice) => sum + choice, 0);
    expect(Math.abs(ones / 100_000 - 0.5)).toBeLessThan(0.01);
  });

  it('goes from iteration to iteration at 0.18 bytes a COT, from the sender only', async () => {
    const { parties, server, client } = await pairs(4, options);
    const [serverWire, clientWire] = parties.map(({ wire }) => wire);
    const before = [serverWire!.sentBytes, clientWire!.sentBytes];
    const [sent, received] = await Promise.all([
      server.sender.take(2_400_000),
      client.receiver.take(2_400_000),
    ]);
    expectCorrelated(sent, received, 2_400_000);
    // 35 refills of 78 trees, ten blocks each, give 70,353 COTs each
    expect(serverWire!.sentBytes - before[0]!).toBe(35 * 78 * 10 * 16);
    expect(clientWire!.sentBytes - before[1]!).toBe(0);
  });

  it('sends the bytes it always sent', async () => {
    const { parties, server, client } = await pairs(43, options);
    await Promise.all([takeBoth(server, 90_000, 10), takeBoth(client, 10, 90_000)]);
    expect(parties.map(({ wire }) => wire.hash.digest('hex'))).toMatchInlineSnapshot(`
      [
        "f7b3ea76448a89cb2d9677a026313fdbc1069406c5fe9a2851bf159a71924619",
        "1c01d4b901ddc457dd4fcd16fdcc002ff66e88d9425b14a0ab4fe5ac8ede32a6",
      ]
    `);
  });
});
