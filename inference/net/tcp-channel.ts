/**
 * A channel over TCP. Small writes of one turn leave together; what arrives is copied once, straight into the receive
 * that waits for it; a peer that sends more than the protocol asked for is slowed down by pausing its socket.
 *
 * A peer is given up when nothing moves in either direction: as long as our own bytes leave, it cannot have answered them.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeerClosedError, type ProtocolError, UnreachableError } from '../core/errors.js';
import type { Channel } from './channel.js';
import { Outgoing } from './outgoing.js';
import { LEAST_BYTES_PER_MILLISECOND, Patience } from './patience.js';
import { ReceiveQueue } from './receive-queue.js';
import { MOST_OUTGOING_BYTES, Turnstile } from './turnstile.js';
import { whyUnreachable } from './why-unreachable.js';

export interface TcpChannelOptions {
  /** How the peer is called in errors, for example `the client at 127.0.0.1:4000`. */
  readonly peer: string;
  /** A receive fails when nothing arrives and nothing leaves for this long, and what may be on its way had its time. */
  readonly timeoutMilliseconds: number;
  /** Bytes that may wait here before the socket is paused: more than one message of a protocol in flight. */
  readonly bufferBytes?: number;
  /** Bytes that may wait to leave: beyond, nothing that comes is handed out until the peer has read some of them. */
  readonly outgoingBytes?: number;
}

const DEFAULT_BUFFER_BYTES = 32 * 2 ** 20;
const CLOSE_MILLISECONDS = 2_000;
/** What the systems of both ends may hold of what has left here, and the rate at which it goes on where none was measured. */
const MOST_IN_FLIGHT_BYTES = 2 ** 22;
/** What a system takes at once when the peer's has made room: a part of its buffer. */
const MOST_STEP_BYTES = 2 ** 21;
const USUAL_BYTES_PER_MILLISECOND = 100;

export class TcpChannel implements Channel {
  readonly #socket: Socket;
  readonly #options: Required<TcpChannelOptions>;
  readonly #queue = new ReceiveQueue();
  readonly #outgoing: Outgoing;
  readonly #patience: Patience;
  readonly #turnstile: Turnstile;
  #failure: ProtocolError | null = null;
  #isScheduled = false;
  #sentSinceArrival = 0;
  #hasHeard = false;
  #closed = false;
  #closing: Promise<void> | null = null;

  constructor(socket: Socket, options: TcpChannelOptions) {
    this.#socket = socket;
    this.#patience = new Patience({
      ...options,
      progress: () => this.#queue.progress,
      grace: () => this.#grace(),
      onTimeout: (error) => this.abort(error),
    });
    this.#options = { bufferBytes: DEFAULT_BUFFER_BYTES, outgoingBytes: MOST_OUTGOING_BYTES, ...options };
    this.#outgoing = new Outgoing(socket, () => this.#patience.left(), this.#options.outgoingBytes);
    this.#turnstile = new Turnstile(this);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#fail(new PeerClosedError(`${options.peer} closed the connection`)));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(new PeerClosedError(`${options.peer}: connection lost (${whyUnreachable(error)})`)),
    );
    socket.on('close', () => this.#fail(new PeerClosedError(`${options.peer} closed the connection`)));
  }

  send(bytes: Uint8Array): void {
    this.#send(bytes, false);
  }

  sendTaken(bytes: Uint8Array): void {
    this.#send(bytes, true);
  }

  #send(bytes: Uint8Array, isTaken: boolean): void {
    if (this.#closed || this.#socket.writableEnded || this.#socket.destroyed)
      throw new PeerClosedError(`${this.#options.peer}: sending on a closed connection`);
    this.#outgoing.push(bytes, isTaken);
    this.#sentSinceArrival += bytes.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => this.flush());
  }

  /** Bytes a millisecond at which messages leave; null as long as none had to wait. */
  get lineRate(): number | null {
    return this.#outgoing.rate;
  }

  /** Did the peer ever say anything? */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  get hasRoom(): boolean {
    return this.#outgoing.hasRoom;
  }

  async room(): Promise<void> {
    await this.#outgoing.room();
    if (this.#failure) throw this.#failure;
  }

  receive(byteLength: number): Promise<Uint8Array> {
    this.flush();
    const pending = this.#queue.take(byteLength);
    if (this.#queue.queuedBytes <= this.#options.bufferBytes / 2 && this.#socket.isPaused())
      this.#socket.resume();
    return this.#patience.wait(this.#turnstile.hand(pending));
  }

  /** Ends the gathering of small writes: what the kernel takes leaves at once, not when this turn ends. */
  flush(): void {
    this.#isScheduled = false;
    this.#outgoing.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends at once, without sending what is queued; what waits fails with `error`. */
  abort(error: ProtocolError): void {
    this.#fail(error);
    this.#socket.destroy();
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.flush();
    this.#queue.fail(new PeerClosedError(`${this.#options.peer}: this end closed the connection`));
    this.#patience.stop();
    if (!this.#outgoing.isIdle) await this.#lastPieces();
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_MILLISECONDS);
      this.#socket.once('close', resolve);
      this.#socket.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#socket.destroy();
  }

  /** What is queued leaves as long as the line takes some of it. */
  async #lastPieces(): Promise<void> {
    const idle = this.#outgoing.idle().then(() => true);
    for (let events = -1; events !== this.#patience.events; ) {
      events = this.#patience.events;
      if (await Promise.race([idle, sleep(CLOSE_MILLISECONDS, false)])) return;
    }
  }

  #onData(chunk: Buffer): void {
    this.#hasHeard = true;
    this.#sentSinceArrival = 0;
    this.#queue.push(chunk);
    this.#patience.arrived(this.#queue.isWaiting);
    if (this.#queue.queuedBytes > this.#options.bufferBytes) this.#socket.pause();
  }

  #fail(error: ProtocolError): void {
    this.#failure ??= error;
    this.#queue.fail(error);
    this.#outgoing.drop();
    this.#patience.stop();
  }

  /** What the system has taken has its time to arrive. */
  #grace(): number {
    const { lineRate } = this;
    const isStuck = !this.#outgoing.isIdle;
    if (isStuck && lineRate === null) return 0;
    const bytes = Math.min(this.#sentSinceArrival, isStuck ? MOST_STEP_BYTES : MOST_IN_FLIGHT_BYTES);
    return bytes / Math.max(LEAST_BYTES_PER_MILLISECOND, lineRate ?? USUAL_BYTES_PER_MILLISECOND);
  }
}

/** How who listens at an address is called in errors. */
export const peerAt = (host: string, port: number, what = 'server'): string =>
  `the ${what} at ${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Of a channel that is opened here: its peer has a name unless one is given. */
export type OpenOptions = Omit<TcpChannelOptions, 'peer'> & Partial<Pick<TcpChannelOptions, 'peer'>>;

/** Connects, or says which address could not be reached and why. */
export function connectTcp(host: string, port: number, options: OpenOptions): Promise<TcpChannel> {
  const { peer = peerAt(host, port) } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new UnreachableError(`${peer} cannot be reached (${reason})`));
    };
    const timer = setTimeout(
      () => fail(`no answer in ${options.timeoutMilliseconds / 1000} s`),
      options.timeoutMilliseconds,
    );
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(error.code ?? error.message);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(new TcpChannel(socket, { ...options, peer }));
    });
  });
}
