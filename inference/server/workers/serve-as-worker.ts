/** The worker's side: takes connections from the process that listens and serves them. */
import type { Server, Socket } from 'node:net';
import { eventLoopUtilization } from '../event-loop-utilization.js';
import type { Log } from '../server-log.js';
import type { Door, FromWorker, ToWorker } from './messages.js';
import { RemoteDesk } from './remote-desk.js';

/** What a worker serves, however it is made. */
export interface Station<Options> {
  /** Servers that do not listen themselves; null: nobody comes there. */
  readonly doors: Readonly<Record<Door, Server | null>>;
  metrics(): Promise<unknown>;
  /** With the options of today. */
  reload(options: Options): Promise<void>;
  /** Nobody new; those in the middle of a text may finish it within so long. */
  end(graceMilliseconds: number): Promise<void>;
}

const LOAD_MILLISECONDS = 500;

class Worker<Options> {
  readonly #desk = new RemoteDesk((message) => this.#send(message));
  #station: Station<Options> | null = null;

  constructor(
    private readonly open: (options: Options, desk: RemoteDesk, log: Log) => Promise<Station<Options>>,
  ) {}

  take(message: ToWorker<Options>, socket: Socket | undefined): void {
    switch (message.type) {
      case 'begin':
        void this.#begin(message.options);
        break;
      case 'connection':
        this.#accept(message.door, socket);
        break;
      case 'metrics':
        void this.#reply(message.id, async () => this.#station!.metrics());
        break;
      case 'reload':
        void this.#reply(message.id, async () => this.#station!.reload(message.options));
        break;
      case 'drain':
        void this.#end(message.graceMilliseconds);
        break;
      default:
        this.#desk.take(message);
    }
  }

  #send(message: FromWorker, then: () => void = () => undefined): void {
    if (process.connected) process.send!(message, then);
  }

  #log: Log = (record) => this.#send({ type: 'log', record });

  async #begin(options: Options): Promise<void> {
    try {
      this.#station = await this.open(options, this.#desk, this.#log);
    } catch (error) {
      this.#send({ type: 'failed', message: (error as Error).message }, () => process.exit(1));
      return;
    }
    const utilization = eventLoopUtilization();
    setInterval(() => this.#send({ type: 'load', utilization: utilization() }), LOAD_MILLISECONDS);
    process.on('unhandledRejection', (reason) => {
      // Its client is gone; others are being served.
      const message = `server: ${reason instanceof Error ? reason.message : String(reason)}`;
      this.#log({ level: 'error', message, fields: { event: 'lost' } });
    });
    this.#send({ type: 'ready' });
  }

  /** Who left before the connection arrived here has no socket. */
  #accept(door: Door, socket: Socket | undefined): void {
    const server = this.#station?.doors[door];
    if (!socket || !server) {
      socket?.destroy();
      this.#send({ type: 'gone' });
      return;
    }
    socket.once('close', () => this.#send({ type: 'gone' }));
    server.emit('connection', socket);
    socket.resume();
  }

  async #reply(id: number, make: () => Promise<unknown>): Promise<void> {
    try {
      this.#send({ type: 'reply', id, value: await make() });
    } catch (error) {
      this.#send({ type: 'refused', id, message: (error as Error).message });
    }
  }

  async #end(graceMilliseconds: number): Promise<void> {
    await this.#station?.end(graceMilliseconds);
    process.disconnect();
    process.exit(0);
  }
}

/** Makes this process a worker. Signals are for the process that listens, and without that one there is nobody to serve. */
export function serveAsWorker<Options>(
  open: (options: Options, desk: RemoteDesk, log: Log) => Promise<Station<Options>>,
): void {
  const worker = new Worker(open);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.once('disconnect', () => process.exit(1));
  process.on('message', (message, socket) =>
    worker.take(message as ToWorker<Options>, socket as Socket | undefined),
  );
}
