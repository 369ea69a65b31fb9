/**
 * A run whose client keeps the server waiting does not count as one at work: it uses no processor, and whoever wants to keep others
 * out would only have to be slow. It goes on, without the turn that it gave back.
 */
import { performance } from 'node:perf_hooks';
import type { ServedChannel } from './served-channel.js';

/** What a client may keep a server waiting in one run: so long, and as long as its bytes take at this rate. */
export interface LineTerms {
  readonly milliseconds: number;
  readonly bytesPerMillisecond: number;
}

/** 5 seconds, and 8 Mbit/s. */
export const DEFAULT_LINE_TERMS: LineTerms = { milliseconds: 5_000, bytesPerMillisecond: 1_000 };

const LOOK_MILLISECONDS = 500;

/** How long a channel's peer was waited for, and what passed. */
export interface Waits {
  readonly milliseconds: number;
  readonly bytes: number;
}

/** Counts at one channel; `watch` is the channel as it is to be used from then on. */
export class LineWatch {
  #bytes = 0;
  #milliseconds = 0;
  #pending = 0;
  #since = 0;

  get waits(): Waits {
    const now = this.#pending > 0 ? performance.now() - this.#since : 0;
    return { milliseconds: this.#milliseconds + now, bytes: this.#bytes };
  }

  watch(channel: ServedChannel): ServedChannel {
    return {
      send: (bytes) => {
        this.#bytes += bytes.length;
        channel.send(bytes);
      },
      receive: (byteLength) => this.#receive(channel, byteLength),
      flush: () => channel.flush?.(),
      close: () => channel.close(),
      abort: (error) => channel.abort(error),
      get hasHeard() {
        return channel.hasHeard ?? true;
      },
    };
  }

  async #receive(channel: ServedChannel, byteLength: number): Promise<Uint8Array> {
    if (this.#pending++ === 0) this.#since = performance.now();
    try {
      const bytes = await channel.receive(byteLength);
      this.#bytes += byteLength;
      return bytes;
    } finally {
      if (--this.#pending === 0) this.#milliseconds += performance.now() - this.#since;
    }
  }
}

/**
 * Calls `onSlow` once when the run that begins now has kept the server waiting for longer than the terms allow; returns what ends
 * looking. Only time in which this process had nothing to do counts: otherwise others kept it from reading.
 */
export function watchForSlowness(watch: LineWatch, terms: LineTerms, onSlow: () => void): () => void {
  const { bytes: before } = watch.waits;
  let { milliseconds: last } = watch.waits;
  let { idle } = performance.eventLoopUtilization();
  let waited = 0;
  const timer = setInterval(
    () => {
      const { milliseconds, bytes } = watch.waits;
      const now = performance.eventLoopUtilization().idle;
      waited += Math.min(milliseconds - last, now - idle);
      [last, idle] = [milliseconds, now];
      if (waited <= terms.milliseconds + (bytes - before) / terms.bytesPerMillisecond) return;
      clearInterval(timer);
      onSlow();
    },
    Math.min(LOOK_MILLISECONDS, terms.milliseconds),
  );
  return () => clearInterval(timer);
}
