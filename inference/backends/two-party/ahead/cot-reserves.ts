/** COTs of both directions: how many were taken, and how many lie ready. */

import { type PartyId, peerOf } from '../../../core/tensors.js';
import type { CotPair } from '../../../crypto/ot/cot.js';
import { Demand } from '../../../material/demand.js';

/** The most that are kept ready in each direction. */
const MOST_RESERVED_COTS = 1 << 22;
/** A block and, at the receiver, its choice. */
const BYTES_PER_COT = 17;

const SENDERS: readonly PartyId[] = ['server', 'client'];

export class CotReserves {
  /** The same COTs, counted: what protocols take of these. */
  readonly counted: CotPair;
  /** And not counted. */
  readonly uncountedPair: CotPair;
  readonly #taken: Record<PartyId, number> = { server: 0, client: 0 };
  readonly #self: PartyId;
  /** Bodies under way whose COTs do not count. */
  #uncounting = 0;

  constructor(cots: CotPair, self: PartyId) {
    this.uncountedPair = cots;
    this.#self = self;
    const { sender, receiver } = cots;
    const [own, peers] = [this.#counting(self), this.#counting(peerOf(self))];
    this.counted = {
      ...cots,
      sender: { ...sender, take: own(sender.take), claim: own(sender.claim) },
      receiver: { ...receiver, take: peers(receiver.take), lend: peers(receiver.lend) },
    };
  }

  /** Methods of one sender's COTs that count what is taken. */
  #counting(sender: PartyId) {
    return <T>(take: (cots: number) => T) =>
      (cots: number): T => {
        if (this.#uncounting === 0) this.#taken[sender] += cots;
        return take(cots);
      };
  }

  get used(): Demand {
    return Demand.of(SENDERS.map((sender) => [{ kind: 'cots', sender }, this.#taken[sender]]));
  }

  reset(): void {
    for (const sender of SENDERS) this.#taken[sender] = 0;
  }

  /** What the body takes does not count. */
  async uncounted<T>(body: () => Promise<T>): Promise<T> {
    this.#uncounting++;
    try {
      return await body();
    } finally {
      this.#uncounting--;
    }
  }

  get stock(): Demand {
    return Demand.of(
      SENDERS.map((sender) => [{ kind: 'cots', sender }, this.#half(sender).available?.() ?? 0]),
    );
  }

  get bytes(): number {
    return BYTES_PER_COT * SENDERS.reduce((sum, sender) => sum + (this.#half(sender).available?.() ?? 0), 0);
  }

  bytesOf(count: number): number {
    return BYTES_PER_COT * Math.min(count, MOST_RESERVED_COTS);
  }

  /** Makes COTs until `count` lie ready, or the most that are kept. */
  async fill(sender: PartyId, count: number): Promise<void> {
    await this.#half(sender).reserve?.(Math.min(count, MOST_RESERVED_COTS));
  }

  #half(sender: PartyId) {
    return sender === this.#self ? this.uncountedPair.sender : this.uncountedPair.receiver;
  }
}
