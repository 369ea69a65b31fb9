/**
 * A channel over a WebSocket, a browser's or Node's alike. Browsers cannot stop a peer that sends too fast, so the parties do:
 * what was sent and not yet taken by the peer's protocol is never more than a window, and whoever takes bytes says so.
 *
 *   binary message: 1 to 2^18 bytes of the stream
 *   text message:   how many bytes of the stream this end has taken so far, decimal
 *
 * These words are what tells a slow line from a dead peer, too. They are no part of the stream.
 */
import { PeerClosedError, ProtocolError } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import type { Channel } from './channel.js';
import { Patience } from './patience.js';
import { ReceiveQueue } from './receive-queue.js';
import { MOST_OUTGOING_BYTES, Turnstile } from './turnstile.js';

/** Both ends name it when they connect: another way to frame gets another name. */
export const SUBPROTOCOL = 'cipherprune.1';
export const MOST_MESSAGE_BYTES = 2 ** 18;
/** Enough for 80 MB/s over a line of 100 ms. */
const WINDOW_BYTES = 2 ** 23;
/** Taken bytes are told of in steps of this. */
const TOLD_BYTES = 2 ** 16;
const COUNT = /^\d{1,15}$/;
const OPEN = 1;
const [NORMAL, POLICY_VIOLATION] = [1000, 1008] as const;
const CLOSE_MILLISECONDS = 2_000;

/** What a browser's WebSocket and that of `ws` have in common. Messages are strings and ArrayBuffers. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
  /** Of `ws`: at once. */
  terminate?(): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
}

export interface WebSocketChannelOptions {
  /** How the peer is called in errors. */
  readonly peer: string;
  /** A receive fails when nothing arrives for this long. */
  readonly timeoutMilliseconds: number;
  /** Bytes that may wait to leave, as over TCP. */
  readonly outgoingBytes?: number;
}

export class WebSocketChannel implements Channel {
  readonly #queue = new ReceiveQueue();
  readonly #patience: Patience;
  readonly #turnstile = new Turnstile(this);
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #onRoom: (() => void)[] = [];
  #isScheduled = false;
  /** Of the stream: queued here not counted. */
  #sent = 0;
  #takenByPeer = 0;
  #arrived = 0;
  #told = 0;
  #hasHeard = false;
  #failure: ProtocolError | null = null;
  #closing: Promise<void> | null = null;
  #onClosed: () => void = () => undefined;
  #onDrained: () => void = () => undefined;

  /** The socket is open. */
  constructor(
    private readonly socket: WebSocketLike,
    private readonly options: WebSocketChannelOptions,
  ) {
    this.#patience = new Patience({
      ...options,
      progress: () => this.#queue.progress,
      // The peer's words say what has arrived.
      grace: () => 0,
      onTimeout: (error) => this.abort(error),
    });
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#onMessage(data));
    socket.addEventListener('error', () =>
      this.#fail(new PeerClosedError(`${options.peer}: connection lost`)),
    );
    socket.addEventListener('close', ({ code }) => {
      const how = code === NORMAL ? '' : ` (${code})`;
      this.#fail(new PeerClosedError(`${options.peer} closed the connection${how}`));
      this.#onClosed();
    });
  }

  /** Did the peer ever say anything? */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  send(bytes: Uint8Array): void {
    if (this.#failure || this.#closing)
      throw new PeerClosedError(`${this.options.peer}: sending on a closed connection`);
    if (bytes.length === 0) return;
    this.#outgoing.push(bytes);
    this.#outgoingBytes += bytes.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.flush());
  }

  receive(byteLength: number): Promise<Uint8Array> {
    this.flush();
    const pending = this.#queue.take(byteLength);
    this.#tell();
    return this.#patience.wait(this.#turnstile.hand(pending));
  }

  get hasRoom(): boolean {
    return this.#outgoingBytes <= (this.options.outgoingBytes ?? MOST_OUTGOING_BYTES);
  }

  async room(): Promise<void> {
    if (!this.hasRoom) await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    if (this.#failure) throw this.#failure;
  }

  #tellOfRoom(): void {
    if (this.hasRoom) for (const resolve of this.#onRoom.splice(0)) resolve();
  }

  /** Hands over what the window takes. */
  flush(): void {
    this.#isScheduled = false;
    while (this.#outgoing.length > 0 && this.socket.readyState === OPEN && !this.#failure) {
      const room = WINDOW_BYTES - (this.#sent - this.#takenByPeer);
      if (room <= 0) return;
      const message = this.#nextMessage(Math.min(room, MOST_MESSAGE_BYTES));
      this.#sent += message.length;
      this.#outgoingBytes -= message.length;
      this.socket.send(message);
    }
    this.#tellOfRoom();
    this.#onDrained();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends at once, without sending what is queued; what waits fails with `error`. */
  abort(error: ProtocolError): void {
    this.#fail(error);
    if (this.socket.terminate) this.socket.terminate();
    else this.socket.close();
  }

  async #close(): Promise<void> {
    this.#queue.fail(new PeerClosedError(`${this.options.peer}: this end closed the connection`));
    this.flush();
    if (this.#outgoing.length > 0 && !this.#failure) await this.#lastMessages();
    this.#patience.stop();
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    if (this.socket.readyState > OPEN + 1) return;
    this.socket.close(NORMAL);
    await Promise.race([closed, pause(CLOSE_MILLISECONDS)]);
    this.socket.terminate?.();
  }

  /** What is queued leaves as long as the peer takes some of it. */
  async #lastMessages(): Promise<void> {
    const drained = new Promise<boolean>((resolve) => {
      this.#onDrained = () => resolve(true);
    });
    for (let events = -1; events !== this.#patience.events; ) {
      events = this.#patience.events;
      if (await Promise.race([drained, pause(CLOSE_MILLISECONDS)])) return;
    }
  }

  /** Small pieces leave together, large ones in parts. */
  #nextMessage(most: number): Uint8Array<ArrayBuffer> {
    let byteLength = 0;
    for (let i = 0; i < this.#outgoing.length && byteLength < most; i++)
      byteLength += this.#outgoing[i]!.length;
    const message = new Uint8Array(Math.min(byteLength, most));
    let used = 0;
    for (let at = 0; at < message.length; ) {
      const first = this.#outgoing[used]!;
      const part = first.subarray(0, message.length - at);
      message.set(part, at);
      at += part.length;
      if (part.length === first.length) used++;
      else this.#outgoing[used] = first.subarray(part.length);
    }
    this.#outgoing.splice(0, used);
    return message;
  }

  #onMessage(data: unknown): void {
    if (this.#failure) return;
    this.#hasHeard = true;
    const fault = typeof data === 'string' ? this.#onTaken(data) : this.#onBytes(data);
    if (fault === null) return;
    this.#fail(new ProtocolError(`${this.options.peer}: expected ${fault}`));
    // A browser may not say 1008.
    this.socket.close(this.socket.terminate ? POLICY_VIOLATION : NORMAL);
  }

  /** → what was expected in place of this message, or null. */
  #onBytes(data: unknown): string | null {
    if (!(data instanceof ArrayBuffer)) return 'a binary message or a count';
    const { byteLength } = data;
    if (byteLength === 0 || byteLength > MOST_MESSAGE_BYTES)
      return `a message of 1 to ${MOST_MESSAGE_BYTES} bytes, got ${byteLength}`;
    if (this.#arrived + byteLength - this.#told > WINDOW_BYTES)
      return `at most ${WINDOW_BYTES} bytes ahead, got more`;
    this.#arrived += byteLength;
    this.#queue.push(new Uint8Array(data));
    this.#patience.arrived(this.#queue.isWaiting);
    this.#tell();
    return null;
  }

  /** The peer has taken more. → as above */
  #onTaken(text: string): string | null {
    const taken = COUNT.test(text) ? Number(text) : -1;
    if (taken <= this.#takenByPeer || taken > this.#sent)
      return `a count of bytes taken above ${this.#takenByPeer} and up to ${this.#sent}, got another`;
    this.#takenByPeer = taken;
    this.#patience.left();
    this.flush();
    return null;
  }

  /** Says what was taken, where that is worth a message. */
  #tell(): void {
    const taken = this.#arrived - this.#queue.queuedBytes;
    if (taken - this.#told < TOLD_BYTES || this.socket.readyState !== OPEN) return;
    this.#told = taken;
    this.socket.send(String(taken));
  }

  #fail(error: ProtocolError): void {
    this.#failure ??= error;
    this.#queue.fail(error);
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#tellOfRoom();
    this.#patience.stop();
  }
}

const pause = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => nextTask(() => resolve(false)), milliseconds);
    if (typeof timer === 'object') timer.unref?.();
  });
