/** INSECURE, for debugging only: one text through both parties in this process, every operation compared. */
import { readArtifact } from '../../model/artifact-file.js';
import { createTokenizer } from '../../model/tokenizer.js';
import { CleartextBackend } from '../backends/cleartext.js';
import { Prg } from '../crypto/prg.js';
import { memoryChannelPair } from '../net/memory-channel.js';
import { createSession } from '../session/create-session.js';
import { argmax } from './classification.js';
import { openEngine } from './engine.js';
import { setupTwoParty } from './engine-party.js';
import { type Comparison, insecureCompare } from './insecure-compare.js';
import { bucketOf } from './request.js';

export interface ComparisonReport {
  readonly places: readonly Comparison[];
  readonly logits: readonly number[];
  /** Of a run of its own in the clear, in which truncations round to nearest all the way. */
  readonly cleartextLogits: readonly number[];
  readonly label: number;
  readonly cleartextLabel: number;
}

export async function compareInsecurely(
  directory: string,
  text: string,
  textPair: string | null = null,
): Promise<ComparisonReport> {
  const { artifact } = await readArtifact(directory);
  const encoding = createTokenizer(artifact.public.tokenizerFiles).encode(
    text,
    textPair,
    artifact.public.maxTokens,
  );
  const bucket = bucketOf(encoding.ids.length);
  const channels = memoryChannelPair();
  const session = (self: 'server' | 'client', index: 0 | 1) =>
    createSession({ self, channel: channels[index], random: Prg.create() });
  const [server, client] = await Promise.all([
    setupTwoParty(session('server', 0)),
    setupTwoParty(session('client', 1)),
  ]);
  const { results, places } = await insecureCompare({ server, client }, async (mpc) => {
    const isServer = mpc.self === 'server';
    const party = await openEngine(mpc, {
      public: artifact.public,
      private: isServer ? artifact.private : null,
    });
    return party.classify(isServer ? null : encoding, bucket);
  });
  const cleartext = await (await openEngine(new CleartextBackend(), artifact)).classify(encoding, bucket);
  const logits = results[1].logits!;
  const cleartextLogits = cleartext.logits!;
  return {
    places,
    logits,
    cleartextLogits,
    label: argmax(logits),
    cleartextLabel: argmax(cleartextLogits),
  };
}
