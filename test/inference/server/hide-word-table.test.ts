/** A secret word table: what the client gets, and that lookups on shares give what public ones give. */
import { describe, expect, it } from 'vitest';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { Client } from '../../../inference/client/client.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { openEngine } from '../../../inference/run/engine.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { protocolDigest } from '../../../inference/run/protocol-digest.js';
import { withPrivateEmbedding } from '../../../inference/server/hide-word-table.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { servedModel } from '../../../inference/server/served-model.js';
import { parsePublicPart, serializePublicPart } from '../../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

const artifact = tinyArtifact();
const secret = withPrivateEmbedding(artifact);
const { word, position, tokenType } = artifact.public.embedding;

describe('private embedding', () => {
  it('takes the word table out of what clients get, and leaves bounds', () => {
    const part = encodePublicPart(secret.public);
    const received = parsePublicPart(serializePublicPart(part));
    expect(received.model.embedding.word).toBeNull();
    expect(received.model).toEqual(secret.public);
    expect(received.digest).not.toBe(encodePublicPart(artifact.public).digest);
    const table = Buffer.from(new Int8Array(word!.values).buffer);
    expect(Buffer.from(serializePublicPart(part)).includes(table)).toBe(false);
    expect(Buffer.from(serializePublicPart(encodePublicPart(artifact.public))).includes(table)).toBe(true);
  });

  it('bounds every sum of a word, a position and a token type, tightly', () => {
    const { sum, variance } = secret.public.privateEmbedding!;
    const hidden = artifact.public.config.hiddenSize;
    const at = ({ values, fractionBits }: typeof position, row: number, i: number) =>
      values[row * hidden + i]! / 2 ** fractionBits;
    let [least, most, largest] = [Number.POSITIVE_INFINITY, 0, 0];
    for (let w = 0; w < word!.inputs; w++)
      for (let p = 0; p < artifact.public.maxTokens; p++)
        for (let t = 0; t < tokenType!.inputs; t++) {
          const row = Array.from(
            { length: hidden },
            (_, i) => at(word!, w, i) + at(position, p, i) + at(tokenType!, t, i),
          );
          const mean = row.reduce((a, b) => a + b) / hidden;
          const spread = row.reduce((a, b) => a + (b - mean) ** 2, 0) / hidden;
          least = Math.min(least, spread);
          most = Math.max(most, spread);
          largest = Math.max(largest, ...row.map(Math.abs));
        }
    expect(sum).toBeGreaterThanOrEqual(largest);
    expect(variance.min).toBeLessThanOrEqual(least);
    expect(variance.min).toBeGreaterThan(0.99 * least);
    expect(variance.max).toBeGreaterThanOrEqual(most);
    expect(variance.max).toBeLessThan(1.01 * most);
  });

  it('bounds the norm of every column by a power of two, so that more bits of its entries make no more noise', () => {
    const norms = Array.from({ length: word!.outputs }, (_, column) =>
      Math.hypot(
        ...Array.from({ length: word!.inputs }, (_, row) => word!.values[row * word!.outputs + column]!),
      ),
    );
    const largest = Math.max(...norms);
    const { normBits } = secret.public.privateEmbedding!.word;
    expect(2 ** normBits!).toBeGreaterThanOrEqual(largest);
    expect(2 ** normBits!).toBeLessThan(2 * largest);
  });

  it('gives nearly the logits of the public table, in the clear and between two parties', async () => {
    const publicEngine = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
    const secretEngine = await openEngine(new CleartextBackend(), secret, FINEST_LOGITS);
    const [serverEnd, clientEnd] = memoryChannelPair();
    const served = serveConnection(serverEnd, {
      model: servedModel(secret, { answer: FINEST_LOGITS }),
      open: openEngineParty,
      onText: () => undefined,
    });
    const client = await Client.open(clientEnd, {
      opens: 'counts',
      terms: {
        protocolDigest: protocolDigest(),
        modelDigest: null,
        lookUp: async () => null,
        parse: parsePublicPart,
      },
      open: openEngineParty,
    });
    // Texts whose scores keep away from the thresholds by more than rounding.
    for (const text of ['a good movie', 'a bad movie']) {
      const encoding = client.tokenizer.encode(text, null, 12);
      const [open, hidden] = await Promise.all([
        publicEngine.classify(encoding, 8),
        secretEngine.classify(encoding, 8),
      ]);
      const secure = await client.classify(text);
      expect(secure.leaks.map(({ name }) => name)).toEqual([
        'length-bucket',
        'kept-token-count',
        'important-token-count',
        'label',
        'logits',
      ]);
      expect(hidden.layers).toEqual(open.layers);
      expect(secure.layers.map(({ kept, important }) => ({ kept, important }))).toEqual(open.layers);
      for (const [i, logit] of open.logits!.entries()) {
        expect(hidden.logits![i]).toBeCloseTo(logit, 1);
        expect(secure.logits![i]).toBeCloseTo(logit, 1);
      }
    }
    await client.close();
    await served;
  });

  it('looks no token up that the table lacks, and no more of them than are padded to, as with a public one', async () => {
    for (const model of [artifact, secret]) {
      const engine = await openEngine(new CleartextBackend(), model, FINEST_LOGITS);
      const classify = (...ids: number[]) => engine.classify({ ids, tokenTypes: ids.map(() => 0) }, 8);
      const { vocabularySize } = model.public.config;
      const beyond = `expected a row below ${vocabularySize}, got another`;
      await expect(classify(2, vocabularySize, 3)).rejects.toThrow(beyond);
      await expect(classify(2, -1, 3)).rejects.toThrow(beyond);
      await expect(classify()).rejects.toThrow('expected 1 to 8 tokens, got 0');
      await expect(classify(2, 5, 5, 5, 5, 5, 5, 5, 3)).rejects.toThrow('expected 1 to 8 tokens, got 9');
    }
  });
});
