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
 * Memory: the pool holds one refill (about 1 MB) or two, and what was reserved. `lend` and `claim` show COTs where they lie, and copy nothing.
 */
import { ProtocolError } from '../../core/errors.js';
import { protocol, span } from '../../core/span.js';
import { takeBytes } from '../../core/words.js';
import type { Channel } from '../../net/channel.js';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import type { CotReceiver, CotReserve, CotSender } from './cot.js';

const BLOCK_BYTES = 16;
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

/** Calls of one pool, in their order: what they take and which messages they wait for. */
interface Order {
  readonly count: number;
  readonly tweak: number;
  readonly incoming: readonly Promise<Uint8Array>[];
}

class CotPool {
  readonly #channel: Channel;
  readonly #extension: CotExtension;
  #blocks: Uint8Array;
  #choices: Uint8Array;
  /** COTs that nobody got yet: indices into the buffers. */
  #begin = 0;
  #end = 0;
  /** What lies before #begin is still being read. */
  #isLent = false;
  /** COTs of all refills so far that nobody has claimed; calls in progress count as done. */
  #unclaimed = 0;
  readonly #firstTweak: number;
  #nextTweak: number;
  #previous: Promise<unknown> = Promise.resolve();
  /** Refills that came before they were needed: the next call makes COTs of them. */
  #early: readonly Promise<Uint8Array>[] = [];

  constructor(channel: Channel, extension: CotExtension, firstTweak = 0) {
    this.#channel = channel;
    this.#extension = extension;
    this.#firstTweak = firstTweak;
    this.#nextTweak = firstTweak;
    this.#blocks = new Uint8Array(extension.refillCots * BLOCK_BYTES);
    this.#choices = new Uint8Array(extension.hasChoices ? extension.refillCots : 0);
  }

  /** The caller's own, which may give the blocks back (core/words.ts). */
  take(count: number): Promise<TakenCots> {
    const order = this.#order(count);
    const taken: TakenCots = {
      blocks: takeBytes(count * BLOCK_BYTES),
      choices: new Uint8Array(this.#extension.hasChoices ? count : 0),
      tweak: order.tweak,
      suite: this.#extension.suite,
    };
    if (this.#sends) {
      for (let done = this.#copy(taken, 0); done < count; done = this.#copy(taken, done)) this.#refill(null);
      return Promise.resolve(taken);
    }
    return this.#next(async () => {
      let done = this.#copy(taken, 0);
      for (const message of order.incoming) {
        this.#refill(await message);
        done = this.#copy(taken, done);
      }
      return taken;
    });
  }

  /** Valid until the next call. */
  lend(count: number): Promise<TakenCots> {
    this.#isLent = false;
    const order = this.#order(count);
    if (!this.#sends) return this.#next(() => this.#collect(order));
    while (this.#end - this.#begin < count) this.#refill(null);
    return Promise.resolve(this.#view(order));
  }

  /**
   * Claims now, to use later: the result gives the COTs, valid until the next of several claims is used. Claims are used in
   * their order, before any other call.
   */
  claim(count: number): () => Promise<TakenCots> {
    if (this.#sends) {
      const taken = this.take(count);
      return () => taken;
    }
    const order = this.#order(count);
    let start = (): void => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const claimed = this.#next(async () => {
      await started;
      return this.#collect(order);
    });
    return () => {
      this.#isLent = false;
      start();
      return claimed;
    };
  }

  /** Sends refills, or waits for them, until the spare COTs are on their way. */
  replenish(): void {
    const { spareCots = 0, refillCots } = this.#extension;
    const refills = Math.max(0, Math.ceil((spareCots - this.#unclaimed) / refillCots));
    if (refills === 0) return;
    this.#early = [...this.#early, ...this.#expect(refills)];
    if (this.#sends) for (let i = 0; i < refills; i++) this.#refill(null);
  }

  /** COTs that lie ready or are on their way. */
  get available(): number {
    return this.#unclaimed;
  }

  /** Makes COTs until `count` lie ready; their memory goes back when they are used up. */
  reserve(count: number): Promise<void> {
    this.#isLent = false;
    const refills = Math.max(0, Math.ceil((count - this.#unclaimed) / this.#extension.refillCots));
    const incoming = this.#expectAll(refills);
    const { refillCots } = this.#extension;
    if (this.#sends) {
      this.#makeRoom(refills * refillCots);
      for (let i = 0; i < refills; i++) this.#refill(null);
      return Promise.resolve();
    }
    return this.#next(async () => {
      this.#makeRoom(incoming.length * refillCots);
      for (const message of incoming) this.#refill(await message);
    });
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
    const refills = Math.max(0, Math.ceil((count - this.#unclaimed) / this.#extension.refillCots));
    const incoming = this.#expectAll(refills);
    this.#unclaimed -= count;
    const tweak = this.#nextTweak;
    this.#nextTweak += count;
    return { count, tweak, incoming };
  }

  /** So many refills, and those before that nobody made COTs of. */
  #expectAll(refills: number): readonly Promise<Uint8Array>[] {
    const early = this.#early;
    this.#early = [];
    return [...early, ...this.#expect(refills)];
  }

  /** So many refills come, or will be sent. */
  #expect(refills: number): readonly Promise<Uint8Array>[] {
    const { refillCots, incomingBytes } = this.#extension;
    this.#unclaimed += refills * refillCots;
    const incoming = this.#sends
      ? []
      : Array.from({ length: refills }, () => this.#channel.receive(incomingBytes));
    for (const message of incoming) message.catch(() => {}); // reported by the one that awaits it
    return incoming;
  }

  /** After the calls before. */
  #next<Result>(body: () => Promise<Result>): Promise<Result> {
    const done = this.#previous.then(body);
    this.#previous = done;
    done.catch(() => {});
    return done;
  }

  async #collect(order: Order): Promise<TakenCots> {
    for (const message of order.incoming) this.#refill(await message);
    return this.#view(order);
  }

  #view({ count, tweak }: Order): TakenCots {
    const [begin, end] = [this.#begin, this.#begin + count];
    this.#begin = end;
    this.#isLent = true;
    return {
      blocks: this.#blocks.subarray(begin * BLOCK_BYTES, end * BLOCK_BYTES),
      choices: this.#extension.hasChoices ? this.#choices.subarray(begin, end) : this.#choices,
      tweak,
      suite: this.#extension.suite,
    };
  }

  #refill(incoming: Uint8Array | null): void {
    this.#makeRoom(this.#extension.refillCots);
    const { refillCots, hasChoices } = this.#extension;
    const [begin, end] = [this.#end, this.#end + refillCots];
    const blocks = this.#blocks.subarray(begin * BLOCK_BYTES, end * BLOCK_BYTES);
    const choices = hasChoices ? this.#choices.subarray(begin, end) : this.#choices;
    const outgoing = this.#extension.refill(incoming, blocks, choices);
    this.#end = end;
    if (!outgoing) return;
    this.#channel.send(outgoing);
    this.#channel.flush?.();
  }

  /** Room for so many COTs behind what is left, which moves to the front; to new buffers if the old ones are lent, too small, or
   * far too large after a reserve. */
  #makeRoom(cots: number): void {
    const { hasChoices } = this.#extension;
    const capacity = this.#blocks.length / BLOCK_BYTES;
    if (this.#end + cots <= capacity) return;
    const needed = this.#end - this.#begin + cots;
    const blocks = this.#blocks.subarray(this.#begin * BLOCK_BYTES, this.#end * BLOCK_BYTES);
    const choices = this.#choices.subarray(this.#begin, this.#end);
    const isFarTooLarge = capacity > 8 * needed;
    if (this.#isLent || needed > capacity || isFarTooLarge) {
      const size = isFarTooLarge ? needed : Math.max(capacity, needed);
      this.#blocks = new Uint8Array(size * BLOCK_BYTES);
      this.#choices = new Uint8Array(hasChoices ? size : 0);
    }
    const left = needed - cots;
    this.#blocks.set(blocks);
    this.#choices.set(choices);
    [this.#begin, this.#end] = [0, left];
  }

  #copy(taken: TakenCots, done: number): number {
    const count = Math.min(this.#end - this.#begin, taken.blocks.length / BLOCK_BYTES - done);
    const [begin, end] = [this.#begin, this.#begin + count];
    taken.blocks.set(this.#blocks.subarray(begin * BLOCK_BYTES, end * BLOCK_BYTES), done * BLOCK_BYTES);
    if (this.#extension.hasChoices) taken.choices.set(this.#choices.subarray(begin, end), done);
    // handed out once: nothing of it stays behind
    this.#blocks.fill(0, begin * BLOCK_BYTES, end * BLOCK_BYTES);
    this.#begin = end;
    return done + count;
  }
}

const reserveOf = (pool: CotPool): CotReserve => ({
  available: () => pool.available,
  reserve: protocol('cots', async (count: number) => pool.reserve(count)),
  replenish: () => {
    // What does not leave is missed, and reported, where it is needed.
    span('cots', async () => pool.replenish()).catch(() => {});
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
  return {
    ...reserveOf(pool),
    take: protocol('cots', async (count: number) => withDelta(await pool.take(count))),
    claim: (count) => {
      let use: (() => Promise<TakenCots>) | undefined;
      const claimed = span('cots', async () => {
        use = pool.claim(count);
      });
      claimed.catch(() => {}); // reported by the one that uses it
      return protocol('cots', async () => {
        if (!use) await claimed;
        return withDelta(await use!());
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
