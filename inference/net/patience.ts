/**
 * How long a channel waits for its peer. It gives up when nothing moves in either direction for the timeout, or when what is awaited
 * only trickles in.
 */
import { PeerTimeoutError } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';

export interface PatienceOptions {
  /** How the peer is called in errors. */
  readonly peer: string;
  readonly timeoutMilliseconds: number;
  /** Of the first waiting receive. */
  progress(): { readonly expected: number; readonly got: number };
  /** Beside the timeout: time that what has left may need to arrive. */
  grace(): number;
  onTimeout(error: PeerTimeoutError): void;
}

/** A receive may take this many times the timeout, and longer by its bytes at the least rate: trickling is no way to stay. */
const MOST_TIMEOUTS = 10;
export const LEAST_BYTES_PER_MILLISECOND = 16;

/** The longest that so many bytes may take. */
export const mostMilliseconds = (timeoutMilliseconds: number, bytes: number): number =>
  MOST_TIMEOUTS * timeoutMilliseconds + bytes / LEAST_BYTES_PER_MILLISECOND;

export class Patience {
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Arrivals, and pieces that left. */
  #events = 0;
  #lastEvent = 0;
  #waiting = 0;
  /** When the first waiting receive came to be the first. */
  #firstSince = 0;
  /** When somebody came to wait at all. */
  #waitingSince = 0;

  constructor(private readonly options: PatienceOptions) {}

  /** Everything that moved so far. */
  get events(): number {
    return this.#events;
  }

  /** Waits for a receive as long as there is hope. */
  wait<T>(pending: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#firstSince = this.#waitingSince = performance.now();
    this.#watch();
    pending.then(this.#ended, this.#ended);
    return pending;
  }

  /** Before whoever waits goes on: it was told first. */
  readonly #ended = (): void => {
    this.#waiting--;
    this.#firstSince = performance.now();
  };

  /** Something of the peer came; `isAwaited`: and somebody waits for more. */
  arrived(isAwaited: boolean): void {
    this.#moved();
    if (isAwaited) this.#expectProgress();
  }

  /** Something of ours left: the peer cannot have answered it yet. */
  left(): void {
    this.#moved();
    this.#firstSince = this.#lastEvent;
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #moved(): void {
    this.#events++;
    this.#lastEvent = performance.now();
  }

  #expectProgress(): void {
    const { peer, timeoutMilliseconds, progress, onTimeout } = this.options;
    const { expected, got } = progress();
    const allowed = mostMilliseconds(timeoutMilliseconds, expected);
    if (performance.now() - this.#firstSince <= allowed) return;
    const seconds = Math.round(allowed) / 1000;
    onTimeout(
      new PeerTimeoutError(
        `${peer} sends too slowly: expected ${expected} bytes in ${seconds} s, got ${got}`,
      ),
    );
  }

  /**
   * One timer for all waiting receives, and for those that come before it ends: a text waits hundreds of times for a moment, and arming a timer costs
   * more than to look at the clock when it ends.
   */
  #watch(milliseconds = this.options.timeoutMilliseconds): void {
    this.#timer ??= setTimeout(() => this.#onSilence(), milliseconds);
  }

  /** A long computation here may have kept arrived bytes from being read: look at the connection once before judging. */
  #onSilence(): void {
    const events = this.#events;
    this.#timer = null;
    nextTask(() => {
      if (this.#waiting === 0) return;
      const { peer, timeoutMilliseconds, progress, grace, onTimeout } = this.options;
      const since = Math.max(this.#lastEvent, this.#waitingSince);
      const left = timeoutMilliseconds + grace() - (performance.now() - since);
      if (this.#events !== events || left > 1) return this.#watch(this.#events === events ? left : undefined);
      const { expected, got } = progress();
      onTimeout(
        new PeerTimeoutError(
          `${peer} sent nothing for ${timeoutMilliseconds / 1000} s: expected ${expected} bytes, got ${got}`,
        ),
      );
    });
  }
}
