/** COTs of both directions: how many were taken, and how many lie ready. */

import type { PartyId } from '../../../core/tensors.js';
import type { CotPair } from '../../../crypto/ot/cot.js';
import type { TwoParty } from '../exchange/cot-exchange.js';
import { Demand } from './demand.js';

/** The most that are kept ready in each direction. */
export const MOST_RESERVED_COTS = 1 << 22;
/** A block and, at the receiver, its choice. */
const BYTES_PER_COT = 17;

const SENDERS: readonly PartyId[] = ['server', 'client'];

export class CotReserves {
  readonly #cots: CotPair;
  readonly #taken: Record<PartyId, number> = { server: 0, client: 0 };
  readonly #self: PartyId;
  #isCounting = true;

  /** Stands in for the party's COTs from now on. */
  constructor(party: { -readonly [K in keyof TwoParty]: TwoParty[K] }) {
    this.#cots = party.cots;
    this.#self = party.session.self;
    const own = party.session.self;
    const peer = own === 'server' ? 'client' : 'server';
    const { sender, receiver } = party.cots;
    const counted =
      <T>(from: PartyId, take: (cots: number) => T) =>
      (cots: number): T => {
        if (this.#isCounting) this.#taken[from] += cots;
        return take(cots);
      };
    party.cots = {
      ...party.cots,
      sender: {
        ...sender,
        take: counted(own, sender.take),
        claim: counted(own, sender.claim),
      },
      receiver: {
        ...receiver,
        take: counted(peer, receiver.take),
        lend: counted(peer, receiver.lend),
      },
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
    const before = this.#isCounting;
    this.#isCounting = false;
    try {
      return await body();
    } finally {
      this.#isCounting = before;
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
    return sender === this.#self ? this.#cots.sender : this.#cots.receiver;
  }
}
