/** The parties' side of `bench inference`: texts with a given artifact, set-up and each protocol run measured apart. */
import { randomBytes } from 'node:crypto';
import { FINEST_LOGITS } from '../inference/core/answer.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import type { LineSpeed } from '../inference/core/line-speed.js';
import { type Span, withSpan } from '../inference/core/span.js';
import type { Suite } from '../inference/core/suite.js';
import { demandOf } from '../inference/cost/demand-of.js';
import { Prg } from '../inference/crypto/prg.js';
import { presetOfWidth } from '../inference/crypto/rlwe/parameters.js';
import { RESIDENT_KEY_BYTES, type Resident, type ResidentStore } from '../inference/material/resident.js';
import type { PartyId } from '../inference/core/tensors.js';
import type { Material } from '../inference/material/material.js';
import type { Channel } from '../inference/net/channel.js';
import { openEngine } from '../inference/run/engine.js';
import { setupTwoParty } from '../inference/run/engine-party.js';
import type { LayerCounts, PaddedText, Party, PartyModel, PartyResult } from '../inference/run/party.js';
import { createSession } from '../inference/session/create-session.js';
import { Meter, meteredChannel, type SpanReport } from '../inference/session/meter.js';
import { residentMemory } from './resident-memory.js';
import type { LeakRecord, Session } from '../inference/session/session.js';
import { readArtifact, readPublicPart } from '../model/artifact/artifact-file.js';
import type { JobParty } from './job-party.js';
import { Trace, type TraceEvent } from './trace.js';

export interface InferenceParameters {
  /** Of the artifact; only the server reads its private part. */
  readonly directory: string;
  /** The text, with special tokens; only the client uses it. */
  readonly ids: readonly number[];
  readonly bucket: number;
  readonly cots: CotKind;
  /** Of the OT extension. */
  readonly checks: boolean;
  readonly suite: Suite;
  /** Both parties multiply shared matrices. */
  readonly mutual: boolean;
  readonly line: LineSpeed;
  /** The client gets the weights, encrypted, to stay. */
  readonly residentWeights: boolean;
  /** Make what these tokens a layer use before the first text, for all texts; null: nothing. */
  readonly ahead: readonly LayerCounts[] | null;
  /** Texts in one protocol run: the same one so many times, so that each costs what the schedule says. */
  readonly batch: number;
  /** Protocol runs, one after another. */
  readonly runs: number;
  /** Note when this party was busy with what during the first run. */
  readonly trace: boolean;
}

export interface AheadRun {
  readonly report: SpanReport;
  readonly cpuMilliseconds: number;
  /** This party's memory of it. */
  readonly poolBytes: number;
}

export interface ResidentRun {
  readonly report: SpanReport;
  /** At the client; 0 at the server. */
  readonly keptBytes: number;
}

export interface InferenceRun {
  readonly setup: SpanReport;
  /** Weights that came to the client, null where none did. */
  readonly resident: ResidentRun | null;
  /** Material made ahead, for all texts. */
  readonly ahead: AheadRun | null;
  /** One a protocol run. */
  readonly inferences: readonly SpanReport[];
  /** Of the first one; null where none was asked for. */
  readonly trace: readonly TraceEvent[] | null;
  /** Processor time of this party's threads during all of them. */
  readonly cpuMilliseconds: number;
  /** Of all texts. */
  readonly results: readonly PartyResult[];
  readonly leaks: readonly LeakRecord[];
}

async function modelOf(self: 'server' | 'client', directory: string): Promise<PartyModel> {
  if (self === 'client') return { public: (await readPublicPart(directory)).model, private: null };
  const { artifact } = await readArtifact(directory);
  return artifact;
}

/** A layer's count is opened when its pruning is done; the last layer prunes nothing. */
const withProgress = (session: Session, layers: number, progress: (text: string) => void): Session => {
  let layer = 0;
  return {
    ...session,
    recordLeak(name, to) {
      session.recordLeak(name, to);
      if (name !== 'kept-token-count') return;
      progress(`layer ${layer + 1} of ${layers} pruned`);
      layer = (layer + 1) % (layers - 1);
    },
  };
};

async function barrier(channel: Channel): Promise<void> {
  channel.send(Uint8Array.of(0));
  await channel.receive(1);
}

async function measured<T>(body: () => Promise<T>, beside?: Span): Promise<{ value: T; report: SpanReport }> {
  const meter = new Meter(residentMemory(), undefined, beside);
  const value = await withSpan(meter.span, body);
  return { value, report: meter.finish() };
}

/** Processor time of this process since now. */
function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

/** For all texts, by the numbers of the schedule and a margin: truncation may keep a token more. Equal at both parties. */
async function prepareAhead(
  material: Material,
  model: PartyModel,
  { ahead: schedule, bucket, batch, runs }: InferenceParameters,
): Promise<AheadRun | null> {
  if (!schedule) return null;
  const demand = (await demandOf(model.public, { bucket, schedule, answer: FINEST_LOGITS }))
    .withMargin(bucket)
    .times(batch * runs);
  const cpu = cpuClock();
  const { report } = await measured(() => material.prepareAhead(demand));
  return { report, cpuMilliseconds: cpu(), poolBytes: material.stock().bytes };
}

/** Keeps nothing beyond this connection. */
const NOWHERE: ResidentStore = {
  open: async () => ({ read: async () => 0, append: async () => undefined }),
};

async function keepWeights(
  self: PartyId,
  resident: Resident | undefined,
  isWanted: boolean,
): Promise<ResidentRun | null> {
  if (!resident || !isWanted) return null;
  const key = { secret: randomBytes(RESIDENT_KEY_BYTES), weights: '' };
  let keptBytes = 0;
  const { report } = await measured(() =>
    self === 'server'
      ? resident.send(key, async () => undefined)
      : resident.receive('', NOWHERE, ({ totalBytes }) => {
          keptBytes = totalBytes;
        }),
  );
  return { report, keptBytes };
}

const classify = async (party: Party, text: PaddedText, batch: number): Promise<PartyResult[]> =>
  batch === 1
    ? [await party.classify(text.text, text.bucket)]
    : party.classifyBatch(Array.from({ length: batch }, () => text));

export async function inferenceJob(
  { self, channel, progress }: JobParty,
  parameters: unknown,
): Promise<InferenceRun> {
  const asked = parameters as InferenceParameters;
  const { directory, ids, bucket, cots, checks, suite, mutual, line: speed, batch, runs } = asked;
  const model = await modelOf(self, directory);
  const trace = asked.trace ? new Trace() : null;
  const line = trace ? trace.channel(channel, self === 'server' ? 1 : 0) : channel;
  const session = createSession({ self, channel: meteredChannel(line), random: Prg.create() });
  const observed = withProgress(session, model.public.config.layers, progress);
  await barrier(channel);
  const { value: opened, report: setup } = await measured(async () => {
    const residentRingBits = model.public.fixedPoint.ringBits;
    const { mpc, material, resident } = await setupTwoParty(observed, {
      extension: cots,
      checks,
      suite,
      mutual,
      line: speed,
      parameters: presetOfWidth(model.public.config.hiddenSize, speed),
      residentRingBits,
    });
    return { material, resident, party: await openEngine(mpc, model, FINEST_LOGITS) };
  });
  const { material, party } = opened;
  await barrier(channel);
  progress('set up');
  const resident = await keepWeights(self, opened.resident, asked.residentWeights);
  if (resident) progress('the weights are at the client');
  const ahead = await prepareAhead(material, model, asked);
  if (ahead) progress(`made ${Math.round(ahead.poolBytes / 1e6)} MB ahead`);
  await barrier(channel);
  const text = self === 'client' ? { ids, tokenTypes: ids.map(() => 0) } : null;
  const cpu = cpuClock();
  const results: PartyResult[] = [];
  const inferences: SpanReport[] = [];
  for (let run = 0; run < runs; run++) {
    const beside = run === 0 ? trace?.span('text') : undefined;
    const { value, report } = await measured(() => classify(party, { text, bucket }, batch), beside);
    results.push(...value);
    inferences.push(report);
    await barrier(channel);
  }
  return {
    setup,
    resident,
    ahead,
    inferences,
    trace: trace?.events ?? null,
    cpuMilliseconds: cpu(),
    results,
    leaks: session.takeLeaks(),
  };
}
