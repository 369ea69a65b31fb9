/**
 * A queue before something of which there is so much: places for clients, or runs at a time. Who waits is told its place and how long it
 * may take, again and again, so that a waiting client knows that the server lives and the server learns who has left.
 */
import type { Wait } from '../net/notice.js';
import { type RefusedError, refusal } from '../net/refusal.js';

export interface AdmissionOptions {
  /** So many at a time. */
  readonly slots: number;
  /** Of these, with one key; all unless given. */
  readonly slotsPerKey?: number;
  /** More than wait already are refused. */
  readonly queueLength: number;
  /** Up to so many as long as the processor is not busy: runs over slow lines hardly use it. `slots` unless given. */
  readonly mostSlots?: number;
  /** How busy it was lately, 0 to 1. */
  readonly utilization?: () => number;
  /** What there are so many of, in the refusal: `16 clients are being served`. */
  readonly what: string;
}

/** The queue as connections see it: here, or in the process that counts for several. */
export interface Gate {
  readonly waiting: number;
  /**
   * Waits for a slot; returns what gives it back. `tell` may throw, which ends the waiting.
   * @throws RefusedError if too many wait, or when the server ends
   */
  enter(key: string, tell: (wait: Wait) => void): Promise<() => void>;
  close(reason: RefusedError): void;
}

const HEARTBEAT_MILLISECONDS = 1_000;
const BUSY = 0.7;
/** Of the latest one in the mean of times. */
const WEIGHT = 0.2;

interface Waiting {
  readonly key: string;
  readonly tell: (wait: Wait) => void;
  readonly begin: () => void;
  readonly fail: (error: Error) => void;
}

export class Admission implements Gate {
  readonly #options: Required<AdmissionOptions>;
  readonly #waiting: Waiting[] = [];
  readonly #byKey = new Map<string, number>();
  #running = 0;
  #meanMilliseconds = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed: RefusedError | null = null;

  constructor(options: AdmissionOptions) {
    this.#options = {
      slotsPerKey: Number.POSITIVE_INFINITY,
      mostSlots: options.slots,
      utilization: () => 1,
      ...options,
    };
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async enter(key: string, tell: (wait: Wait) => void): Promise<() => void> {
    if (this.#closed) throw this.#closed;
    if (!this.#hasSlot(key)) await this.#wait(key, tell);
    else this.#take(key);
    const started = performance.now();
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      this.#leave(key, performance.now() - started);
    };
  }

  /** Nobody begins any more; those who wait are refused. */
  close(reason: RefusedError): void {
    this.#closed = reason;
    for (const { fail } of this.#waiting.splice(0)) fail(reason);
    this.#watch();
  }

  #wait(key: string, tell: (wait: Wait) => void): Promise<void> {
    const { queueLength, what } = this.#options;
    if (this.#waiting.length >= queueLength) {
      const queue = queueLength > 0 ? `, and ${this.#waiting.length} wait` : '';
      throw refusal('busy', `${this.#running} ${what}${queue}`, this.#secondsTo(queueLength + 1) || 5);
    }
    return new Promise((begin, fail) => {
      this.#waiting.push({ key, tell, begin, fail });
      this.#tell(this.#waiting.length - 1);
      this.#watch();
    });
  }

  #hasSlot(key: string): boolean {
    const { slots, mostSlots, slotsPerKey, utilization } = this.#options;
    if ((this.#byKey.get(key) ?? 0) >= slotsPerKey) return false;
    return this.#running < slots || (this.#running < mostSlots && utilization() < BUSY);
  }

  #take(key: string): void {
    this.#running++;
    this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + 1);
  }

  #leave(key: string, milliseconds: number): void {
    const mean = this.#meanMilliseconds;
    this.#meanMilliseconds = mean === 0 ? milliseconds : (1 - WEIGHT) * mean + WEIGHT * milliseconds;
    this.#running--;
    const left = this.#byKey.get(key)! - 1;
    if (left > 0) this.#byKey.set(key, left);
    else this.#byKey.delete(key);
    this.#advance();
  }

  /** Those who can begin, in order; whose key has its share is passed over. */
  #advance(): void {
    for (;;) {
      const index = this.#waiting.findIndex(({ key }) => this.#hasSlot(key));
      if (index < 0) break;
      const [next] = this.#waiting.splice(index, 1);
      this.#take(next!.key);
      next!.begin();
    }
    this.#watch();
  }

  #secondsTo(place: number): number {
    return Math.ceil((place * this.#meanMilliseconds) / this.#options.slots / 1000);
  }

  #tell(index: number): void {
    const waiting = this.#waiting[index]!;
    try {
      waiting.tell({ place: index + 1, seconds: this.#secondsTo(index + 1) });
    } catch (error) {
      this.#waiting.splice(index, 1);
      waiting.fail(error as Error);
    }
  }

  /** A heartbeat as long as somebody waits. */
  #watch(): void {
    if (this.#waiting.length === 0 && this.#timer) {
      clearInterval(this.#timer);
      this.#timer = null;
    } else if (this.#waiting.length > 0 && !this.#timer)
      this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MILLISECONDS);
  }

  #beat(): void {
    for (let index = this.#waiting.length - 1; index >= 0; index--) this.#tell(index);
    this.#advance();
  }
}
