/**
 * What the exchanges of the two-party backend send, seen from the client and in its order: the same windows and
 * chunks as in two-party/exchange/cot-exchange.ts, without their contents.
 */
import {
  CHUNK_COTS,
  correctionBytesOf,
  type CotJob,
  itemsPer,
  type Range,
  rangesOf,
  WINDOW_COTS,
} from '../backends/two-party/exchange/cot-exchange.js';
import type { Steps } from '../backends/two-party/context/steps.js';
import type { PartyId } from '../core/tensors.js';
import type { TrafficCounter } from '../session/meter.js';
import type { CotUse } from './counted-cots.js';

const windowsOf = (job: CotJob | null): Range[] =>
  job === null ? [] : rangesOf([0, job.items], itemsPer(WINDOW_COTS, job));

const chunksOf = (job: CotJob | null, window: Range | undefined): Range[] =>
  job === null || window === undefined ? [] : rangesOf(window, itemsPer(CHUNK_COTS, job));

const cotsFor = (job: CotJob, [begin, end]: Range): number => (end - begin) * job.cotsPerItem;

export class CountedExchange {
  constructor(
    private readonly traffic: TrafficCounter,
    private readonly cots: CotUse,
    private readonly steps: Steps,
  ) {}

  /** The client's halves of up to two directions. */
  async both(sending: CotJob | null, receiving: CotJob | null): Promise<void> {
    const [sent, received] = [windowsOf(sending), windowsOf(receiving)];
    for (let w = 0; w < Math.max(sent.length, received.length); w++) {
      const [outgoing, incoming] = [chunksOf(sending, sent[w]), chunksOf(receiving, received[w])];
      await this.steps.run({
        begin: () => this.corrections(sending, outgoing, receiving, incoming),
        answer: async () => {
          if (outgoing.length > 0) await this.cots.replenish('sender');
          if (incoming.length > 0) await this.cots.replenish('receiver');
          for (const [from, to] of outgoing) this.traffic.sent(sending!.messageBytes(to - from));
        },
        finish: async () => {
          for (const [from, to] of incoming) this.traffic.received(receiving!.messageBytes(to - from));
        },
      });
    }
  }

  private async corrections(
    sending: CotJob | null,
    outgoing: readonly Range[],
    receiving: CotJob | null,
    incoming: readonly Range[],
  ): Promise<void> {
    for (let c = 0; c < Math.max(outgoing.length, incoming.length); c++) {
      const [own, peers] = [outgoing[c], incoming[c]];
      if (own) await this.cots.take('sender', cotsFor(sending!, own));
      if (peers) await this.cots.take('receiver', cotsFor(receiving!, peers));
      if (peers) this.traffic.sent(correctionBytesOf(receiving!, peers[1] - peers[0]));
      if (own) this.traffic.received(correctionBytesOf(sending!, own[1] - own[0]));
    }
  }

  /** `back` is a smaller job in the other direction at the same time. */
  oneWay(job: CotJob, receiver: PartyId, back: CotJob | null = null): Promise<void> {
    return receiver === 'client' ? this.both(back, job) : this.both(job, back);
  }
}
