/** A client whose connections break, or are refused, over the toy party. */
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import { LastingClient } from '../../../inference/client/lasting-client.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { protocolDigest } from '../../../inference/run/protocol-digest.js';
import { IdentityLimits } from '../../../inference/server/limits.js';
import { parsePublicPart } from '../../../model/artifact/artifact-file.js';
import { type Misbehaviour, cuttingProxy } from '../server/cutting-proxy.js';
import { openToyParty, toyServer } from '../server/toy-party.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Connects through ports one after another, the last one again and again. */
async function lasting(ports: readonly number[], reconnects: number) {
  const notes: string[] = [];
  const digests: (string | null)[] = [];
  const opened = LastingClient.open(
    async (digest) => {
      const port = ports[Math.min(digests.length, ports.length - 1)]!;
      digests.push(digest);
      const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: 500 });
      closers.push(() => channel.close());
      const terms = { protocolDigest: protocolDigest(), modelDigest: digest, lookUp: async () => null };
      return Client.open(channel, {
        terms: { ...terms, parse: parsePublicPart },
        open: openToyParty,
        opens: 'counts',
      });
    },
    { reconnects, onNote: (line) => notes.push(line), firstDelayMilliseconds: 1 },
  );
  return { client: await opened, notes, digests };
}

async function server(options: Parameters<typeof toyServer>[0] = {}) {
  const running = await toyServer({ timeoutMilliseconds: 20_000, ...options });
  closers.push(() => running.close());
  return running;
}

async function proxy(port: number, misbehaviour: Misbehaviour) {
  const between = await cuttingProxy(port, misbehaviour);
  closers.push(() => between.close());
  return between.port;
}

describe('a client that outlives its connection', () => {
  it.each([
    ['a cut', 'disconnect'],
    ['a reset', 'reset'],
    ['silence', 'stall'],
  ] as const)('goes on after %s with the text that was not answered, and the same model', async (_, kind) => {
    const { port } = await server();
    // In the layers of the second text.
    const bad = await proxy(port, { after: 1_120 + 1_608 + 400, kind, who: 'client' });
    const { client, notes, digests } = await lasting([bad, port], 2);
    const first = await client.classify('a b');
    const second = await client.classify('b a');
    expect(second.logits).toEqual(first.logits);
    expect((await client.classify('a')).tokens).toBe(3);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/; connecting again in \d\.\d s \(1 of 2\)$/);
    expect(digests).toEqual([null, client.digest]);
    await client.close();
  });

  it('gives up after so many in a row, with the last error by its name', async () => {
    const { port } = await server();
    const bad = await proxy(port, { after: 1_120 + 400, kind: 'disconnect', who: 'client' });
    const { client, notes } = await lasting([bad], 2);
    await expect(client.classify('a b')).rejects.toMatchObject({ code: 'ERR_PEER_CLOSED' });
    expect(notes).toHaveLength(2);
  });

  it('does not hammer an address that never answered', async () => {
    await expect(lasting([1], 5)).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' });
  });

  it('comes again when a busy server says so, and not before a limit ends that is far away', async () => {
    const { port } = await server({ maxClients: 1 });
    const { client } = await lasting([port], 0);
    await expect(lasting([port], 0)).rejects.toMatchObject({ code: 'ERR_REFUSED', kind: 'busy' });
    await client.close();
    const limits = await IdentityLimits.open({ textsPerDay: 1, now: () => 0 });
    const limited = await server({ limits });
    const other = await lasting([limited.port], 5);
    await other.client.classify('a');
    await expect(other.client.classify('a')).rejects.toMatchObject({
      ...{ code: 'ERR_REFUSED', kind: 'daily', retryAfterSeconds: 65_535 },
      message: 'the server refuses: 1 texts a day, 1 were used',
    });
    expect(other.notes).toEqual([]);
  });

  it('ends at once when its signal does', async () => {
    const { port } = await server();
    const bad = await proxy(port, { after: 1_120 + 400, kind: 'stall', who: 'client' });
    const { client } = await lasting([bad], 5);
    const signal = AbortSignal.timeout(50);
    await expect(client.classify('a b', { signal })).rejects.toThrow(/timeout/);
  });
});
