/** Calls one after another: a connection has one order of runs, whoever makes them and when. */

export interface TurnOptions {
  readonly signal: AbortSignal | undefined;
  /** Ends what has begun: nothing can follow it. */
  readonly onAbort: () => void;
}

/** Resolves never; rejects with the signal's reason when it is aborted. */
function aborted(signal: AbortSignal | undefined): { readonly promise: Promise<never>; forget(): void } {
  let onAbort = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, forget: () => signal?.removeEventListener('abort', onAbort) };
}

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #isBroken = false;

  /** Runs `body` when all calls before it are done. A body that throws breaks the connection for those that come later. */
  async run<T>(body: () => Promise<T>, { signal, onAbort }: TurnOptions): Promise<T> {
    signal?.throwIfAborted();
    const abort = aborted(signal);
    const turn = this.#last.then(async () => {
      signal?.throwIfAborted();
      try {
        return await Promise.race([body(), abort.promise]);
      } catch (error) {
        this.#isBroken = true;
        if (signal?.aborted) onAbort();
        throw error;
      }
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await Promise.race([turn, abort.promise]);
    } finally {
      abort.forget();
    }
  }

  /** Waits for all calls; true if each of them came to its end. */
  async settled(): Promise<boolean> {
    await this.#last;
    return !this.#isBroken;
  }
}
