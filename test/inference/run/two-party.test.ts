/** The whole secure pipeline with a tiny random model: both parties in this process, over memory and over TCP. */
import { describe, expect, it } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { engineClient } from '../client/engine-client.js';
import { cuttingProxy } from '../server/cutting-proxy.js';
import { tinyServedModel, toyServer } from '../server/toy-party.js';

const texts: readonly (readonly [string, string | null])[] = [
  ['a good movie.', null],
  ['bad', null],
  ['a good. movie a bad movie good movie.', null],
  ['good movie', 'a bad movie'],
];

describe('private inference', () => {
  it.each([['that prunes', tinyServedModel(1), tinyArtifact({ seed: 1 })]])(
    'gives the labels, counts and nearly the logits of plaintext inference with a model %s',
    async (_, model, artifact) => {
      const [serverEnd, clientEnd] = memoryChannelPair();
      const served = serveConnection(serverEnd, { model, open: openEngineParty, onText: () => undefined });
      const client = await Client.open(clientEnd, engineClient);
      const plaintext = await CleartextClassifier.of({
        artifact,
        publicPart: encodePublicPart(artifact.public),
      });
      for (const [text, textPair] of texts) {
        const secure = await client.classify({ text, textPair });
        const clear = await plaintext.classify({ text, textPair });
        const counts = ({ layers }: typeof clear) => layers.map(({ kept, important }) => [kept, important]);
        expect(counts(secure)).toEqual(counts(clear));
        expect(secure.tokens).toBe(clear.tokens);
        for (const [i, logit] of secure.logits!.entries()) expect(logit).toBeCloseTo(clear.logits![i]!, 1);
      }
      await client.close();
      expect(await served).toBe(texts.length);
    },
  );
});

describe('a server of the real engine outlives its clients', () => {
  it.each([
    ['disconnect', [0.3, 0.7, 0.95]],
    ['stall', [0.6]],
    ['garbage', [0.6]],
  ] as const)('a client that does %s', async (kind, shares) => {
    const server = await toyServer({ open: openEngineParty, timeoutMilliseconds: 3_000 });
    const connected = async (port: number, timeoutMilliseconds: number) => {
      const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds });
      const open = await Client.open(channel, engineClient).catch(async (error) => {
        await channel.close();
        throw error;
      });
      return open;
    };
    const whole = await cuttingProxy(server.port, { after: Number.POSITIVE_INFINITY, kind });
    const honest = await connected(whole.port, 5_000);
    await honest.classify('a good movie.');
    await honest.close();
    const length = whole.passed();
    whole.close();
    const cuts = shares.map((share) => Math.floor(share * length));
    await Promise.all(
      cuts.map(async (after) => {
        const proxy = await cuttingProxy(server.port, { after, kind });
        const attempt = connected(proxy.port, 4_000).then((open) => open.classify('a good movie.'));
        await attempt.catch((error) => expect(error).toBeInstanceOf(Error));
        proxy.close();
      }),
    );
    const after = await connected(server.port, 5_000);
    expect((await after.classify('bad')).logits).toHaveLength(2);
    await after.close();
    await server.close();
  });
});
