/** What `bench inference` tells of a run, from what both parties reported. */
import type { CotKind } from '../inference/core/cot-kind.js';
import { DEFAULT_LINE, type LineSpeed } from '../inference/core/line-speed.js';
import type { PartyId } from '../inference/core/tensors.js';
import { layerReports } from '../inference/run/classification.js';
import type { LayerCounts, PartyResult } from '../inference/run/party.js';
import { addCosts, costsByName, NO_COST, type SpanReport } from '../inference/session/meter.js';
import type { LeakRecord } from '../inference/session/session.js';
import type { InferenceRun } from './inference-job.js';
import { rounded } from './measure.js';
import type { ModelName } from './model-sizes.js';
import type { NetworkName } from './networks.js';
import type { PairReports, Shaping } from './pair.js';
import { type Timeline, timelineOf } from './timeline/timeline.js';
import type { CleartextRun } from './schedule-thresholds.js';
import type { InferenceOptions } from './inference-options.js';

export interface AheadFigure {
  readonly milliseconds: number;
  readonly bytes: number;
  readonly rounds: number;
  /** An even share of one text. */
  readonly perText: { readonly milliseconds: number; readonly bytes: number };
  readonly cpuMilliseconds: Readonly<Record<PartyId, number>>;
  /** Memory of the pools when they are full. */
  readonly poolBytes: Readonly<Record<PartyId, number>>;
}

export interface ResidentFigure {
  readonly milliseconds: number;
  /** Both directions. */
  readonly bytes: number;
  /** At the client, in memory and on disk. */
  readonly keptBytes: number;
}

/** The largest resident set of each party while something ran. */
type PartyBytes = Readonly<Record<PartyId, number>>;

export interface InferenceFigure {
  readonly model: ModelName;
  readonly tokens: number;
  readonly method: string;
  readonly schedule: readonly number[] | null;
  readonly network: NetworkName;
  readonly cots: CotKind;
  readonly line: LineSpeed;
  /** How the network is imitated. */
  readonly shaping: Shaping;
  /** Whether both parties ran on the same processors; null where they were not bound to any. */
  readonly coresShared: boolean | null;
  /** Texts in one protocol run, and in all. */
  readonly batch: number;
  readonly texts: number;
  /** Of one protocol run, mean over all. Protocols are those of the first run, layers one text's share of it. */
  readonly milliseconds: number;
  /** Each protocol run's: the first one of a process also makes code and memory ready that later ones find. */
  readonly runMilliseconds: readonly number[];
  /** The set-up of the connection, and what was made ahead for one text. */
  readonly offlineMilliseconds: number;
  readonly bytes: number;
  readonly offlineBytes: number;
  readonly rounds: number;
  readonly peakMemoryBytes: Readonly<Record<PartyId, number>>;
  /** Material made before the first text, for all of them; null without `preprocess`. */
  readonly ahead: AheadFigure | null;
  /** Weights that came to the client to stay, once: in no other figure; null without. */
  readonly residentWeights: ResidentFigure | null;
  /** An even share of one text; it waits for all rounds of its run. */
  readonly perText: { readonly milliseconds: number; readonly bytes: number };
  /** Processor time during one protocol run: what remains of `milliseconds` on an idle machine. */
  readonly cpuMilliseconds: Readonly<Record<PartyId, number>>;
  readonly maxAbsError: number | null;
  readonly layers: readonly {
    /** Tokens that it computes on, and those in high degree: what the layer before left. */
    readonly kept: number;
    readonly important: number;
    readonly milliseconds: number;
    readonly bytes: number;
    readonly rounds: number;
    readonly memoryBytes: PartyBytes;
  }[];
  readonly protocols: readonly {
    readonly name: string;
    readonly milliseconds: number;
    readonly bytes: number;
    readonly rounds: number;
    readonly memoryBytes: PartyBytes;
  }[];
  readonly leaks: readonly LeakRecord[];
  /** Of the first run; null unless asked for. */
  readonly timeline: Timeline | null;
}

/** Over all texts. */
function maxAbsError(cleartext: CleartextRun | null, results: readonly PartyResult[]): number | null {
  if (!cleartext) return null;
  const errors = results.flatMap(({ logits }) =>
    (logits ?? []).map((logit, label) => Math.abs(logit - cleartext.logits[label]!)),
  );
  return Math.max(...errors);
}

/** Every protocol by name, dearest first; protocols contain each other, so this does not add up to the whole. */
function protocolFigures(reports: Readonly<Record<PartyId, SpanReport>>): InferenceFigure['protocols'] {
  const server = costsByName(reports.server);
  return [...costsByName(reports.client)]
    .map(([name, { milliseconds, sentBytes, receivedBytes, rounds, peakMemoryBytes }]) => ({
      name,
      milliseconds: rounded(milliseconds),
      bytes: sentBytes + receivedBytes,
      rounds,
      memoryBytes: { server: server.get(name)?.peakMemoryBytes ?? 0, client: peakMemoryBytes },
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

function aheadFigure(runs: Readonly<Record<PartyId, InferenceRun>>, texts: number): AheadFigure | null {
  const { server, client } = { server: runs.server.ahead, client: runs.client.ahead };
  if (!server || !client) return null;
  const { milliseconds, sentBytes, receivedBytes, rounds } = client.report.cost;
  const bytes = sentBytes + receivedBytes;
  return {
    milliseconds: rounded(milliseconds),
    bytes,
    rounds,
    perText: { milliseconds: rounded(milliseconds / texts), bytes: Math.round(bytes / texts) },
    cpuMilliseconds: {
      server: rounded(server.cpuMilliseconds),
      client: rounded(client.cpuMilliseconds),
    },
    poolBytes: { server: server.poolBytes, client: client.poolBytes },
  };
}

function residentFigure({ resident }: InferenceRun): ResidentFigure | null {
  if (!resident) return null;
  const { milliseconds, sentBytes, receivedBytes } = resident.report.cost;
  return {
    milliseconds: rounded(milliseconds),
    bytes: sentBytes + receivedBytes,
    keptBytes: resident.keptBytes,
  };
}

function timelineFigure({ server, client }: Readonly<Record<PartyId, InferenceRun>>): Timeline | null {
  return server.trace && client.trace && timelineOf({ server: server.trace, client: client.trace });
}

/** Of the first protocol run, in which every layer has a span of its own. */
function layerFigures(
  reports: Readonly<Record<PartyId, SpanReport>>,
  counts: readonly LayerCounts[],
  tokens: number,
  batch: number,
): InferenceFigure['layers'] {
  const memory = (party: PartyId, layer: number) =>
    reports[party].children.find((span) => span.layer === layer)?.peakMemoryBytes ?? 0;
  return layerReports(counts, reports.client, { index: 0, size: batch }).map((report, layer) => ({
    ...report,
    ...(counts[layer - 1] ?? { kept: tokens, important: tokens }),
    memoryBytes: { server: memory('server', layer), client: memory('client', layer) },
  }));
}

export function figureOf(
  {
    model,
    method,
    tokens,
    schedule,
    network,
    cots,
    line = DEFAULT_LINE,
    check,
    batch,
    texts,
  }: InferenceOptions,
  reports: PairReports,
  cleartext: CleartextRun | null,
): InferenceFigure {
  const parties = {
    server: reports.server.value as InferenceRun,
    client: reports.client.value as InferenceRun,
  };
  const run = parties.client;
  const first = { server: parties.server.inferences[0]!, client: run.inferences[0]! };
  const runs = run.inferences.length;
  const total = run.inferences.reduce((sum, { cost }) => addCosts(sum, cost), NO_COST);
  const milliseconds = total.milliseconds / runs;
  const bytes = (total.sentBytes + total.receivedBytes) / runs;
  const offline = run.setup.cost;
  const ahead = aheadFigure(parties, texts);
  const cpu = (role: PartyId) => rounded(parties[role].cpuMilliseconds / runs);
  return {
    model,
    tokens,
    method: method.name,
    schedule,
    network,
    cots,
    line,
    shaping: reports.shaping,
    coresShared: reports.coresShared,
    batch,
    texts,
    milliseconds: rounded(milliseconds),
    runMilliseconds: run.inferences.map(({ cost }) => rounded(cost.milliseconds)),
    offlineMilliseconds: rounded(offline.milliseconds + (ahead?.perText.milliseconds ?? 0)),
    bytes: Math.round(bytes),
    offlineBytes: offline.sentBytes + offline.receivedBytes + (ahead?.perText.bytes ?? 0),
    ahead,
    residentWeights: residentFigure(run),
    rounds: Math.round(total.rounds / runs),
    perText: { milliseconds: rounded(milliseconds / batch), bytes: Math.round(bytes / batch) },
    peakMemoryBytes: { server: reports.server.peakMemoryBytes, client: reports.client.peakMemoryBytes },
    cpuMilliseconds: { server: cpu('server'), client: cpu('client') },
    maxAbsError: check ? maxAbsError(cleartext, run.results) : null,
    layers: layerFigures(first, run.results[0]!.layers, tokens, batch),
    protocols: protocolFigures(first),
    leaks: run.leaks,
    timeline: timelineFigure(parties),
  };
}
