/**
 * A party whose "protocol" is a few fixed messages, for tests of what surrounds the engine. The logits are those of the
 * token sum, so that mixed-up texts would show.
 */
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { layerSpan } from '../../../inference/core/span.js';
import type { OpenParty, Party } from '../../../inference/run/party.js';
import { protocolDigest } from '../../../inference/run/protocol-digest.js';
import type { ServedModel } from '../../../inference/server/serve-connection.js';
import { type RunningServer, type ServerOptions, startServer } from '../../../inference/server/server.js';
import { serializePublicPart } from '../../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { type TinyOptions, tinyArtifact } from '../../../bench/tiny-artifact.js';

export const openToyParty: OpenParty = async ({ self, channel, recordLeak }, { public: model }) => {
  const exchange = async (bytes: number) => {
    channel.send(new Uint8Array(bytes));
    await channel.receive(bytes);
  };
  await exchange(1_000);
  const party: Party = {
    async classify(text, bucket) {
      for (let layer = 0; layer < model.config.layers; layer++)
        await layerSpan(layer, () => exchange(bucket * 100));
      const layers = Array.from({ length: model.config.layers }, () => ({ kept: bucket, important: 1 }));
      recordLeak('label', 'client');
      const nothing = { label: null, given: null, probabilities: null, logits: null, layers };
      if (self === 'server') {
        channel.send(new Uint8Array(8));
        return nothing;
      }
      await channel.receive(8);
      const sum = text!.ids.reduce((a, b) => a + b, 0);
      return { ...nothing, label: sum < 0 ? 1 : 0, logits: [sum, -sum] };
    },
    async classifyBatch(texts) {
      const results = [];
      for (const { text, bucket } of texts) results.push(await party.classify(text, bucket));
      return results;
    },
  };
  return party;
};

export function servedModel(seed = 1, options: TinyOptions = {}): ServedModel {
  const artifact = tinyArtifact({ seed, ...options });
  const part = encodePublicPart(artifact.public);
  return {
    public: artifact.public,
    private: artifact.private,
    terms: {
      protocolDigest: protocolDigest(),
      modelDigest: part.digest,
      publicPart: serializePublicPart(part),
      answer: FINEST_LOGITS,
      // Measured, a busy machine's would take pings, and tests that cut a stream count its bytes.
      line: 'fast',
    },
  };
}

/** A server of the toy party on a free port; `lines` is its log. */
export async function toyServer(
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { readonly lines: string[] }> {
  const lines: string[] = [];
  const server = await startServer({
    model: servedModel(),
    open: openToyParty,
    host: '127.0.0.1',
    port: 0,
    timeoutMilliseconds: 500,
    maxClients: 8,
    log: ({ message }) => lines.push(message),
    ...options,
  });
  return { ...server, lines };
}
