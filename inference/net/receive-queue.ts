/**
 * Bytes that arrived and receives that wait for them. A waiting receive owns its destination, so that every byte is
 * copied once, however many chunks a message comes in.
 */
import { PeerClosedError } from '../core/errors.js';

interface Waiting {
  readonly destination: Uint8Array;
  filled: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class ReceiveQueue {
  #chunks: Uint8Array[] = [];
  #waiting: Waiting[] = [];
  #queuedBytes = 0;
  #failure: Error | null = null;

  /** Bytes that arrived and that nobody asked for yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Bytes that the first waiting receive still lacks, and how many it asked for; for error messages. */
  get progress(): { readonly expected: number; readonly got: number } {
    const first = this.#waiting[0];
    return { expected: first?.destination.length ?? 0, got: first?.filled ?? 0 };
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    this.#drain();
  }

  /** The next `byteLength` bytes, in a fresh buffer that starts at offset 0 (so that words can be read in place). */
  take(byteLength: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      return Promise.reject(
        new RangeError(`receive: expected a length of zero or more bytes, got ${byteLength}`),
      );
    }
    if (this.#failure && this.#queuedBytes < byteLength)
      return Promise.reject(this.#withProgress(byteLength, this.#queuedBytes));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ destination: new Uint8Array(byteLength), filled: 0, resolve, reject });
      this.#drain();
    });
  }

  /** Nothing more will come: what waits now, or asks later for more than is queued, gets this error. */
  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject, destination, filled } of waiting)
      reject(this.#withProgress(destination.length, filled));
  }

  #withProgress(expected: number, got: number): Error {
    const failure = this.#failure!;
    if (!(failure instanceof PeerClosedError)) return failure;
    return new PeerClosedError(`${failure.message}: expected ${expected} more bytes, got ${got}`);
  }

  /** Copies from a chunk into the first waiting receive; returns what it did not need. */
  #fillFirst(chunk: Uint8Array): Uint8Array {
    const first = this.#waiting[0]!;
    const count = Math.min(chunk.length, first.destination.length - first.filled);
    first.destination.set(count === chunk.length ? chunk : chunk.subarray(0, count), first.filled);
    first.filled += count;
    if (first.filled === first.destination.length) {
      this.#waiting.shift();
      first.resolve(first.destination);
    }
    return chunk.subarray(count);
  }

  #drain(): void {
    let used = 0;
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      if (first.filled === first.destination.length) {
        this.#waiting.shift();
        first.resolve(first.destination);
        continue;
      }
      const chunk = this.#chunks[used];
      if (!chunk) break;
      const rest = this.#fillFirst(chunk);
      this.#queuedBytes -= chunk.length - rest.length;
      if (rest.length > 0) this.#chunks[used] = rest;
      else used++;
    }
    if (used > 0) this.#chunks = this.#chunks.slice(used);
  }
}
