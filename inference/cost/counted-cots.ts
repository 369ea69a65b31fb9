/**
 * The client's side of correlated OTs, counted: when they are refilled, and what a refill sends, as two-party/exchange/cot-exchange.ts
 * and crypto/ot do it, without their contents.
 */
import { type CotKind, DEFAULT_COTS } from '../core/cot-kind.js';
import { span } from '../core/span.js';
import type { PartyId } from '../core/tensors.js';
import { PROOF_BYTES } from '../crypto/ot/extension-check.js';
import {
  FERRET_PROOF_BYTES,
  FERRET_REFILL_BYTES,
  FERRET_REFILL_COTS,
  FERRET_SPARE_COTS,
} from '../crypto/ot/ferret.js';
import {
  BASE_OTS,
  CHECKED_REFILL_COTS,
  correctionBytes,
  DEFAULT_K,
  REFILL_COTS,
} from '../crypto/ot/soft-spoken.js';
import type { TrafficCounter } from '../session/meter.js';

/** How COTs are made: as a connection agrees. */
export interface CountedCotOptions {
  readonly cots?: CotKind;
  /** Proofs that both keep to the protocol. */
  readonly checks?: boolean;
}

/** What the client is in a direction of COTs: the half with delta, or that with the choices. */
export type Direction = 'sender' | 'receiver';

interface Extension {
  readonly refillCots: number;
  readonly refillBytes: number;
  /** The half whose refills send. */
  readonly refilledBy: Direction;
  /** Kept on their way where refills would be waited for. */
  readonly spareCots: number;
  /** Of the set-up's, left. */
  readonly left: Readonly<Record<Direction, number>>;
}

function extensionOf({ cots = DEFAULT_COTS, checks = false }: CountedCotOptions): Extension {
  if (cots === 'ferret') {
    return {
      refillCots: FERRET_REFILL_COTS,
      refillBytes: FERRET_REFILL_BYTES + (checks ? FERRET_PROOF_BYTES : 0),
      refilledBy: 'sender',
      spareCots: FERRET_SPARE_COTS,
      left: { sender: 0, receiver: 0 },
    };
  }
  const refillCots = checks ? CHECKED_REFILL_COTS : REFILL_COTS;
  return {
    refillCots,
    refillBytes: correctionBytes(DEFAULT_K) + (checks ? PROOF_BYTES : 0),
    refilledBy: 'receiver',
    spareCots: 0,
    // The receiver's first became the base OTs of the other direction.
    left: { sender: 0, receiver: refillCots - BASE_OTS },
  };
}

/** What protocols do with them. */
export type CotUse = Pick<CountedCots, 'take' | 'replenish' | 'unwanted'>;

export class CountedCots {
  /** Used so far, both directions. */
  taken = 0;
  /** Of these, what pools would not serve, by sender. */
  readonly wanted: Record<PartyId, number> = { server: 0, client: 0 };
  /** Bodies under way whose COTs are not wanted. */
  #unwanting = 0;
  readonly #extension: Extension;
  /** Of each direction's current refill. */
  readonly #left: Record<Direction, number>;

  constructor(
    private readonly traffic: TrafficCounter,
    options: CountedCotOptions = {},
  ) {
    this.#extension = extensionOf(options);
    this.#left = { ...this.#extension.left };
  }

  /** COTs of what could be made ahead. */
  async unwanted<T>(body: () => Promise<T>): Promise<T> {
    this.#unwanting++;
    try {
      return await body();
    } finally {
      this.#unwanting--;
    }
  }

  /** The same COTs, none of them wanted. */
  readonly beside: CotUse = {
    take: (direction, count) => this.#take(direction, count),
    replenish: (direction) => this.replenish(direction),
    unwanted: (body) => body(),
  };

  take(direction: Direction, count: number): Promise<void> {
    if (this.#unwanting === 0) this.wanted[direction === 'sender' ? 'client' : 'server'] += count;
    return this.#take(direction, count);
  }

  async #take(direction: Direction, count: number): Promise<void> {
    this.taken += count;
    await this.#refill(direction, count);
    this.#left[direction] -= count;
  }

  /** As `CotReserve.replenish`. */
  replenish(direction: Direction): Promise<void> {
    return this.#refill(direction, this.#extension.spareCots);
  }

  /** Until so many are left. */
  #refill(direction: Direction, count: number): Promise<void> {
    const { refillCots, refillBytes, refilledBy } = this.#extension;
    return span('cots', async () => {
      for (; this.#left[direction] < count; this.#left[direction] += refillCots) {
        if (direction === refilledBy) this.traffic.sent(refillBytes);
        else this.traffic.received(refillBytes);
      }
    });
  }
}
