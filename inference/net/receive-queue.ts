/**
 * Bytes that arrived and receives that wait for them. Every byte is copied once, into the destination of the receive that
 * waits for it, however many chunks a message comes in. A destination is reserved when a quarter of it has arrived: a peer
 * that only lets us wait for much does not make us reserve it. Small chunks that nobody takes at once are copied next to each other, since each
 * costs some hundred bytes beside its own: a peer that sends single bytes takes no more than it sends.
 */
import { PeerClosedError } from '../core/errors.js';
import { takeBytes } from '../core/words.js';

/** Messages up to this size are reserved when their first byte comes. */
const SMALL_BYTES = 1 << 16;
const RESERVE_PART = 1 / 4;
/** Smaller chunks are joined, in arrays of so many bytes at most. */
const LEAST_CHUNK_BYTES = 1 << 12;
const MOST_JOINED_BYTES = 1 << 16;

interface Waiting {
  readonly byteLength: number;
  /** Null until enough of it has come, which `pieces` hold meanwhile. */
  destination: Uint8Array | null;
  pieces: Chunks;
  filled: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Bytes in their order. */
class Chunks {
  #chunks: Uint8Array[] = [];
  /** Of what the last one is the beginning, where it was made here. */
  #tail: Uint8Array | null = null;

  push(chunk: Uint8Array): void {
    if (chunk.length >= LEAST_CHUNK_BYTES) {
      this.#tail = null;
      this.#chunks.push(chunk);
    } else this.#join(chunk);
  }

  at(index: number): Uint8Array | undefined {
    return this.#chunks[index];
  }

  /** Instead of one that lies here: its end. */
  leave(index: number, rest: Uint8Array): void {
    this.#chunks[index] = rest;
  }

  drop(count: number): void {
    this.#chunks = this.#chunks.slice(count);
    if (this.#chunks.length === 0) this.#tail = null;
  }

  /** Behind the last one if there is room: the more there is, the more room the next one has. */
  #join(chunk: Uint8Array): void {
    const last = this.#tail && this.#chunks.at(-1);
    const end = last ? last.byteOffset + last.length : 0;
    if (this.#tail && last && end + chunk.length <= this.#tail.length) {
      this.#tail.set(chunk, end);
      this.#chunks[this.#chunks.length - 1] = this.#tail.subarray(last.byteOffset, end + chunk.length);
      return;
    }
    const room = Math.min(MOST_JOINED_BYTES, 2 * (this.#tail?.length ?? LEAST_CHUNK_BYTES / 16));
    this.#tail = new Uint8Array(Math.max(room, chunk.length));
    this.#tail.set(chunk);
    this.#chunks.push(this.#tail.subarray(0, chunk.length));
  }
}

export class ReceiveQueue {
  readonly #chunks = new Chunks();
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
    // Where somebody waits nothing is queued.
    let rest = chunk;
    while (rest.length > 0 && this.#waiting.length > 0) rest = this.#fillFirst(rest);
    if (rest.length > 0) {
      this.#chunks.push(rest);
      this.#queuedBytes += rest.length;
    }
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
      this.#waiting.push({ byteLength, destination: null, pieces: new Chunks(), filled: 0, resolve, reject });
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
      const chunk = this.#chunks.at(used);
      if (!chunk) break;
      const rest = this.#fillFirst(chunk);
      this.#queuedBytes -= chunk.length - rest.length;
      if (rest.length > 0) this.#chunks.leave(used, rest);
      else used++;
    }
    if (used > 0) this.#chunks.drop(used);
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
  for (let i = 0; ; i++) {
    const piece = pieces.at(i);
    if (!piece) break;
    waiting.destination.set(piece, end);
    end += piece.length;
  }
  waiting.pieces = new Chunks();
}
