/** Messages that leave while they are made. */

/** How often it is looked whether a piece is ready. */
const LOOK_MILLISECONDS = 5;

/** Bytes that a kernel makes from the front, sent while it works. */
export class Pieces {
  /** Bytes that are ready, as the kernel says. */
  readonly ready = new Int32Array(1);
  #sent = 0;

  constructor(
    readonly bytes: Uint8Array,
    private readonly send: (piece: Uint8Array) => void,
  ) {}

  sendReady(): void {
    const end = Atomics.load(this.ready, 0);
    if (end > this.#sent) this.send(this.bytes.subarray(this.#sent, end));
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
