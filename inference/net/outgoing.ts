/**
 * What is still to leave over a socket. It leaves in pieces of about a second at the rate that the line takes, so that this end sees
 * that something moves while a large message leaves over a slow line, and the peer's system can acknowledge what it has.
 */

import { giveBack } from '../core/words.js';

/** What a socket has for this. */
export interface ByteSink {
  readonly destroyed: boolean;
  /** Bytes that the system has not taken yet. */
  readonly writableLength: number;
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean;
  cork(): void;
  uncork(): void;
}

const LEAST_PIECE_BYTES = 2 ** 16;
const FIRST_PIECE_BYTES = 2 ** 18;
const MOST_PIECE_BYTES = 2 ** 19;
const SOON_MILLISECONDS = 100;
const LATE_MILLISECONDS = 1_000;
/** Pieces that had to wait for the line: the fastest of the last ones is nearest to its rate. */
const RECENT_PIECES = 8;

/** Copying so much costs less than to tell the system of each part. */
const MOST_JOINED_BYTES = 2 ** 14;

interface Waiting {
  readonly bytes: Uint8Array;
  /** Given back with its last piece. */
  readonly isTaken: boolean;
}

/** What leaves at once, and what nobody needs when it has. */
interface Piece {
  readonly parts: Uint8Array[];
  readonly taken: Uint8Array[];
}

export class Outgoing {
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #pieceBytes = FIRST_PIECE_BYTES;
  #isWriting = false;
  #rates: number[] = [];
  #onIdle: (() => void)[] = [];
  #onRoom: (() => void)[] = [];

  constructor(
    private readonly sink: ByteSink,
    /** Told of every piece that the system took. */
    private readonly onTaken: () => void,
    /** Beyond so many bytes there is no room. */
    private readonly mostBytes: number,
  ) {}

  get hasRoom(): boolean {
    return this.#queuedBytes <= this.mostBytes;
  }

  /** Resolves when there is, or when nothing will leave any more. */
  room(): Promise<void> {
    if (this.hasRoom || this.sink.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** Nothing waits. */
  get isIdle(): boolean {
    return this.#queuedBytes === 0 && !this.#isWriting;
  }

  /** Bytes a millisecond at which messages leave; null as long as none had to wait. */
  get rate(): number | null {
    return this.#rates.length === 0 ? null : Math.max(...this.#rates);
  }

  /** `isTaken`: they are given back (core/words.ts) when the system has them. */
  push(bytes: Uint8Array, isTaken = false): void {
    if (bytes.length === 0) return;
    this.#queue.push({ bytes, isTaken });
    this.#queuedBytes += bytes.length;
  }

  /** Hands over what the system takes now; the rest follows as it takes more. */
  flush(): void {
    while (this.#queuedBytes > 0 && !this.#isWriting && !this.sink.destroyed) this.#writePiece();
  }

  /** Resolves when everything is handed over, or will never be. */
  idle(): Promise<void> {
    if (this.isIdle || this.sink.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** The socket is closed. */
  drop(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const resolve of this.#onIdle.splice(0)) resolve();
    this.#tellOfRoom();
  }

  #tellOfRoom(): void {
    if (this.hasRoom) for (const resolve of this.#onRoom.splice(0)) resolve();
  }

  #writePiece(): void {
    const { parts, taken: used } = this.#takePiece();
    const byteLength = parts.reduce((sum, { length }) => sum + length, 0);
    const started = performance.now();
    let isTaken = false;
    const taken = (): void => {
      if (isTaken) return;
      isTaken = true;
      this.#isWriting = false;
      giveBack(...used);
      this.#adapt(byteLength, performance.now() - started);
      this.#tellOfRoom();
      this.onTaken();
    };
    this.#isWriting = true;
    const done = (error?: Error | null): void => this.#afterPiece(taken, error);
    if (parts.length === 1) this.sink.write(parts[0]!, done);
    else if (byteLength <= MOST_JOINED_BYTES) this.sink.write(joined(parts, byteLength), done);
    else this.#writeParts(parts, done);
    // The system took it at once: more can follow before this turn ends.
    if (this.sink.writableLength === 0) taken();
  }

  #writeParts(parts: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    this.sink.cork();
    parts.forEach((part, i) => {
      this.sink.write(part, i === parts.length - 1 ? done : undefined);
    });
    this.sink.uncork();
  }

  #afterPiece(taken: () => void, error: Error | null | undefined): void {
    if (error) {
      this.drop();
      return;
    }
    taken();
    this.flush();
    if (this.isIdle) this.drop();
  }

  #takePiece(): Piece {
    const parts: Uint8Array[] = [];
    const taken: Uint8Array[] = [];
    let room = this.#pieceBytes;
    let used = 0;
    for (; room > 0 && used < this.#queue.length; used++) {
      const { bytes, isTaken } = this.#queue[used]!;
      const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
      parts.push(part);
      room -= part.length;
      this.#queuedBytes -= part.length;
      if (part.length === bytes.length) {
        if (isTaken) taken.push(bytes);
        continue;
      }
      this.#queue[used] = { bytes: bytes.subarray(part.length), isTaken };
      break;
    }
    this.#queue = this.#queue.slice(used);
    return { parts, taken };
  }

  #adapt(byteLength: number, milliseconds: number): void {
    if (milliseconds < SOON_MILLISECONDS) {
      this.#pieceBytes = Math.min(MOST_PIECE_BYTES, 2 * this.#pieceBytes);
      return;
    }
    this.#rates = [...this.#rates.slice(1 - RECENT_PIECES), byteLength / milliseconds];
    if (milliseconds > LATE_MILLISECONDS)
      this.#pieceBytes = Math.max(LEAST_PIECE_BYTES, this.#pieceBytes / 2);
  }
}

function joined(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
