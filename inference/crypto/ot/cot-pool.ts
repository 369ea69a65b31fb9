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
 * Memory: the pool holds one refill (about 1 MB); a larger `take` is filled in place.
 */
import { protocol } from '../../core/span.js';
import type { Channel } from '../../net/channel.js';
import type { CotReceiver, CotSender } from './cot.js';

const BLOCK_BYTES = 16;

/** One half of an OT extension. At each refill one half sends a message of fixed size and the other receives it. */
export interface CotExtension {
  /** COTs made at each refill. */
  readonly refillCots: number;
  /** What this half receives at each refill; 0 if it sends. */
  readonly incomingBytes: number;
  /** True if this half knows choices. */
  readonly hasChoices: boolean;
  /** Writes blocks [refillCots · 16] and choices [refillCots] (empty without choices); returns what to send, or null. */
  refill(incoming: Uint8Array | null, blocks: Uint8Array, choices: Uint8Array): Uint8Array | null;
}

export interface TakenCots {
  readonly blocks: Uint8Array;
  readonly choices: Uint8Array;
  readonly tweak: number;
}

export class CotPool {
  readonly #channel: Channel;
  readonly #extension: CotExtension;
  readonly #blocks: Uint8Array;
  readonly #choices: Uint8Array;
  /** COTs of the current refill that nobody has claimed; calls in progress count as done. */
  #unclaimed = 0;
  /** COTs of the current refill that are not copied out yet. */
  #left = 0;
  #nextTweak: number;
  #previous: Promise<unknown> = Promise.resolve();

  /** Tweaks count from `firstTweak` on. */
  constructor(channel: Channel, extension: CotExtension, firstTweak: number) {
    this.#nextTweak = firstTweak;
    this.#channel = channel;
    this.#extension = extension;
    this.#blocks = new Uint8Array(extension.refillCots * BLOCK_BYTES);
    this.#choices = new Uint8Array(extension.hasChoices ? extension.refillCots : 0);
  }

  take(count: number): Promise<TakenCots> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`COT pool: expected a count of zero or more, got ${count}`);
    }
    const taken: TakenCots = {
      blocks: new Uint8Array(count * BLOCK_BYTES),
      choices: new Uint8Array(this.#extension.hasChoices ? count : 0),
      tweak: this.#nextTweak,
    };
    this.#nextTweak += count;
    const { refillCots, incomingBytes } = this.#extension;
    const refills = Math.max(0, Math.ceil((count - this.#unclaimed) / refillCots));
    this.#unclaimed += refills * refillCots - count;
    if (incomingBytes === 0) {
      this.#fillAndSend(taken);
      return Promise.resolve(taken);
    }
    const incoming = Array.from({ length: refills }, () => this.#channel.receive(incomingBytes));
    for (const message of incoming) message.catch(() => {}); // reported by the one that awaits it
    const done = this.#previous.then(() => this.#receiveAndFill(taken, incoming));
    this.#previous = done;
    done.catch(() => {});
    return done;
  }

  #fillAndSend(taken: TakenCots): void {
    for (let done = this.#copy(taken, 0); done < taken.blocks.length / BLOCK_BYTES; ) {
      done = this.#refill(taken, done, null);
    }
  }

  async #receiveAndFill(taken: TakenCots, incoming: readonly Promise<Uint8Array>[]): Promise<TakenCots> {
    let done = this.#copy(taken, 0);
    for (const message of incoming) done = this.#refill(taken, done, await message);
    return taken;
  }

  /** Refills where the COTs are needed if all of them are, otherwise the pool; returns how many are now in place. */
  #refill(taken: TakenCots, done: number, incoming: Uint8Array | null): number {
    const { refillCots, hasChoices } = this.#extension;
    const inPlace = taken.blocks.length / BLOCK_BYTES - done >= refillCots;
    const end = done + refillCots;
    const blocks = inPlace ? taken.blocks.subarray(done * BLOCK_BYTES, end * BLOCK_BYTES) : this.#blocks;
    const choices = inPlace && hasChoices ? taken.choices.subarray(done, end) : this.#choices;
    const outgoing = this.#extension.refill(incoming, blocks, choices);
    if (outgoing) {
      this.#channel.send(outgoing);
      this.#channel.flush?.();
    }
    if (inPlace) return end;
    this.#left = refillCots;
    return this.#copy(taken, done);
  }

  #copy(taken: TakenCots, done: number): number {
    const count = Math.min(this.#left, taken.blocks.length / BLOCK_BYTES - done);
    const begin = this.#extension.refillCots - this.#left;
    const end = begin + count;
    taken.blocks.set(this.#blocks.subarray(begin * BLOCK_BYTES, end * BLOCK_BYTES), done * BLOCK_BYTES);
    if (this.#extension.hasChoices) taken.choices.set(this.#choices.subarray(begin, end), done);
    // handed out once: nothing of it stays behind
    this.#blocks.fill(0, begin * BLOCK_BYTES, end * BLOCK_BYTES);
    this.#left -= count;
    return done + count;
  }
}

/** The half that knows delta. Tweaks count from `firstTweak` on. */
export function cotSender(
  channel: Channel,
  extension: CotExtension,
  delta: Uint8Array,
  firstTweak = 0,
): CotSender {
  const pool = new CotPool(channel, extension, firstTweak);
  return {
    take: protocol('cots', async (count: number) => {
      const { blocks, tweak } = await pool.take(count);
      return { delta, blocks, tweak };
    }),
  };
}

/** The half that knows the choices. */
export function cotReceiver(channel: Channel, extension: CotExtension, firstTweak = 0): CotReceiver {
  const pool = new CotPool(channel, extension, firstTweak);
  return { take: protocol('cots', async (count: number) => pool.take(count)) };
}
