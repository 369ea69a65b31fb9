/** INSECURE, for debugging only: one text through both parties in this process, every operation compared. */
import type { Artifact } from '../../model/artifact/artifact.js';
import { readArtifact } from '../../model/artifact/artifact-file.js';
import { argmax } from '../../model/outputs.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { CleartextBackend } from '../backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../core/answer.js';
import type { CotOptions } from '../crypto/ot/setup-cots.js';
import { Prg } from '../crypto/prg.js';
import { memoryChannelPair } from '../net/memory-channel.js';
import { openEngine } from '../run/engine.js';
import { setupTwoParty } from '../run/engine-party.js';
import type { EncodedText, LayerCounts } from '../run/party.js';
import { bucketOf } from '../run/request.js';
import { createSession } from '../session/create-session.js';
import { type Comparison, insecureCompare } from './insecure-compare.js';

export interface ComparisonReport {
  readonly places: readonly Comparison[];
  /** What pruning left, as opened. */
  readonly layers: readonly LayerCounts[];
  readonly logits: readonly number[];
  /** Of a run of its own in the clear, in which truncations round to nearest all the way. */
  readonly cleartextLogits: readonly number[];
  readonly label: number;
  readonly cleartextLabel: number;
}

/** A text as the engine takes it, through any model. */
export async function compareModelInsecurely(
  artifact: Artifact,
  text: EncodedText,
  options: CotOptions = {},
): Promise<ComparisonReport> {
  const bucket = bucketOf(text.ids.length);
  const channels = memoryChannelPair();
  const session = (self: 'server' | 'client', index: 0 | 1) =>
    createSession({ self, channel: channels[index], random: Prg.create() });
  const [server, client] = await Promise.all([
    setupTwoParty(session('server', 0), options),
    setupTwoParty(session('client', 1), options),
  ]);
  const { results, places } = await insecureCompare(
    { server: server.mpc, client: client.mpc },
    async (mpc) => {
      const isServer = mpc.self === 'server';
      const party = await openEngine(
        mpc,
        {
          public: artifact.public,
          private: isServer ? artifact.private : null,
        },
        FINEST_LOGITS,
      );
      return party.classify(isServer ? null : text, bucket);
    },
  );
  const cleartext = await (await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS)).classify(
    text,
    bucket,
  );
  const logits = results[1].logits!;
  const cleartextLogits = cleartext.logits!;
  return {
    places,
    layers: results[1].layers,
    logits,
    cleartextLogits,
    label: argmax(logits),
    cleartextLabel: argmax(cleartextLogits),
  };
}

export async function compareInsecurely(
  directory: string,
  text: string,
  textPair: string | null = null,
): Promise<ComparisonReport> {
  const { artifact } = await readArtifact(directory);
  const { tokenizerFiles, maxTokens } = artifact.public;
  return compareModelInsecurely(artifact, createTokenizer(tokenizerFiles).encode(text, textPair, maxTokens));
}
