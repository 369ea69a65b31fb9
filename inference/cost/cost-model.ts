/**
 * What one text costs, without running it: the engine on a backend that counts. Bytes and rounds are those of a real run
 * (the first text of a connection, set-up apart); seconds come from throughputs measured on one machine and a network's
 * bandwidth and latency.
 */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Backend } from '../backends/backend.js';
import type { AnswerTerms } from '../core/answer.js';
import { DEFAULT_LINE, type LineSpeed } from '../core/line-speed.js';
import { withSpan } from '../core/span.js';
import { presetOfWidth } from '../crypto/rlwe/parameters.js';
import { classify } from '../engine/classify.js';
import { prepareModel } from '../engine/prepare.js';
import { costsByName, Meter, type SpanReport } from '../session/meter.js';
import type { CountedCotOptions } from './counted-cots.js';
import { CountingBackend } from './counting-backend.js';
import type { CountingOptions } from './counting-context.js';
import { type Opens, opensOf, type ScheduledCounts } from './schedule.js';

export interface NetworkModel {
  readonly bandwidthBitsPerSecond: number;
  readonly roundTripMilliseconds: number;
}

/** How fast a kind of machine is. */
export interface Throughput {
  /** With all that belongs to the non-linear protocols that use them up. */
  readonly cotsPerMillisecond: number;
  /** Times the packing's own model of homomorphic products. */
  readonly productFactor: number;
  /** Of a round trip inside one machine. */
  readonly roundMilliseconds: number;
}

/**
 * Fitted to the processor time of both parties together, one core, in runs of BERT-tiny and BERT-mini with 16 to 64 tokens
 * (AVX-512): within 30%. Parties that work at the same time, or threads, take less.
 */
const defaultThroughput: Throughput = {
  cotsPerMillisecond: 20_000,
  productFactor: 1.3,
  roundMilliseconds: 0.3,
};

/** The published systems' LAN and WAN. */
export const networkModels = {
  loopback: { bandwidthBitsPerSecond: 16e9, roundTripMilliseconds: 0 },
  lan: { bandwidthBitsPerSecond: 3e9, roundTripMilliseconds: 0.8 },
  wan: { bandwidthBitsPerSecond: 200e6, roundTripMilliseconds: 40 },
} as const satisfies Record<string, NetworkModel>;

export type NetworkName = keyof typeof networkModels;

export interface ProtocolCost {
  readonly name: string;
  readonly bytes: number;
  readonly rounds: number;
}

export interface CostEstimate {
  /** Both directions, online. */
  readonly bytes: number;
  readonly rounds: number;
  readonly cots: number;
  readonly seconds: Readonly<Record<NetworkName, number>>;
  readonly layers: readonly { readonly bytes: number; readonly rounds: number }[];
  /** By name over all layers; a protocol's cost includes those inside it. */
  readonly protocols: readonly ProtocolCost[];
}

/** One text, with what its seconds consist of. */
export interface TextCost extends CostEstimate {
  /** Of weights that stay at the client, there; 0 where none do. */
  readonly keptBytes: number;
  /** Of both parties together, one core, in milliseconds: homomorphic products, and what goes with COTs and messages. */
  readonly computing: { readonly products: number; readonly others: number };
}

/** Waiting for messages, and sending them. */
const networkSeconds = (
  { bytes, rounds }: Pick<CostEstimate, 'bytes' | 'rounds'>,
  { bandwidthBitsPerSecond, roundTripMilliseconds }: NetworkModel,
): number => (rounds * roundTripMilliseconds) / 1000 + (8 * bytes) / bandwidthBitsPerSecond;

/**
 * Seconds of a text on any network: those of computing, which the loopback has too, `machine` times as long as on the machine that
 * throughputs were fitted to, then latency and bandwidth.
 */
export function secondsOn(
  { seconds, ...traffic }: Pick<CostEstimate, 'seconds' | 'bytes' | 'rounds'>,
  network: NetworkModel,
  machine = 1,
): number {
  const computing = seconds.loopback - networkSeconds(traffic, networkModels.loopback);
  return machine * computing + networkSeconds(traffic, network);
}

/** A server with many cores, as a model has it; a client of one. */
export interface ManyCores {
  /** Of a text alone: homomorphic products, nearly all of them the server's, are spread over the cores; nothing else is. */
  secondsOn(network: NetworkModel): number;
  /** With as many texts at once as keep all cores busy: products and half of everything else are the server's. */
  readonly textsPerSecond: number;
}

/** A model, not a measurement, of a text where the server multiplies alone: spreading costs nothing here, and neither memory nor the network is ever too slow. */
export function manyCores(cost: TextCost, cores: number): ManyCores {
  const { products, others } = cost.computing;
  return {
    secondsOn: (network) => (products / cores + others) / 1000 + networkSeconds(cost, network),
    textsPerSecond: (1000 * cores) / (products + others / 2),
  };
}

/** The client's request for one text (run/request.ts). */
const REQUEST_BYTES = 8;

const bytesOf = ({ cost }: Pick<SpanReport, 'cost'>): number => cost.sentBytes + cost.receivedBytes;

export interface CostOptions extends CountedCotOptions {
  /** Padded length. */
  readonly bucket: number;
  /** Per layer; ignored by a model that does not prune. Padding always leaves in layer 0. */
  readonly schedule: readonly ScheduledCounts[];
  readonly throughput?: Throughput;
  /** The client has the weights that can stay there. */
  readonly resident?: boolean;
  /** Both parties multiply shared matrices; true unless given. */
  readonly mutual?: boolean;
  /** By which ciphertexts are laid out; fast unless given. */
  readonly line?: LineSpeed;
  /** What the client is told; the default unless given. */
  readonly answer?: AnswerTerms;
}

/** Makes what it needs on a backend, then tells what is counted. */
type Prepared = (mpc: Backend) => Promise<() => Promise<unknown>>;

/** What anything over the seam costs. */
export async function estimateOf(
  opens: Opens,
  prepare: Prepared,
  {
    throughput = defaultThroughput,
    requestBytes = 0,
    ...counted
  }: CountingOptions & { throughput?: Throughput; requestBytes?: number } = {},
): Promise<TextCost> {
  const mpc = new CountingBackend(opens, counted);
  const meter = new Meter();
  const run = await prepare(mpc);
  await withSpan(meter.span, run);
  const report = meter.finish();
  const bytes = bytesOf(report) + requestBytes;
  const { rounds } = report.cost;
  const { cots, productMilliseconds, keptBytes } = mpc.work;
  const computing = {
    products: productMilliseconds * throughput.productFactor,
    others: cots / throughput.cotsPerMillisecond + rounds * throughput.roundMilliseconds,
  };
  const seconds = (network: NetworkModel): number =>
    (computing.products + computing.others) / 1000 + networkSeconds({ bytes, rounds }, network);
  const { loopback, lan, wan } = networkModels;
  return {
    bytes,
    rounds,
    cots,
    computing,
    keptBytes,
    seconds: { loopback: seconds(loopback), lan: seconds(lan), wan: seconds(wan) },
    layers: report.children
      .filter(({ layer }) => layer !== null)
      .map((span) => ({ bytes: bytesOf(span), rounds: span.cost.rounds })),
    protocols: [...costsByName(report)].map(([name, cost]) => ({
      name,
      bytes: cost.sentBytes + cost.receivedBytes,
      rounds: cost.rounds,
    })),
  };
}

/** The cost of one text of a model; only the public part is needed. */
export function estimateCost(model: PublicModel, options: CostOptions): Promise<TextCost> {
  const {
    bucket,
    schedule,
    throughput,
    answer,
    cots,
    checks,
    resident,
    mutual = true,
    line = DEFAULT_LINE,
  } = options;
  const prepare: Prepared = async (mpc) => {
    const prepared = await prepareModel(mpc, model, null);
    return () => classify(mpc, prepared, null, bucket, answer);
  };
  return estimateOf(opensOf(schedule), prepare, {
    requestBytes: REQUEST_BYTES,
    parameters: presetOfWidth(model.config.hiddenSize, line),
    mutual,
    ...(cots ? { cots } : {}),
    ...(checks ? { checks } : {}),
    line,
    ...(resident ? { residentRingBits: model.fixedPoint.ringBits } : {}),
    ...(throughput ? { throughput } : {}),
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Means over texts, by name and layer. */
export function meanCost(costs: readonly CostEstimate[]): CostEstimate {
  const each = (pick: (cost: CostEstimate) => number): number => mean(costs.map(pick));
  const names = [...new Set(costs.flatMap(({ protocols }) => protocols.map(({ name }) => name)))];
  const of = (name: string, field: 'bytes' | 'rounds') =>
    each(({ protocols }) => protocols.find((p) => p.name === name)?.[field] ?? 0);
  return {
    bytes: each((c) => c.bytes),
    rounds: each((c) => c.rounds),
    cots: each((c) => c.cots),
    seconds: {
      loopback: each((c) => c.seconds.loopback),
      lan: each((c) => c.seconds.lan),
      wan: each((c) => c.seconds.wan),
    },
    layers: (costs[0]?.layers ?? []).map((_, layer) => ({
      bytes: each((c) => c.layers[layer]!.bytes),
      rounds: each((c) => c.layers[layer]!.rounds),
    })),
    protocols: names.map((name) => ({ name, bytes: of(name, 'bytes'), rounds: of(name, 'rounds') })),
  };
}
