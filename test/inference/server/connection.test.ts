import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import { PeerClosedError } from '../../../inference/core/errors.js';
import { WAITING_PER_ADDRESS } from '../../../inference/net/silent-connections.js';
import { connectTcp, peerAt, TcpChannel } from '../../../inference/net/tcp-channel.js';
import { protocolDigest } from '../../../inference/run/protocol-digest.js';
import { type PublicPart, parsePublicPart } from '../../../model/artifact/artifact-file.js';
import { cuttingProxy } from './cutting-proxy.js';
import { openToyParty, tinyServedModel, toyServer } from './toy-party.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Where nothing is to run out, however busy the machine is. */
const PATIENT_MILLISECONDS = 60_000;

async function server(options: Parameters<typeof toyServer>[0] = {}) {
  const running = await toyServer({ timeoutMilliseconds: PATIENT_MILLISECONDS, ...options });
  closers.push(() => running.close());
  return running;
}

interface ClientTweaks {
  readonly timeoutMilliseconds?: number;
  readonly modelDigest?: string;
  readonly protocolDigest?: string;
  readonly known?: PublicPart;
  readonly open?: typeof openToyParty;
  readonly onPublicPart?: (digest: string, bytes: Uint8Array) => Promise<unknown>;
}

/** A client whose part of a text begins when `gate` opens: until then the server waits. */
async function slowClient(port: number, gate: Promise<void>): Promise<Client> {
  const open: typeof openToyParty = async (...given) => {
    const party = await openToyParty(...given);
    return {
      ...party,
      async classify(...text) {
        await gate;
        return party.classify(...text);
      },
    };
  };
  return client(port, { open });
}

async function client(port: number, tweaks: ClientTweaks = {}): Promise<Client> {
  // To connect may take longer than a short timeout.
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const { timeoutMilliseconds = PATIENT_MILLISECONDS } = tweaks;
  const channel = new TcpChannel(socket, { peer: peerAt('127.0.0.1', port), timeoutMilliseconds });
  closers.push(() => channel.close());
  return Client.open(channel, {
    opens: 'counts',
    terms: {
      protocolDigest: tweaks.protocolDigest ?? protocolDigest(),
      modelDigest: tweaks.modelDigest ?? null,
      lookUp: async () => tweaks.known ?? null,
      parse: parsePublicPart,
    },
    open: tweaks.open ?? openToyParty,
    ...(tweaks.onPublicPart ? { onPublicPart: tweaks.onPublicPart } : {}),
  });
}

const eventually = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: PATIENT_MILLISECONDS, interval: 5 });

/** The server still does its work. */
async function expectServes(port: number): Promise<void> {
  const honest = await client(port);
  expect((await honest.classify('a b')).logits).toHaveLength(2);
  await honest.close();
}

/** So does one that soon gives up who is silent: an honest client too, where the machine was busy with others for so long. */
const expectServesSoon = (port: number): Promise<void> =>
  vi.waitFor(() => expectServes(port), { timeout: PATIENT_MILLISECONDS, interval: 0 });

/** Bytes of one party in a connection with one text. */
async function bytesOf(port: number, who: 'client' | 'server'): Promise<number> {
  const whole = await cuttingProxy(port, { after: Number.POSITIVE_INFINITY, kind: 'stall', who });
  const honest = await client(whole.port);
  await honest.classify('a b');
  await honest.close();
  const length = whole.passed();
  whole.close();
  return length;
}

describe('a connection', () => {
  it('classifies texts one after another, and reports costs and what was opened', async () => {
    const { port, lines } = await server();
    const open = await client(port);
    const first = await open.classify('a b');
    const second = await open.classify({ text: 'a', textPair: 'b' });
    await open.close();
    const { bucket } = first;
    expect(bucket).toBe(8);
    expect(first.tokens).toBe(4);
    expect(first.layers.map(({ bytes, rounds }) => [bytes, rounds])).toEqual(
      first.layers.map(() => [2 * bucket * 100, 1]),
    );
    const layers = first.layers.length;
    expect(first.cost).toMatchObject({
      sentBytes: 8 + layers * bucket * 100,
      // the notice that it begins, and its round
      receivedBytes: 1 + 8 + layers * bucket * 100,
      rounds: 1 + layers,
      offline: { sentBytes: 1_000, receivedBytes: 1_000 },
    });
    expect(second.cost.offline).toEqual({ milliseconds: 0, sentBytes: 0, receivedBytes: 0, rounds: 0 });
    expect(first.leaks).toEqual([
      { name: 'length-bucket', to: 'server', count: 1 },
      { name: 'label', to: 'client', count: 1 },
    ]);
    expect(first.probabilities![0]! + first.probabilities![1]!).toBeCloseTo(1);
    expect(first.label).toBe(0);
    await eventually(() => lines.some((line) => line.includes('said goodbye after 2 texts')));
    expect(lines.filter((line) => line.includes('8 tokens padded'))).toHaveLength(2);
  });

  it('truncates a long text and says so; answers one without word pieces as its special tokens', async () => {
    const { port } = await server();
    const open = await client(port);
    const long = await open.classify('a '.repeat(5_000));
    expect(long.tokens).toBe(open.model.maxTokens);
    expect(long.truncatedTokens).toBe(5_000 + 2 - open.model.maxTokens);
    expect((await open.classify('\u200b')).tokens).toBe(2);
    expect((await open.classify('a')).tokens).toBe(3);
    await open.close();
  });

  it('serves several clients at a time, and turns away more than it may', async () => {
    const { port, lines } = await server({ maxClients: 2 });
    const first = await client(port);
    const second = await client(port);
    await expect(client(port)).rejects.toThrow('the server refuses: turned away');
    expect(lines.some((line) => line.includes('turned away'))).toBe(true);
    expect((await second.classify('a')).tokens).toBe(3);
    expect((await first.classify('a b')).tokens).toBe(4);
    await second.close();
    await first.close();
  });

  it('turns away one that has left already', async () => {
    const running = await server();
    const left = () => {
      throw new PeerClosedError('the client: sending on a closed connection');
    };
    let closed = 0;
    const close = async () => {
      closed++;
    };
    const silent = { send: () => undefined, receive: () => new Promise<never>(() => undefined), close };
    const from = { address: '192.0.2.1', certificate: null };
    for (let i = 0; i < WAITING_PER_ADDRESS; i++)
      void running.serveChannel({ ...silent, abort: () => undefined }, from);
    await running.serveChannel({ ...silent, send: left, abort: () => undefined }, from);
    expect(closed).toBe(1);
    expect(running.lines.at(-1)).toContain('turned away, too many connections of its address wait');
  });

  it('sends the public part once: a client that has it takes its own', async () => {
    const { port } = await server();
    const sent: Uint8Array[] = [];
    const keep = async (_digest: string, bytes: Uint8Array) => sent.push(bytes);
    await (await client(port, { onPublicPart: keep })).close();
    expect(sent).toHaveLength(1);
    const known = parsePublicPart(sent[0]!);
    await (await client(port, { known, onPublicPart: keep })).close();
    expect(sent).toHaveLength(1);
  });

  it('is refused by both sides when the model or the protocol is another', async () => {
    const { port, lines } = await server();
    const mine = tinyServedModel(1).terms.modelDigest;
    const other = tinyServedModel(2).terms.modelDigest;
    expect(other).not.toBe(mine);
    await expect(client(port, { modelDigest: other })).rejects.toThrow(
      `expected the model ${other}, the server has ${mine}`,
    );
    await eventually(() =>
      lines.some((line) => line.includes(`wants the model ${other}, this server has ${mine}`)),
    );
    await expect(client(port, { protocolDigest: protocolDigest({}) })).rejects.toThrow(
      'install the same version',
    );
    await expectServes(port);
  });
});

describe('a client ends with a clear error', () => {
  it.each([
    ['disconnect', /^the server at 127\.0\.0\.1:\d+ closed the connection|sending on a closed connection/],
    ['reset', /^the server at 127\.0\.0\.1:\d+:? (connection lost|closed|sending)/],
    [
      'stall',
      /^the server at 127\.0\.0\.1:\d+ sent nothing for 0\.1 s: expected \d+ bytes, got \d+( \(in layer\d\))?$/,
    ],
  ] as const)('when the server does %s at any message', async (kind, message) => {
    const { port } = await server();
    const length = await bytesOf(port, 'server');
    const tweaks = kind === 'stall' ? { timeoutMilliseconds: 100 } : {};
    const cuts = [0, 4, 12, 50, 84, 117, 2_000, length - 2_000, length - 800, length - 9, length - 1];
    for (const after of cuts) {
      const proxy = await cuttingProxy(port, { after, kind, who: 'server' });
      const attempt = client(proxy.port, tweaks).then((open) => open.classify('a b'));
      await expect(attempt, `after ${after} bytes`).rejects.toThrow(message);
      proxy.close();
    }
    await expectServes(port);
  });
});

describe('a server outlives its clients', () => {
  const misbehaviours = ['disconnect', 'reset', 'stall', 'garbage'] as const;

  it.each(misbehaviours)('a client that does %s at any message', async (kind) => {
    const { port, lines } = await server(kind === 'stall' ? { timeoutMilliseconds: 60 } : {});
    const length = await bytesOf((await server()).port, 'client');
    // In and at the ends of every message: hello, answer, set-up, request, layers.
    const cuts = [
      0,
      1,
      8,
      11,
      12,
      40,
      117,
      118,
      120,
      500,
      1_118,
      1_120,
      1_122,
      1_127,
      1_500,
      length - 9,
      length - 8,
    ];
    for (const after of cuts) {
      const proxy = await cuttingProxy(port, { after, kind });
      const attempt = client(proxy.port).then(async (open) => {
        await open.classify('a b');
        await open.close();
      });
      if (kind !== 'garbage') await attempt.catch((error) => expect(error).toBeInstanceOf(Error));
      else {
        // Of which a server may wait for more.
        const read = eventually(() => proxy.passed() > after).then(() => pause(100));
        await Promise.race([attempt.catch(() => undefined), read]);
      }
      proxy.close();
    }
    await expectServesSoon(port);
    await eventually(
      () => lines.filter((line) => / (failed|left) after /.test(line)).length > cuts.length / 2,
    );
  });

  it('a client that connects and says nothing is dropped', async () => {
    const { port, lines } = await server({ timeoutMilliseconds: 50 });
    const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: PATIENT_MILLISECONDS });
    await expect(channel.receive(1)).rejects.toThrow('closed the connection');
    // As a health check does: counted, and no line unless asked for.
    expect(lines.some((line) => line.includes('said nothing'))).toBe(true);
    await channel.close();
    await expectServesSoon(port);
  });

  it('a browser on the wrong port', async () => {
    const { port, lines } = await server();
    const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: PATIENT_MILLISECONDS });
    channel.send(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    const readOn = async (): Promise<never> => {
      for (;;) await channel.receive(1); // the server's hello, however long
    };
    await expect(readOn()).rejects.toThrow('the server');
    await eventually(() => lines.some((line) => line.includes('does not speak CipherPrune')));
    await channel.close();
    await expectServes(port);
  });

  it('ends open connections when it closes', async () => {
    const running = await toyServer({ timeoutMilliseconds: PATIENT_MILLISECONDS });
    const open = await client(running.port);
    await running.close();
    await expect(open.classify('a')).rejects.toThrow('the server');
  });

  it('that keeps the server waiting goes on without a turn, which others have', async () => {
    const { port, lines } = await server({
      maxRuns: 1,
      line: { milliseconds: 50, bytesPerMillisecond: 1_000 },
    });
    let begin = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const slow = await slowClient(port, gate);
    const answer = slow.classify('a');
    await expectServes(port);
    await expectServes(port);
    expect(lines.filter((line) => line.includes('goes on without a turn'))).toHaveLength(1);
    begin();
    expect((await answer).logits).toHaveLength(2);
    await expectServes(port);
  });

  it('keeps its turn as long as its bytes may take', async () => {
    const { port, lines } = await server({
      maxRuns: 1,
      // Each byte that passed may take a second.
      line: { milliseconds: 50, bytesPerMillisecond: 0.001 },
    });
    const open = await client(port);
    await open.classify('a');
    const slow = await slowClient(port, new Promise((resolve) => setTimeout(resolve, 300)));
    await slow.classify('a');
    expect(lines.filter((line) => line.includes('goes on without a turn'))).toEqual([]);
  });

  it('says which address is taken', async () => {
    const { port } = await server();
    await expect(toyServer({ port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (EADDRINUSE: another program listens there)`,
    );
  });
});
