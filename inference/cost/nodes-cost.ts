/**
 * What one text costs three nodes, without running it: bytes of all links, and half of the longest chain of messages. Exact, but for the
 * bytes of pace.ts where tasks run side by side: a byte for four million.
 */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { type AnswerTerms, DEFAULT_ANSWER } from '../core/answer.js';
import { withSpan } from '../core/span.js';
import { classify } from '../engine/classify.js';
import { prepareModel } from '../engine/prepare.js';
import { costsByName, Meter, type SpanReport, TrafficCounter } from '../session/meter.js';
import { TRANSCRIPT_BYTES } from '../net/transcript.js';
import { aroundTextBytes } from '../three-party/messages.js';
import { layerCostsBytes } from '../three-party/layer-costs.js';
import { reportBytes } from '../three-party/report.js';
import type { CostEstimate } from './cost-model.js';
import { NodesCounting } from './nodes-counting.js';
import { opensOf, type ScheduledCounts } from './schedule.js';

export interface NodesCost extends Pick<CostEstimate, 'bytes' | 'rounds' | 'layers' | 'protocols'> {
  /** In the longest chain. */
  readonly messages: number;
  /** Of the client's links, both directions; `bytes` counts them too. */
  readonly clientBytes: number;
}

export interface NodesCostOptions {
  /** Padded length. */
  readonly bucket: number;
  /** Per layer, where thresholds decide. */
  readonly schedule: readonly ScheduledCounts[];
  readonly answer?: AnswerTerms;
  /** Do nodes compare what they have seen, as they do over sockets? */
  readonly transcripts?: boolean;
}

/** In spans a message that is waited for counts as a turn: two are a round. */
const roundsOf = ({ cost }: Pick<SpanReport, 'cost'>): number => Math.ceil(cost.rounds / 2);

/** Between nodes, from the client's shares to components of the answer. */
export async function estimateNodesCost(
  model: PublicModel,
  { bucket, schedule, answer = DEFAULT_ANSWER, transcripts = true }: NodesCostOptions,
): Promise<NodesCost> {
  const traffic = new TrafficCounter();
  let clientBytes = 0;
  const mpc = new NodesCounting(opensOf(schedule), {
    sent: (bytes) => traffic.sent(bytes),
    client(bytes) {
      clientBytes += bytes;
    },
    waited() {
      traffic.sent(0);
      traffic.received(0);
    },
  });
  const prepared = await prepareModel(mpc, model, null);
  const meter = new Meter();
  await withSpan(meter.span, async () => {
    await classify(mpc, prepared, null, bucket, answer);
    mpc.settle(transcripts ? TRANSCRIPT_BYTES : 0);
  });
  const report = meter.finish();
  const { layers } = model.config;
  const all = clientBytes + aroundTextBytes(reportBytes(layers, mpc.opened) + layerCostsBytes(layers));
  return {
    bytes: report.cost.sentBytes + all,
    clientBytes: all,
    messages: report.cost.rounds,
    rounds: roundsOf(report),
    layers: report.children
      .filter(({ layer }) => layer !== null)
      .map((span) => ({ bytes: span.cost.sentBytes, rounds: roundsOf(span) })),
    protocols: [...costsByName(report)].map(([name, cost]) => ({
      name,
      bytes: cost.sentBytes,
      rounds: Math.ceil(cost.rounds / 2),
    })),
  };
}
