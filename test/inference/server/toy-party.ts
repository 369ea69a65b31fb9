/**
 * A party whose "protocol" is a few fixed messages, for tests of what surrounds the engine. The logits are those of the
 * token sum, so that mixed-up texts would show.
 */
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { layerSpan } from '../../../inference/core/span.js';
import type { OpenParty, Party } from '../../../inference/run/party.js';
import type { ServedModel } from '../../../inference/server/serve-connection.js';
import { servedModel } from '../../../inference/server/served-model.js';
import { type RunningServer, type ServerOptions, startServer } from '../../../inference/server/server.js';
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

/** Of a tiny model. The line is not measured: on a busy machine that would take pings, and tests that cut a stream count its bytes. */
export const tinyServedModel = (seed = 1, options: TinyOptions = {}): ServedModel =>
  servedModel(tinyArtifact({ seed, ...options }), { answer: FINEST_LOGITS, line: 'fast' });

/** A server of the toy party on a free port; `lines` is its log. */
export async function toyServer(
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { readonly lines: string[] }> {
  const lines: string[] = [];
  const server = await startServer({
    model: tinyServedModel(),
    open: openToyParty,
    host: '127.0.0.1',
    port: 0,
    timeoutMilliseconds: 20_000,
    maxClients: 8,
    log: ({ message }) => lines.push(message),
    ...options,
  });
  return { ...server, lines };
}
