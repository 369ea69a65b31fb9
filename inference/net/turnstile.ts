/**
 * Hands out what comes, in its order, only while what is to leave has room. A peer that sends on and reads nothing would have this end compute, and keep
 * all that it computes: a text's half of bytes, of a batch gigabytes. So it waits for its own reading.
 */
const nothing = (): void => undefined;

/** More than an honest peer leaves unread while it waits for more: the largest messages of a step are a quarter. */
export const MOST_OUTGOING_BYTES = 2 ** 28;

/** What a channel has to send. */
export interface Leaving {
  readonly hasRoom: boolean;
  /** Resolves when there is room. @throws what ended the channel */
  room(): Promise<void>;
}

export class Turnstile {
  /** The last that was held back; what comes later comes behind it. */
  #last: Promise<unknown> | null = null;

  constructor(private readonly leaving: Leaving) {}

  hand<T>(pending: Promise<T>): Promise<T> {
    const before = this.#last;
    if (before === null && this.leaving.hasRoom) return pending;
    const handed = this.#later(pending, before);
    const last = handed.then(nothing, nothing);
    this.#last = last;
    // When whoever waits for it has it: what is asked for until then must not pass it.
    void last.then(() => {
      if (this.#last === last) this.#last = null;
    });
    return handed;
  }

  async #later<T>(pending: Promise<T>, before: Promise<unknown> | null): Promise<T> {
    const value = await pending;
    await before;
    await this.leaving.room();
    return value;
  }
}
