/** Gives back the memory of clients that left: a while after one did, in a moment in which nobody is at work. */
import { returnMemory } from '../run/return-memory.js';

export interface MemoryReturnOptions {
  /** A collection would hold up whoever is. */
  readonly isBusy: () => boolean;
  readonly waitMilliseconds?: number;
  readonly give?: () => Promise<void>;
}

const WAIT_MILLISECONDS = 2_000;

export class MemoryReturn {
  readonly #options: Required<MemoryReturnOptions>;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: MemoryReturnOptions) {
    this.#options = { waitMilliseconds: WAIT_MILLISECONDS, give: returnMemory, ...options };
  }

  /** Many that leave at a time cause one collection. */
  clientLeft(): void {
    if (this.#timer) return;
    const { isBusy, waitMilliseconds, give } = this.#options;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (isBusy()) this.clientLeft();
      else void give();
    }, waitMilliseconds).unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
