/**
 * Hands out correlated OTs from refills of a fixed size.
 *
 * Both parties take equal counts in the same order, so both know without a word when the pool runs out. A refill is one
 * message in one direction and no answer. What belongs to a `take` is claimed when it is *called*: messages that it
 * must receive are asked for at once, messages that it must send are sent at once. So the rule for callers is: in each
 * direction of the channel, calls of `take`, `send` and `receive` follow the same order at both parties. Taking in both
 * directions together, `Promise.all([sender.take(n), receiver.take(m)])`, is one such order, and so is any number of
 * calls before the first is awaited.
 *
 * Memory: cot-stock.ts. `lend` and `claim` show COTs where they lie.
 */
import { ProtocolError } from '../../core/errors.js';
import { protocol, span } from '../../core/span.js';
import type { Channel } from '../../net/channel.js';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import type { ClaimedCots, CotReceiver, CotReserve, CotSender } from './cot.js';
import { CotStock, type CotView } from './cot-stock.js';

/** Of one direction of a connection under one delta: docs/reference/security-parameters.md says what is left then. */
const MOST_COTS = 2 ** 36;

/** One half of an OT extension. At each refill one half sends a message of fixed size and the other receives it. */
export interface CotExtension {
  /** In which its COTs are made, and are to be hashed. */
  readonly suite: SuiteCode;
  /** COTs made at each refill. */
  readonly refillCots: number;
  /** What this half receives at each refill; 0 if it sends. */
  readonly incomingBytes: number;
  /** True if this half knows choices. */
  readonly hasChoices: boolean;
  /** COTs that `replenish` keeps on their way; none where refills leave together with what needs them. */
  readonly spareCots?: number;
  /** Writes blocks [refillCots · 16] and choices [refillCots] (empty without choices); returns what to send, or null. */
  refill(incoming: Uint8Array | null, blocks: Uint8Array, choices: Uint8Array): Uint8Array | null;
}

export interface TakenCots {
  readonly blocks: Uint8Array;
  readonly choices: Uint8Array;
  readonly tweak: number;
  readonly suite: SuiteCode;
}

type LentCots = TakenCots & CotView;

/** What a call takes. */
interface Order {
  readonly count: number;
  readonly tweak: number;
}

class CotPool {
  readonly #channel: Channel;
  readonly #extension: CotExtension;
  readonly #stock: CotStock;
  /** COTs of all refills so far that nobody has claimed; calls in progress count as done. */
  #unclaimed = 0;
  readonly #firstTweak: number;
  #nextTweak: number;
  #previous: Promise<unknown> = Promise.resolve();
  /** Refills that come: each call makes COTs of as many as it needs. */
  readonly #incoming: Promise<Uint8Array>[] = [];
  /** By the last `lend`. */
  #lent: LentCots | null = null;

  constructor(channel: Channel, extension: CotExtension, firstTweak = 0) {
    this.#channel = channel;
    this.#extension = extension;
    this.#stock = new CotStock(extension.refillCots, extension.hasChoices);
    this.#firstTweak = firstTweak;
    this.#nextTweak = firstTweak;
  }

  /** The caller's own, which may give both arrays back (core/words.ts). */
  take(count: number): Promise<TakenCots> {
    return this.#when(this.#order(count), ({ count, tweak }) => ({
      ...this.#stock.copy(count),
      tweak,
      suite: this.#extension.suite,
    }));
  }

  /** Valid until the next call. */
  lend(count: number): Promise<TakenCots> {
    return this.#when(this.#order(count), (order) => {
      this.#lent?.done();
      this.#lent = this.#view(order);
      return this.#lent;
    });
  }

  /**
   * Claims now, to use later: the result gives the COTs, valid until they are done. Where refills are received, claims are used in
   * their order, before any other call.
   */
  claim(count: number): () => Promise<LentCots> {
    const order = this.#order(count);
    let start = (): void => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const claimed = this.#when(order, () => this.#view(order), this.#sends ? null : started);
    return () => {
      start();
      return claimed;
    };
  }

  /** Sends refills, or waits for them, until the spare COTs are on their way. */
  async replenish(): Promise<void> {
    const { spareCots = 0 } = this.#extension;
    this.#expect(spareCots);
    if (this.#sends) await this.#make(spareCots);
  }

  /** COTs that lie ready or are on their way. */
  get available(): number {
    return this.#unclaimed;
  }

  /** Makes COTs until `count` lie ready; their memory goes back when they are used up. */
  reserve(count: number): Promise<void> {
    this.#expect(count);
    return this.#sends ? this.#make(count) : this.#next(() => this.#make(count));
  }

  /** Is this half the one whose refills send? */
  get #sends(): boolean {
    return this.#extension.incomingBytes === 0;
  }

  #order(count: number): Order {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`COT pool: expected a count of zero or more, got ${count}`);
    }
    if (this.#nextTweak + count > this.#firstTweak + MOST_COTS) {
      throw new ProtocolError(
        `COT pool: a connection makes at most ${MOST_COTS} correlated OTs in a direction; connect again`,
      );
    }
    this.#expect(count);
    this.#unclaimed -= count;
    const tweak = this.#nextTweak;
    this.#nextTweak += count;
    return { count, tweak };
  }

  /** As many refills come, or will be sent, as make `count` COTs unclaimed. */
  #expect(count: number): void {
    const { refillCots, incomingBytes } = this.#extension;
    const refills = Math.max(0, Math.ceil((count - this.#unclaimed) / refillCots));
    this.#unclaimed += refills * refillCots;
    if (this.#sends) return;
    const incoming = Array.from({ length: refills }, () => this.#channel.receive(incomingBytes));
    for (const message of incoming) message.catch(() => {}); // reported by the one that awaits it
    this.#incoming.push(...incoming);
  }

  /** What `hand` gives of the COTs of an order when they lie ready. Where refills are sent that is at once, otherwise after the calls before. */
  #when<Result>(
    order: Order,
    hand: (order: Order) => Result,
    started: Promise<void> | null = null,
  ): Promise<Result> {
    const made = async (): Promise<Result> => {
      if (started) await started;
      await this.#make(order.count);
      return hand(order);
    };
    if (!this.#sends) return this.#next(made);
    while (this.#stock.ready < order.count) this.#refill(null);
    return Promise.resolve(hand(order));
  }

  /** After the calls before. */
  #next<Result>(body: () => Promise<Result>): Promise<Result> {
    const done = this.#previous.then(body);
    this.#previous = done;
    done.catch(() => {});
    return done;
  }

  /** Until so many lie ready. */
  async #make(count: number): Promise<void> {
    while (this.#stock.ready < count) this.#refill(this.#sends ? null : await this.#incoming.shift()!);
  }

  #refill(incoming: Uint8Array | null): void {
    const outgoing = this.#stock.add(({ blocks, choices }) =>
      this.#extension.refill(incoming, blocks, choices),
    );
    if (!outgoing) return;
    this.#channel.send(outgoing);
    this.#channel.flush?.();
  }

  #view({ count, tweak }: Order): LentCots {
    return { ...this.#stock.view(count), tweak, suite: this.#extension.suite };
  }
}

const reserveOf = (pool: CotPool): CotReserve => ({
  available: () => pool.available,
  reserve: protocol('cots', async (count: number) => pool.reserve(count)),
  replenish: () => {
    // What does not leave is missed, and reported, where it is needed.
    span('cots', () => pool.replenish()).catch(() => {});
  },
});

/** The half that knows delta. Tweaks count from `firstTweak` on. */
export function cotSender(
  channel: Channel,
  extension: CotExtension,
  delta: Uint8Array,
  firstTweak = 0,
): CotSender {
  const pool = new CotPool(channel, extension, firstTweak);
  const withDelta = ({ blocks, tweak, suite }: TakenCots) => ({ delta, blocks, tweak, suite });
  const claimedCots = ({ done, ...cots }: LentCots): ClaimedCots => ({ ...withDelta(cots), done });
  return {
    ...reserveOf(pool),
    take: protocol('cots', async (count: number) => withDelta(await pool.take(count))),
    claim: (count) => {
      let use: (() => Promise<LentCots>) | undefined;
      const claimed = span('cots', async () => {
        use = pool.claim(count);
      });
      claimed.catch(() => {}); // reported by the one that uses it
      return protocol('cots', async () => {
        if (!use) await claimed;
        return claimedCots(await use!());
      });
    },
  };
}

/** The half that knows the choices. */
export function cotReceiver(channel: Channel, extension: CotExtension, firstTweak = 0): CotReceiver {
  const pool = new CotPool(channel, extension, firstTweak);
  return {
    ...reserveOf(pool),
    take: protocol('cots', async (count: number) => pool.take(count)),
    lend: protocol('cots', async (count: number) => pool.lend(count)),
  };
}
