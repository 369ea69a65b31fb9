/**
 * What the exchanges of the two-party backend send, seen from the client and in its order: the same windows, chunks and
 * refills of COTs as in two-party/exchange/cot-exchange.ts and crypto/ot, without their contents.
 */
import {
  CHUNK_COTS,
  type CotJob,
  itemsPer,
  type Range,
  rangesOf,
  WINDOW_COTS,
} from '../backends/two-party/exchange/cot-exchange.js';
import type { Steps } from '../backends/two-party/context/steps.js';
import { span } from '../core/span.js';
import type { PartyId } from '../core/tensors.js';
import { DEFAULT_K } from '../crypto/ot/setup-cots.js';
import { BASE_OTS, correctionBytes, REFILL_COTS } from '../crypto/ot/soft-spoken.js';
import type { TrafficCounter } from '../session/meter.js';

const windowsOf = (job: CotJob | null): Range[] =>
  job === null ? [] : rangesOf([0, job.items], itemsPer(WINDOW_COTS, job));

const chunksOf = (job: CotJob | null, window: Range | undefined): Range[] =>
  job === null || window === undefined ? [] : rangesOf(window, itemsPer(CHUNK_COTS, job));

const cotsFor = (job: CotJob, [begin, end]: Range): number => (end - begin) * job.cotsPerItem;

/** The client's side of both directions of COTs. */
export class CountedCots {
  /** Used so far, both directions. */
  taken = 0;
  /** Of these, what pools would not serve, by sender. */
  readonly wanted: Record<PartyId, number> = { server: 0, client: 0 };
  /** Bodies under way whose COTs are not wanted. */
  #unwanting = 0;
  /** Of each direction's current refill: the client's as sender (its delta) and as receiver (its choices). The receiver's
   * first 128 became the base OTs of the other direction. */
  #left = { sender: 0, receiver: REFILL_COTS - BASE_OTS };

  constructor(private readonly traffic: TrafficCounter) {}

  /** COTs of what could be made ahead. */
  async unwanted<T>(body: () => Promise<T>): Promise<T> {
    this.#unwanting++;
    try {
      return await body();
    } finally {
      this.#unwanting--;
    }
  }

  /** Refills go from the half with the choices to the half with delta. */
  async take(direction: 'sender' | 'receiver', count: number): Promise<void> {
    await span('cots', async () => {
      this.taken += count;
      if (this.#unwanting === 0) this.wanted[direction === 'sender' ? 'client' : 'server'] += count;
      const refills = Math.max(0, Math.ceil((count - this.#left[direction]) / REFILL_COTS));
      this.#left[direction] += refills * REFILL_COTS - count;
      for (let i = 0; i < refills; i++) {
        if (direction === 'sender') this.traffic.received(correctionBytes(DEFAULT_K));
        else this.traffic.sent(correctionBytes(DEFAULT_K));
      }
    });
  }
}

export class CountedExchange {
  constructor(
    private readonly traffic: TrafficCounter,
    private readonly cots: CountedCots,
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
      if (peers) this.traffic.sent(Math.ceil(cotsFor(receiving!, peers) / 8));
      if (own) this.traffic.received(Math.ceil(cotsFor(sending!, own) / 8));
    }
  }

  /** `back` is a smaller job in the other direction at the same time. */
  oneWay(job: CotJob, receiver: PartyId, back: CotJob | null = null): Promise<void> {
    return receiver === 'client' ? this.both(back, job) : this.both(job, back);
  }
}
