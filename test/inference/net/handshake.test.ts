import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { kernelKind, kernels, kernelThreads } from '#kernels';
import type { LineWish } from '../../../inference/core/line-speed.js';
import { multiplyingThreads, partiesFor } from '../../../inference/core/mutual.js';
import { acceptedSuites } from '../../../inference/core/suite.js';
import type { Channel } from '../../../inference/net/channel.js';
import type { Agreement } from '../../../inference/net/agreement.js';
import { type ClientTerms, clientHandshake } from '../../../inference/net/client-handshake.js';
import {
  type ChooseTerms,
  type ServerTerms,
  serverHandshake,
  type WantedModel,
} from '../../../inference/net/server-handshake.js';
import { MAX_PUBLIC_BYTES } from '../../../model/artifact/public-bytes.js';
import { encodeHello, type Hello, PROTOCOL_VERSION } from '../../../inference/net/hello.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import type { Wait } from '../../../inference/net/notice.js';
import { refusal } from '../../../inference/net/refusal.js';
import { patternBytes } from './tcp-pair.js';

interface Part {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const parse = (bytes: Uint8Array): Part => ({ digest: sha256(bytes), bytes });
const publicPart = patternBytes(3 * 2 ** 20 + 17);
const modelDigest = sha256(publicPart);
const protocolDigest = sha256(patternBytes(32, 5));
const serverTerms: ServerTerms = { protocolDigest, publicPart, modelDigest };
const clientTerms: ClientTerms<Part> = {
  protocolDigest,
  modelDigest: null,
  lookUp: async () => null,
  parse,
  line: 'fast', // nothing is measured unless a test asks for it
};
const hello: Hello = {
  version: PROTOCOL_VERSION,
  role: 'server',
  cots: ['softspoken', 'ferret'],
  aheadMegabytes: 300,
  protocolDigest,
  modelDigest,
  publicBytes: publicPart.length,
  answer: 'probability',
  answerBits: 6,
  modelName: null,
  checks: false,
  suites: ['aes'],
  multiplyingThreads: 0,
  line: 'auto',
};

/** Runs both sides; a side that fails closes its channel, as the parties do. */
async function run(server: Partial<ServerTerms> | ChooseTerms = {}, client: Partial<ClientTerms<Part>> = {}) {
  const [serverChannel, clientChannel] = memoryChannelPair();
  const guarded = <T>(channel: Channel, body: Promise<T>) =>
    body.catch(async (error: Error) => {
      await channel.close();
      return error;
    });
  return Promise.all([
    guarded(
      serverChannel,
      serverHandshake(serverChannel, typeof server === 'function' ? server : { ...serverTerms, ...server }),
    ),
    guarded(clientChannel, clientHandshake(clientChannel, { ...clientTerms, ...client })),
  ]);
}

/** The client's error for a server that sends these bytes. */
async function clientErrorFor(...sent: Uint8Array[]): Promise<Error> {
  const [server, client] = memoryChannelPair();
  for (const bytes of sent) server.send(bytes);
  return clientHandshake(client, clientTerms).then(
    () => expect.fail('expected an error'),
    (error) => error,
  );
}

describe('handshake', () => {
  it('sends the public part to a client that has nothing', async () => {
    const [, agreed] = await run();
    if (!agreed || agreed instanceof Error) throw agreed;
    expect(Buffer.compare(agreed.part.bytes, publicPart)).toBe(0);
    expect(agreed.sent).toBe(agreed.part.bytes);
    expect(agreed.part.digest).toBe(modelDigest);
  });

  it('sends nothing to a client that has it', async () => {
    const asked: string[] = [];
    const [, agreed] = await run(
      {},
      {
        modelDigest,
        lookUp: async (digest) => {
          asked.push(digest);
          return parse(publicPart);
        },
      },
    );
    expect(agreed).toMatchObject({ sent: null, part: { digest: modelDigest } });
    expect(asked).toEqual([modelDigest]);
  });

  it('refuses another model on both sides, naming both', async () => {
    const other = sha256(patternBytes(32, 9));
    for (const error of await run({}, { modelDigest: other })) {
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toContain(other);
      expect((error as Error).message).toContain(modelDigest);
    }
  });

  it.each(['softspoken', 'ferret'] as const)(
    'agrees on %s, and tells what may be made ahead',
    async (cots) => {
      const [server, client] = await run({ aheadMegabytes: 65_535 }, { cots });
      expect(server).toMatchObject({
        cots,
        aheadMegabytes: 65_535,
        answer: { kind: 'probability', bits: 6 },
      });
      expect((server as Agreement).binding).toEqual((client as Agreement).binding);
      expect(client).toMatchObject({ cots, aheadMegabytes: 65_535 });
    },
  );

  it('refuses a way of making correlated OTs that the server does not allow, on both sides', async () => {
    for (const error of await run({ cots: ['ferret'] }, {}))
      expect((error as Error).message).toBe(
        'handshake: the client wants correlated OTs by softspoken, the server allows ferret',
      );
    const [server, client] = memoryChannelPair();
    client.send(encodeHello({ ...hello, role: 'client', cots: [], modelDigest: null, publicBytes: 0 }));
    await expect(serverHandshake(server, serverTerms)).rejects.toThrow('by an unknown way');
  });

  it.each([
    [['aes', 'chacha'], ['aes', 'chacha'], 'aes'],
    [['aes', 'chacha'], ['chacha', 'aes'], 'chacha'],
    [['chacha', 'aes'], ['aes', 'chacha'], 'chacha'],
    [['aes'], ['chacha', 'aes'], 'aes'],
    [['aes', 'chacha'], ['chacha'], 'chacha'],
  ] as const)('of suites %j and %j agrees on the same at both ends', async (ofServer, ofClient, suite) => {
    const agreed = await run({ suites: ofServer }, { suites: ofClient });
    expect(agreed).toMatchObject([{ suite }, { suite }]);
  });

  it('prefers what the machine is fast with', () => {
    const isas = [0, 1, 2].filter((isa) => isa <= kernels.detectedIsa());
    expect(isas.map((isa) => acceptedSuites(undefined, isa)[0])).toEqual(
      isas.map((isa) => (isa === 0 ? 'chacha' : 'aes')),
    );
    expect(acceptedSuites('aes', 0)).toEqual(['aes']);
  });

  it.each([
    { server: 2, client: 2, mutual: true },
    { server: 3, client: 2, mutual: true },
    { server: 4, client: 2, mutual: false },
    { server: 255, client: 255, mutual: true },
    { server: 8, client: 0, mutual: false },
    { server: 0, client: 8, mutual: false },
    { server: 0, client: 0, mutual: false },
  ])(
    'of $server and $client threads both ends work out who multiplies',
    async ({ server, client, mutual }) => {
      const agreed = await run({ multiplyingThreads: server }, { multiplyingThreads: client });
      expect(agreed).toMatchObject([{ mutual }, { mutual }]);
    },
  );

  it.each([
    { server: 'auto', client: 'slow', line: 'slow' },
    { server: 'auto', client: 'fast', line: 'fast' },
    { server: 'slow', client: 'auto', line: 'slow' },
    { server: 'slow', client: 'fast', line: 'slow' },
    { server: 'fast', client: 'slow', line: 'fast' },
  ] as const)(
    'the line is $line for a server that says $server, a client that says $client',
    async ({ line, ...wish }) => {
      const agreed = await run({ line: wish.server }, { line: wish.client });
      expect(agreed).toMatchObject([{ line }, { line }]);
      const [server, client] = agreed as [Agreement, Agreement];
      expect(server.binding).toEqual(client.binding);
    },
  );

  it.each([
    { delays: [0], line: 'fast', pings: 0 },
    { delays: [30, 0], line: 'fast', pings: 1 },
    { delays: [30, 30, 30], line: 'slow', pings: 2 },
  ])('takes a line with round trips of $delays ms to be $line', async ({ delays, line, pings }) => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const ends = memoryChannelPair();
      let answers = 0;
      let asked = 0;
      const late: Channel = {
        ...ends[1],
        send: (bytes) => {
          if (bytes.length === 1) asked++;
          ends[1].send(bytes);
        },
        receive: async (length) => {
          if (length === 12 || length === 1) vi.advanceTimersByTime(delays[answers++] ?? 0);
          return ends[1].receive(length);
        },
      };
      const agreed = await Promise.all([
        serverHandshake(ends[0], serverTerms),
        clientHandshake(late, { ...clientTerms, line: 'auto' }),
      ]);
      expect(agreed).toMatchObject([{ line }, { line }]);
      expect(asked).toBe(pings);
    } finally {
      vi.useRealTimers();
    }
  });

  it('refuses a third ping, a speed without a name, and another one than the server insists on', async () => {
    const serverHearing = async (line: LineWish, ...bytes: number[]) => {
      const [server, client] = memoryChannelPair();
      client.send(encodeHello({ ...hello, role: 'client', cots: ['ferret'], publicBytes: 0 }));
      client.send(Uint8Array.from(bytes));
      return serverHandshake(server, { ...serverTerms, line });
    };
    await expect(serverHearing('auto', 3, 3, 3, 1, 0)).rejects.toThrow('expected at most 2 pings');
    await expect(serverHearing('auto', 1, 2)).rejects.toThrow(
      'expected the line to be fast or slow, the client says 2',
    );
    await expect(serverHearing('fast', 1, 1)).rejects.toThrow(
      'expected the line to be fast, the client says slow',
    );
    expect(await serverHearing('fast', 3, 1, 0)).toMatchObject({ line: 'fast' });
  });

  it('the binding depends on the line, and the hello names a wish that there is', async () => {
    const [fast, slow] = await Promise.all((['fast', 'slow'] as const).map((line) => run({}, { line })));
    expect((fast![0] as Agreement).binding).not.toEqual((slow![0] as Agreement).binding);
    const bytes = encodeHello(hello);
    bytes[bytes.length - 1] = 3;
    expect((await clientErrorFor(bytes)).message).toBe('handshake: expected a line of 0 to 2, got 3');
  });

  it('lets the server multiply alone where the client wants that', () => {
    expect(multiplyingThreads('server')).toBe(0);
    expect(multiplyingThreads('both')).toBe(kernelThreads);
    expect(multiplyingThreads()).toBe(kernelKind === 'native' ? kernelThreads : 0);
    expect(multiplyingThreads(partiesFor(true))).toBe(0);
    expect(multiplyingThreads(partiesFor(false))).toBe(multiplyingThreads());
  });

  it('refuses suites that have nothing in common, or no name here, on both sides', async () => {
    for (const error of await run({ suites: ['aes'] }, { suites: ['chacha'] }))
      expect((error as Error).message).toBe(
        'handshake: the client takes the suites chacha, the server aes (--suite)',
      );
    const [server, client] = memoryChannelPair();
    const later = encodeHello({ ...hello, role: 'client', cots: ['softspoken'], modelDigest: null });
    later[119] = 0x88;
    client.send(later);
    await expect(serverHandshake(server, serverTerms)).rejects.toThrow('the suites of another version only');
  });

  it('shows by its binding that somebody took a suite out of what either said', async () => {
    const [serverEnd, beforeServer] = memoryChannelPair();
    const [beforeClient, clientEnd] = memoryChannelPair();
    const both = { suites: ['chacha', 'aes'] as const };
    const server = serverHandshake(serverEnd, { ...serverTerms, ...both });
    const client = clientHandshake(clientEnd, {
      ...clientTerms,
      ...both,
      lookUp: async () => parse(publicPart),
    });
    for (const [from, to] of [
      [beforeClient, beforeServer],
      [beforeServer, beforeClient],
    ] as const) {
      const said = await from.receive(122);
      said[119] = 0x11; // AES alone
      to.send(said);
    }
    beforeServer.send(await beforeClient.receive(2));
    beforeClient.send(await beforeServer.receive(7));
    const [ofServer, ofClient] = await Promise.all([server, client]);
    expect([ofServer.suite, ofClient.suite]).toEqual(['aes', 'aes']);
    expect(ofServer.binding).not.toEqual(ofClient.binding);
  });

  it('refuses other protocol options on both sides', async () => {
    const errors = await run({}, { protocolDigest: sha256(patternBytes(32, 8)) });
    for (const error of errors) expect((error as Error).message).toContain('install the same version');
  });

  it('agrees on less of an answer than the server gives, and refuses more by name at both parties', async () => {
    const answer = { kind: 'probability', bits: 4 } as const;
    const [all, told] = await run({ answer });
    expect([all, told]).toMatchObject([{ answer }, { answer }]);
    const [, label] = await run({ answer }, { answer: 'label' });
    expect(label).toMatchObject({ answer: { kind: 'label', bits: 4 } });
    for (const error of await run({ answer }, { answer: 'logits' }))
      expect((error as Error).message).toContain(
        'the client wants the answer "logits", the server gives at most "probability"',
      );
  });

  it('refuses a peer that speaks something else, another version, or has the wrong role', async () => {
    const http = new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect((await clientErrorFor(http)).message).toContain('does not speak CipherPrune');
    expect((await clientErrorFor(encodeHello({ ...hello, version: 99 }))).message).toBe(
      `handshake: the server speaks protocol version 99, expected ${PROTOCOL_VERSION}; install the same version on both sides`,
    );
    expect((await clientErrorFor(encodeHello({ ...hello, role: 'client' }))).message).toBe(
      'handshake: expected the server, got another client',
    );
  });

  it('gives a client the model that it names, and says which there are', async () => {
    const named = (name: string): ServerTerms => ({ ...serverTerms, name });
    const choose = ({ modelName }: WantedModel) => {
      if (modelName === 'b' || modelName === null) return named(modelName ?? 'a');
      throw refusal('model', `no model ${modelName}`, 7);
    };
    const [, b] = await run(choose, { modelName: 'b' });
    expect(b).toMatchObject({ modelName: 'b', connection: '0'.repeat(12) });
    const [, any] = await run(choose);
    expect(any).toMatchObject({ modelName: 'a' });
    const [, none] = await run(choose, { modelName: 'c' });
    expect(none).toMatchObject({
      ...{ code: 'ERR_REFUSED', kind: 'model', retryAfterSeconds: 7 },
      message: 'the server refuses: no model c',
    });
    expect(() => encodeHello({ ...hello, modelName: 'a b' })).toThrow(RangeError);
  });

  it('has a client wait as long as the server says so', async () => {
    const [server, client] = memoryChannelPair();
    const waits: Wait[] = [];
    const admitted = serverHandshake(server, serverTerms, {
      connection: '0123456789ab',
      admit: async (_, wait) => {
        wait({ place: 2, seconds: 70_000 });
        wait({ place: 1, seconds: 0.4 });
      },
    });
    const agreed = await clientHandshake(client, { ...clientTerms, onWait: (wait) => waits.push(wait) });
    await admitted;
    expect(agreed.connection).toBe('0123456789ab');
    expect(waits).toEqual([
      { place: 2, seconds: 65_535 },
      { place: 1, seconds: 1 },
    ]);
  });

  it('refuses a public part that is too long, empty, or has another digest', async () => {
    const tooLong = await clientErrorFor(encodeHello({ ...hello, publicBytes: MAX_PUBLIC_BYTES + 1 }));
    expect(tooLong.message).toContain(`announces ${MAX_PUBLIC_BYTES + 1}`);
    expect((await clientErrorFor(encodeHello({ ...hello, publicBytes: 0 }))).message).toContain(
      'announces 0',
    );
    const changed = publicPart.slice();
    changed[1_000_000]! ^= 1;
    const error = await clientErrorFor(encodeHello(hello), changed);
    expect(error.message).toContain(`expected ${modelDigest}`);
    expect(error.message).toContain(sha256(changed));
  });

  it('refuses an unknown answer of the client', async () => {
    const [server, client] = memoryChannelPair();
    client.send(
      encodeHello({ ...hello, role: 'client', cots: ['ferret'], modelDigest: null, publicBytes: 0 }),
    );
    client.send(Uint8Array.of(7, 0));
    await expect(serverHandshake(server, serverTerms)).rejects.toThrow('unknown answer 7');
  });
});
