/** Material made ahead between texts: the client asks, the server takes part within its limit. */
import { describe, expect, it } from 'vitest';
import { Demand } from '../../../inference/material/demand.js';
import { Client } from '../../../inference/client/client.js';
import { stepsTo } from '../../../inference/client/client-ahead.js';
import { guessedCounts } from '../../../inference/client/warm.js';
import { demandOf } from '../../../inference/cost/demand-of.js';
import { filledTo, type Material } from '../../../inference/material/material.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import type { Party } from '../../../inference/run/party.js';
import { ServeAhead } from '../../../inference/server/serve-ahead.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { engineClient } from '../client/engine-client.js';
import { cuttingProxy } from '../server/cutting-proxy.js';
import { openToyParty, tinyServedModel, toyServer } from '../server/toy-party.js';

/** A client of a server that keeps so many megabytes; `channel` is the client's end. */
async function connected(aheadMegabytes: number) {
  const [serverEnd, channel] = memoryChannelPair();
  const { terms, ...model } = tinyServedModel(1);
  let onOpen: (party: Party) => void = () => undefined;
  const opened = new Promise<Party>((resolve) => {
    onOpen = resolve;
  });
  const served = serveConnection(serverEnd, {
    model: { ...model, terms: { ...terms, aheadMegabytes } },
    open: async (...all) => {
      const party = await openEngineParty(...all);
      onOpen(party);
      return party;
    },
    onText: () => undefined,
  }).catch(async (error: Error) => {
    await serverEnd.close();
    return error;
  });
  const client = await Client.open(channel, engineClient);
  return { client, channel, served, server: (await opened).material! };
}

const demand = (counts: object): Demand => Demand.fromBytes(new TextEncoder().encode(JSON.stringify(counts)));

/** A request as it stands on the wire. */
function sendPrepare(channel: Channel, bytes: Uint8Array): void {
  const head = new Uint8Array(8);
  head[0] = 4;
  new DataView(head.buffer).setUint32(4, bytes.length, true);
  channel.send(head);
  channel.send(bytes);
}

describe('material for texts like the last one', () => {
  it('makes the next texts cheaper, is reported as offline, and gives the same results', async () => {
    const { client, served, server } = await connected(100);
    const first = await client.classify('a good movie.');
    expect(await client.ahead!.fill(client.ahead!.expected(2)!)).toBe('complete');
    const filled = server.stock();
    const rows = { kind: 'linear', weight: 0, ringBits: 37 } as const;
    expect(filled.items.of(rows)).toBeGreaterThanOrEqual(16);
    const [second, third] = [await client.classify('a good movie.'), await client.classify('a good movie.')];
    const bytesOf = ({ sentBytes, receivedBytes }: typeof first.cost) => sentBytes + receivedBytes;
    for (const text of [second, third]) {
      expect(bytesOf(text.cost)).toBeLessThan(0.6 * bytesOf(first.cost));
      expect(text.layers.map(({ kept }) => kept)).toEqual(first.layers.map(({ kept }) => kept));
      for (const [i, logit] of text.logits!.entries()) expect(logit).toBeCloseTo(first.logits![i]!, 1);
    }
    expect(second.cost.offline.sentBytes).toBeGreaterThan(10_000);
    expect(second.cost.offline.rounds).toBeGreaterThan(0);
    expect(third.cost.offline.sentBytes).toBe(0);
    expect(server.stock().items.of(rows)).toBe(filled.items.of(rows) - 16);
    await client.close();
    expect(await served).toBe(3);
  });

  it('serves a part of a batch, which gives what it does on demand', async () => {
    const { client, served, server } = await connected(100);
    const texts = ['a good movie.', 'bad', 'a good. movie a bad movie good movie.'].map((text) => ({
      text,
      textPair: null,
    }));
    const onDemand = await client.classifyBatch(texts);
    // The three texts' demand over three: of some pools enough for all, of others for none.
    expect(await client.ahead!.fill(client.ahead!.expected(1)!)).toBe('complete');
    const made = () => server.stock().items.entries.filter(([{ kind }]) => kind !== 'cots');
    const before = made();
    const batch = await client.classifyBatch(texts);
    batch.forEach(({ label, layers, logits, leaks }, i) => {
      const other = onDemand[i]!;
      expect([label, leaks]).toEqual([other.label, other.leaks]);
      expect(layers.map(({ kept }) => kept)).toEqual(other.layers.map(({ kept }) => kept));
      for (const [l, logit] of logits!.entries()) expect(logit).toBeCloseTo(other.logits![l]!, 1);
    });
    const bytesOf = (all: typeof batch) =>
      all.reduce((sum, { cost }) => sum + cost.sentBytes + cost.receivedBytes, 0);
    expect(bytesOf(batch)).toBeLessThan(bytesOf(onDemand));
    const after = Demand.of(made());
    const left = before.map(([correlation, count]) => after.of(correlation) / count);
    expect(Math.max(...left)).toBeLessThanOrEqual(1);
    expect(Math.min(...left)).toBeLessThan(1);
    await client.close();
    expect(await served).toBe(6);
  });

  it('is made in steps, and a text that waits starts between them', async () => {
    const { client, served, server } = await connected(100);
    const target = demand({ 'linear 0 37': 200_000, 'linear 1 37': 200_000 });
    expect(stepsTo(target, server, 4e6).length).toBeGreaterThan(2);
    let asked = 0;
    expect(await client.ahead!.fill(target, () => ++asked > 1)).toBe('stopped');
    const { items } = server.stock();
    expect(items.of({ kind: 'linear', weight: 0, ringBits: 37 })).toBeGreaterThan(0);
    expect(items.of({ kind: 'linear', weight: 1, ringBits: 37 })).toBe(0);
    expect((await client.classify('bad')).logits).toHaveLength(2);
    await client.close();
    expect(await served).toBe(1);
  });
});

describe('a server', () => {
  it('refuses what it does not keep, before any work, and goes on', async () => {
    const { client, served, server } = await connected(72);
    const { limitBytes } = client.ahead!;
    expect(limitBytes).toBe(72e6);
    const tooMuch = demand({ 'matmul 65535 65535 65535 65535 64': 1 });
    expect(await client.ahead!.fill(tooMuch, () => false)).toBe('refused');
    expect(
      server.stock().items.of({ kind: 'matmul', batch: 65535, n: 65535, k: 65535, m: 65535, ringBits: 64 }),
    ).toBe(0);
    // A little fits; a second helping beside it does not.
    const rows = (weight: number) => ({
      [`linear ${weight} 37`]: Math.floor(30e6 / server.bytesOf(demand({ [`linear ${weight} 37`]: 1 }))),
    });
    expect(await client.ahead!.fill(demand(rows(0)))).toBe('complete');
    expect(await client.ahead!.fill(demand(rows(1)))).toBe('refused');
    const cots = demand({ 'cots server': 4e6, 'cots client': 4e6 });
    expect(await client.ahead!.fill(cots, () => false)).toBe('refused');
    expect((await client.classify('bad')).logits).toHaveLength(2);
    await client.close();
    expect(await served).toBe(1);
  });

  it('refuses shapes that no text of the model uses, before any work', async () => {
    const { client, served, server } = await connected(2_000);
    const impossible = [
      // 46 kB when it lies there, 2.4 GB of ciphertexts while it is made
      'matmul 4097 1 1 1 13',
      'matmul 1 60000 1 1 13',
      'product 27 60000',
      'linear 60000 37',
      'factors 60000 20',
    ];
    for (const item of impossible)
      expect([item, await client.ahead!.fill(demand({ [item]: 1 }))]).toEqual([item, 'refused']);
    expect(server.stock().items.toJSON()).toEqual(expect.not.objectContaining({ 'linear 60000 37': 1 }));
    const used = await demandOf(client.model, { bucket: 16, schedule: guessedCounts(client.model, 16) });
    expect(await client.ahead!.fill(used.withMargin(16))).toBe('complete');
    await client.close();
    await served;
  });

  it('counts the work of making things, not only what lies there afterwards', async () => {
    const { client, served, server } = await connected(20);
    const triples = demand({ 'matmul 128 8 8 8 20': 1 });
    expect(server.bytesOf(triples)).toBeLessThan(1e6);
    expect(server.workBytesOf(triples)).toBeGreaterThan(20e6);
    expect(await client.ahead!.fill(triples, () => false)).toBe('refused');
    await client.close();
    await served;
  });

  /** The server's part alone, with material that takes no room. */
  function served() {
    const [serverEnd, channel] = memoryChannelPair();
    const material: Material = {
      demand: () => new Demand(),
      resetDemand: () => undefined,
      prepareAhead: async () => undefined,
      stock: () => ({ items: new Demand(), bytes: 0 }),
      bytesOf: () => 0,
      workBytesOf: () => 0,
      drainAhead: () => [],
      restoreAhead: () => undefined,
    };
    const ahead = new ServeAhead(serverEnd, material, 1e9, tinyServedModel(1).public);
    return async (counts: object): Promise<number> => {
      await ahead.prepare(demand(counts));
      return (await channel.receive(1))[0]!;
    };
  }
  const kindsOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 1]));

  it('refuses ever new kinds of material: each would have a pool', async () => {
    const prepare = served();
    const kinds = (batch: number) =>
      Array.from(
        { length: 4096 },
        (_, i) =>
          `matmul ${batch} ${1 + (i & 7)} ${1 + ((i >> 3) & 7)} ${1 + ((i >> 6) & 7)} ${1 + (i >> 9)}`,
      );
    const answers: number[] = [];
    for (let batch = 1; batch <= 5; batch++) answers.push(await prepare(kindsOf(kinds(batch))));
    expect(answers).toEqual([1, 1, 1, 1, 3]);
  });

  it('keeps nothing of kinds that it refused: there is no end of them', async () => {
    const prepare = served();
    for (let k = 1; k <= 5; k++)
      expect(
        await prepare(kindsOf(Array.from({ length: 4096 }, (_, i) => `matmul 60000 ${k} ${1 + i} 1 1`))),
      ).toBe(3);
    expect(await prepare({ 'matmul 1 8 8 8 1': 1 })).toBe(1);
  });

  it('makes nothing ahead unless told so', async () => {
    const { client, channel, served } = await connected(0);
    expect(client.ahead).toBeNull();
    sendPrepare(channel, demand({ 'linear 0 37': 1 }).toBytes());
    expect(await channel.receive(1)).toEqual(Uint8Array.of(3));
    await client.close();
    expect(await served).toBe(0);
  });

  it.each([
    ['no JSON', 'expected JSON', new TextEncoder().encode('x')],
    ['a count below one', 'expected 1 to', new TextEncoder().encode('{"linear 0 37":-5}')],
    ['an unknown kind', 'expected a correlation', new TextEncoder().encode('{"gold 3":5}')],
    ['nothing', 'expected a demand of 1 to', new Uint8Array(0)],
    ['too long', 'expected a demand of 1 to', new Uint8Array((1 << 18) + 1)],
  ])('ends the connection at a demand that is %s', async (_, message, bytes) => {
    const { channel, served } = await connected(100);
    sendPrepare(channel, bytes);
    expect(((await served) as Error).message).toContain(message);
  });

  it('ends with an error when the client leaves in the middle of it', async () => {
    const { channel, served } = await connected(100);
    sendPrepare(channel, demand({ 'linear 0 37': 50 }).toBytes());
    expect(await channel.receive(1)).toEqual(Uint8Array.of(1));
    await channel.close();
    expect(((await served) as Error).message).toContain('the peer closed the channel');
  });

  it('of a party that makes nothing refuses too', async () => {
    const [serverEnd, channel] = memoryChannelPair();
    const { terms, ...model } = tinyServedModel(1);
    const served = serveConnection(serverEnd, {
      model: { ...model, terms: { ...terms, aheadMegabytes: 100 } },
      open: openToyParty,
      onText: () => undefined,
    });
    const client = await Client.open(channel, { ...engineClient, open: openToyParty });
    expect(client.ahead).toBeNull();
    sendPrepare(channel, demand({ 'linear 0 37': 1 }).toBytes());
    expect(await channel.receive(1)).toEqual(Uint8Array.of(3));
    await client.close();
    await served;
  });
});

describe('a server over TCP outlives a client that goes wrong in the middle of a refill', () => {
  it.each(['disconnect', 'stall', 'garbage'] as const)('by %s', async (kind) => {
    const { terms, ...model } = tinyServedModel(1);
    // Only who stalls is given up; a busy machine may take long for its own part.
    const timeoutMilliseconds = kind === 'stall' ? 2_000 : 60_000;
    const server = await toyServer({
      model: { ...model, terms: { ...terms, aheadMegabytes: 100 } },
      open: openEngineParty,
      timeoutMilliseconds,
    });
    const refill = async (port: number) => {
      const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: 2 * timeoutMilliseconds });
      try {
        const client = await Client.open(channel, engineClient);
        const filled = await client.ahead!.fill(demand({ 'linear 0 37': 5_000, 'linear 1 37': 5_000 }));
        await client.close();
        return filled;
      } finally {
        await channel.close();
      }
    };
    const whole = await cuttingProxy(server.port, { after: Number.POSITIVE_INFINITY, kind });
    expect(await refill(whole.port)).toBe('complete');
    const after = whole.passed() - 20_000;
    whole.close();
    const proxy = await cuttingProxy(server.port, { after, kind });
    const attempt = refill(proxy.port).catch((error: Error) => error);
    await attempt;
    proxy.close();
    expect(await refill(server.port)).toBe('complete');
    await server.close();
  });
});

describe('filledTo', () => {
  it('keeps what is there and adds what is missing', () => {
    const stock = demand({ 'linear 0 37': 5, 'linear 1 37': 9 });
    expect(
      filledTo(stock, demand({ 'linear 0 37': 7, 'linear 1 37': 3, 'linear 2 37': 1 })).toJSON(),
    ).toEqual({
      'linear 0 37': 7,
      'linear 1 37': 9,
      'linear 2 37': 1,
    });
  });
});
