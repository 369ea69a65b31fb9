/** Texts that clients asked a node for and that the nodes have not begun with. */
import { sameBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import type { Channel } from '../net/channel.js';
import { encodeRequest, type TextRequest } from './messages.js';

export interface WaitingText {
  readonly request: TextRequest;
  readonly channel: Channel;
  /** Milliseconds of `performance.now()`. */
  readonly came: number;
  /** Settles when the text is done, so that the client's loop goes on. */
  readonly done: (error: Error | null) => void;
}

interface Place {
  readonly text: WaitingText;
  /** Milliseconds of `performance.now()`: not to be asked for earlier. */
  ready: number;
  /** Milliseconds until it is asked for once more. */
  pause: number;
}

/** A client's connections to two nodes are seldom further apart; each time that is not enough the pause doubles. */
const FIRST_PAUSE_MILLISECONDS = 5;
/** Of the time in which the nodes must begin with a text: the longest pause. */
const LONGEST_PAUSE = 1 / 8;

export class WaitingTexts {
  readonly #patience: number;
  readonly #places = new Map<string, Place>();
  readonly #wakers = new Set<() => void>();

  constructor(timeoutMilliseconds: number) {
    this.#patience = timeoutMilliseconds;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Settles when the text is done, with what it failed by, or when the nodes did not begin with it in time. */
  answered(request: TextRequest, channel: Channel): Promise<Error | null> {
    if (this.#places.has(request.id))
      return Promise.resolve(
        new ProtocolError('request: expected an id of its own, got that of a text that waits'),
      );
    return new Promise<Error | null>((resolve) => {
      const done = (failure: Error | null): void => {
        clearTimeout(patience);
        resolve(failure);
      };
      const text = { request, channel, came: performance.now(), done };
      const patience = setTimeout(() => {
        if (this.take(text)) resolve(new ProtocolError('the nodes did not begin with the text in time'));
      }, this.#patience);
      this.#places.set(request.id, { text, ready: 0, pause: FIRST_PAUSE_MILLISECONDS });
      this.wake();
    });
  }

  /** That which came first of those that may be asked for now. */
  next(): WaitingText | null {
    const now = performance.now();
    for (const { text, ready } of this.#places.values()) if (ready <= now) return text;
    return null;
  }

  /** The same request, of this node's connection to the client; null where it has not come (yet). */
  find(request: TextRequest): WaitingText | null {
    const text = this.#places.get(request.id)?.text;
    return text && sameBytes(encodeRequest(text.request), encodeRequest(request)) ? text : null;
  }

  /** It waits no longer. False where it did not; another one may have its id. */
  take(text: WaitingText): boolean {
    const { id } = text.request;
    return this.#places.get(id)?.text === text && this.#places.delete(id);
  }

  /** Another node did not have it: those behind it come first, and it is asked for again after a pause. */
  postpone(text: WaitingText): void {
    const place = this.#places.get(text.request.id);
    if (place?.text !== text) return;
    place.ready = performance.now() + place.pause;
    place.pause = Math.min(2 * place.pause, this.#patience * LONGEST_PAUSE);
  }

  /** Until a text comes, or one that was postponed may be asked for, or the time is over: false then. */
  arrival(milliseconds: number): Promise<boolean> {
    const now = performance.now();
    const pauses = [...this.#places.values()].map(({ ready }) => Math.max(0, ready - now));
    const earliest = Math.min(milliseconds, ...pauses);
    return new Promise<boolean>((resolve) => {
      const wake = (came: boolean): void => {
        clearTimeout(timer);
        this.#wakers.delete(wakeUp);
        resolve(came);
      };
      const wakeUp = (): void => wake(true);
      const timer = setTimeout(() => wake(earliest < milliseconds), earliest);
      this.#wakers.add(wakeUp);
    });
  }

  /** Ends every `arrival`. */
  wake(): void {
    for (const wakeUp of [...this.#wakers]) wakeUp();
  }

  end(error: Error): void {
    for (const { text } of this.#places.values()) text.done(error);
  }
}
