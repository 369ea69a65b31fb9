/**
 * Bytes that arrived and receives that wait for them. Every byte is copied once, into the destination of the receive that
 * waits for it, however many chunks a message comes in. A destination is reserved when a quarter of it has arrived: a peer
 * that only lets us wait for much does not make us reserve it.
 */
import { PeerClosedError } from '../core/errors.js';
import { takeBytes } from '../core/words.js';

/** Messages up to this size are reserved when their first byte comes. */
const SMALL_BYTES = 1 << 16;
const RESERVE_PART = 1 / 4;

interface Waiting {
  readonly byteLength: number;
  /** Null until enough of it has come, which `pieces` hold meanwhile. */
  destination: Uint8Array | null;
  pieces: Uint8Array[];
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
    return { expected: first?.byteLength ?? 0, got: first?.filled ?? 0 };
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    this.#drain();
  }

  /** The next `byteLength` bytes, the caller's own, at offset 0 of their buffer (so that words can be read in place). */
  take(byteLength: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      return Promise.reject(
        new RangeError(`receive: expected a length of zero or more bytes, got ${byteLength}`),
      );
    }
    if (this.#failure && this.#queuedBytes < byteLength)
      return Promise.reject(this.#withProgress(byteLength, this.#queuedBytes));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ byteLength, destination: null, pieces: [], filled: 0, resolve, reject });
      this.#drain();
    });
  }

  /** Nothing more will come: what waits now, or asks later for more than is queued, gets this error. */
  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject, byteLength, filled } of waiting) reject(this.#withProgress(byteLength, filled));
  }

  #withProgress(expected: number, got: number): Error {
    const failure = this.#failure!;
    if (!(failure instanceof PeerClosedError)) return failure;
    return new PeerClosedError(`${failure.message}: expected ${expected} more bytes, got ${got}`);
  }

  /** Gives the first waiting receive what it needs of a chunk; returns the rest. */
  #fillFirst(chunk: Uint8Array): Uint8Array {
    const first = this.#waiting[0]!;
    const count = Math.min(chunk.length, first.byteLength - first.filled);
    append(first, count === chunk.length ? chunk : chunk.subarray(0, count));
    if (first.filled === first.byteLength) this.#finishFirst();
    return chunk.subarray(count);
  }

  #finishFirst(): void {
    const first = this.#waiting.shift()!;
    first.resolve(first.destination ?? new Uint8Array(0));
  }

  #drain(): void {
    let used = 0;
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      if (first.filled === first.byteLength) {
        this.#finishFirst();
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

function append(waiting: Waiting, part: Uint8Array): void {
  const { byteLength, pieces } = waiting;
  waiting.filled += part.length;
  if (waiting.destination) {
    waiting.destination.set(part, waiting.filled - part.length);
    return;
  }
  pieces.push(part);
  if (byteLength > SMALL_BYTES && waiting.filled < RESERVE_PART * byteLength) return;
  waiting.destination = takeBytes(byteLength);
  let end = 0;
  for (const piece of pieces) {
    waiting.destination.set(piece, end);
    end += piece.length;
  }
  waiting.pieces = [];
}
