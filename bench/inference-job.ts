/** The parties' side of `bench inference`: one text with a given artifact, set-up and inference measured apart. */

import type { CotKind } from '../inference/core/cot-kind.js';
import { withSpan } from '../inference/core/span.js';
import { Prg } from '../inference/crypto/prg.js';
import type { Channel } from '../inference/net/channel.js';
import { openEngine } from '../inference/run/engine.js';
import { setupTwoParty } from '../inference/run/engine-party.js';
import type { Party, PartyModel, PartyResult } from '../inference/run/party.js';
import { createSession } from '../inference/session/create-session.js';
import { Meter, meteredChannel, type SpanReport } from '../inference/session/meter.js';
import type { LeakRecord, Session } from '../inference/session/session.js';
import { readArtifact, readPublicPart } from '../model/artifact-file.js';
import type { JobParty } from './party-process.js';

export interface InferenceParameters {
  /** Of the artifact; only the server reads its private part. */
  readonly directory: string;
  /** The text, with special tokens; only the client uses it. */
  readonly ids: readonly number[];
  readonly bucket: number;
  readonly cots: CotKind;
  /** Rows of each linear layer to make ahead. */
  readonly rowsAhead: number;
}

export interface InferenceRun {
  readonly setup: SpanReport;
  readonly inference: SpanReport;
  /** Processor time of this party's threads during the inference. */
  readonly cpuMilliseconds: number;
  readonly result: PartyResult;
  readonly leaks: readonly LeakRecord[];
}

async function modelOf(self: 'server' | 'client', directory: string): Promise<PartyModel> {
  if (self === 'client') return { public: (await readPublicPart(directory)).model, private: null };
  const { artifact } = await readArtifact(directory);
  return artifact;
}

/** A layer's count is opened when its pruning is done. */
const withProgress = (session: Session, layers: number, progress: (text: string) => void): Session => {
  let layer = 0;
  return {
    ...session,
    recordLeak(name, to) {
      session.recordLeak(name, to);
      if (name === 'kept-token-count') progress(`layer ${++layer} of ${layers} pruned`);
    },
  };
};

async function barrier(channel: Channel): Promise<void> {
  channel.send(Uint8Array.of(0));
  await channel.receive(1);
}

async function measured<T>(body: () => Promise<T>): Promise<{ value: T; report: SpanReport }> {
  const meter = new Meter();
  const value = await withSpan(meter.span, body);
  return { value, report: meter.finish() };
}

export async function inferenceJob(
  { self, channel, progress }: JobParty,
  parameters: unknown,
): Promise<InferenceRun> {
  const { directory, ids, bucket, cots, rowsAhead } = parameters as InferenceParameters;
  const model = await modelOf(self, directory);
  const session = createSession({ self, channel: meteredChannel(channel), random: Prg.create() });
  const observed = withProgress(session, model.public.config.layers, progress);
  await barrier(channel);
  const { value: party, report: setup } = await measured<Party>(async () =>
    openEngine(await setupTwoParty(observed, { extension: cots, rowsAhead }), model),
  );
  await barrier(channel);
  progress('set up');
  const text = self === 'client' ? { ids, tokenTypes: ids.map(() => 0) } : null;
  const before = process.cpuUsage();
  const { value: result, report: inference } = await measured(() => party.classify(text, bucket));
  const { user, system } = process.cpuUsage(before);
  await barrier(channel);
  return {
    setup,
    inference,
    cpuMilliseconds: (user + system) / 1000,
    result,
    leaks: session.takeLeaks(),
  };
}
