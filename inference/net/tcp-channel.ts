/**
 * A channel over TCP. Small writes of one turn leave together; what arrives is copied once, straight into the receive
 * that waits for it; a peer that sends more than the protocol asked for is slowed down by pausing its socket.
 */
import { connect, type Socket } from 'node:net';
import { PeerClosedError, PeerTimeoutError, ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';
import { ReceiveQueue } from './receive-queue.js';

export interface TcpChannelOptions {
  /** How the peer is called in errors, for example `the client at 127.0.0.1:4000`. */
  readonly peer: string;
  /** A receive fails when nothing arrives for this long. */
  readonly timeoutMilliseconds: number;
  /** Bytes that may wait here before the socket is paused: more than one message of a protocol in flight. */
  readonly bufferBytes?: number;
}

export const DEFAULT_BUFFER_BYTES = 32 * 2 ** 20;
const CLOSE_MILLISECONDS = 2_000;
/** A receive may take this many times the timeout, and longer by its bytes at the least rate: trickling is no way to stay. */
const MOST_TIMEOUTS = 10;
const LEAST_BYTES_PER_MILLISECOND = 16;

export class TcpChannel implements Channel {
  readonly #socket: Socket;
  readonly #options: Required<TcpChannelOptions>;
  readonly #queue = new ReceiveQueue();
  #timer: NodeJS.Timeout | null = null;
  #corked = false;
  #arrivals = 0;
  #closed = false;
  #waiting = 0;
  /** When the first waiting receive came to be the first. */
  #firstSince = 0;
  #closing: Promise<void> | null = null;

  constructor(socket: Socket, options: TcpChannelOptions) {
    this.#socket = socket;
    this.#options = { bufferBytes: DEFAULT_BUFFER_BYTES, ...options };
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#fail(new PeerClosedError(`${options.peer} closed the connection`)));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(new PeerClosedError(`${options.peer}: connection lost (${error.code ?? error.message})`)),
    );
    socket.on('close', () => this.#fail(new PeerClosedError(`${options.peer} closed the connection`)));
  }

  send(bytes: Uint8Array): void {
    if (this.#closed || this.#socket.writableEnded || this.#socket.destroyed)
      throw new PeerClosedError(`${this.#options.peer}: sending on a closed connection`);
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.flush());
    }
    this.#socket.write(bytes);
  }

  async receive(byteLength: number): Promise<Uint8Array> {
    this.flush();
    const pending = this.#queue.take(byteLength);
    if (this.#queue.queuedBytes <= this.#options.bufferBytes / 2 && this.#socket.isPaused())
      this.#socket.resume();
    if (this.#waiting++ === 0) this.#firstSince = performance.now();
    this.#watch();
    try {
      return await pending;
    } finally {
      this.#waiting--;
      this.#firstSince = performance.now();
      if (this.#waiting === 0) this.#unwatch();
    }
  }

  /** Ends the gathering of small writes: what the kernel takes leaves at once, not when this turn ends. */
  flush(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
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
    this.#unwatch();
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

  #onData(chunk: Buffer): void {
    this.#arrivals++;
    this.#timer?.refresh();
    this.#queue.push(chunk);
    if (this.#queue.isWaiting) this.#expectProgress();
    if (this.#queue.queuedBytes > this.#options.bufferBytes) this.#socket.pause();
  }

  #fail(error: ProtocolError): void {
    this.#queue.fail(error);
    this.#unwatch();
  }

  #expectProgress(): void {
    const { expected, got } = this.#queue.progress;
    const allowed =
      MOST_TIMEOUTS * this.#options.timeoutMilliseconds + expected / LEAST_BYTES_PER_MILLISECOND;
    if (performance.now() - this.#firstSince <= allowed) return;
    const seconds = Math.round(allowed) / 1000;
    this.abort(
      new PeerTimeoutError(
        `${this.#options.peer} sends too slowly: expected ${expected} bytes in ${seconds} s, got ${got}`,
      ),
    );
  }

  /** One timer for all waiting receives; every arrival starts it again. */
  #watch(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.#onSilence(), this.#options.timeoutMilliseconds);
  }

  #unwatch(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** A long computation here may have kept arrived bytes from being read: look at the socket once before judging. */
  #onSilence(): void {
    const arrivals = this.#arrivals;
    this.#timer = null;
    setImmediate(() => {
      if (this.#waiting === 0) return;
      if (this.#arrivals !== arrivals) return this.#watch();
      const { expected, got } = this.#queue.progress;
      const seconds = this.#options.timeoutMilliseconds / 1000;
      this.abort(
        new PeerTimeoutError(
          `${this.#options.peer} sent nothing for ${seconds} s: expected ${expected} bytes, got ${got}`,
        ),
      );
    });
  }
}

/** Connects, or says which address could not be reached and why. */
export function connectTcp(
  host: string,
  port: number,
  options: Omit<TcpChannelOptions, 'peer'>,
): Promise<TcpChannel> {
  const peer = `the server at ${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new ProtocolError(`${peer} cannot be reached (${reason})`));
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
