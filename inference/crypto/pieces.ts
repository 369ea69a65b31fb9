/** Messages that leave while they are made. */
import { takeBytes } from '../core/words.js';
import { type Channel, sendTaken } from '../net/channel.js';

/** How often it is looked whether a piece is ready. */
const LOOK_MILLISECONDS = 5;

/** `isLast`: the whole message's memory is given back (core/words.ts) when this piece has left. */
export type SendPiece = (piece: Uint8Array, isLast: boolean) => void;

/** Pieces leave in their order, so the last one leaves last. */
export const sendPieces =
  (channel: Channel): SendPiece =>
  (piece, isLast) =>
    isLast ? sendTaken(channel, piece) : channel.send(piece);

/** Bytes that a kernel makes from the front, sent while it works. */
export class Pieces {
  readonly bytes: Uint8Array;
  /** Bytes that are ready, as the kernel says. */
  readonly ready = new Int32Array(1);
  #sent = 0;

  constructor(
    byteLength: number,
    private readonly send: SendPiece,
  ) {
    this.bytes = takeBytes(byteLength).fill(0);
  }

  sendReady(): void {
    const end = Atomics.load(this.ready, 0);
    if (end > this.#sent) this.send(this.bytes.subarray(this.#sent, end), end === this.bytes.length);
    this.#sent = end;
  }

  /** Sends what is ready until the work is done. @throws what sending throws, when the work is done */
  async during<T>(work: Promise<T>): Promise<T> {
    let failure: unknown = null;
    const timer = setInterval(() => {
      try {
        this.sendReady();
      } catch (error) {
        failure = error;
        clearInterval(timer);
      }
    }, LOOK_MILLISECONDS);
    try {
      const result = await work;
      if (failure) throw failure;
      return result;
    } finally {
      clearInterval(timer);
    }
  }
}
