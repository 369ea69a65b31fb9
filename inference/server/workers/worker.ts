/** A worker as the process that listens sees it: started, fed with connections, watched, and ended. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { ownModule } from '../../../util/self-command.js';
import type { Log } from '../server-log.js';
import type { Counter } from './front-desk.js';
import type { Door, FromWorker, ToWorker } from './messages.js';

export interface WorkerOptions<Options> {
  /** Counts from 1. */
  readonly number: number;
  /** The compiled module that a worker runs (serveAsWorker). */
  readonly entry: URL;
  /** What it serves. */
  readonly options: Options;
  /** A worker that takes more is ended; null: no bound. */
  readonly mostBytes: number | null;
  readonly counterFor: (reply: (message: ToWorker<Options>) => void) => Counter;
  readonly log: Log;
}

/** How a worker ended. */
export interface Ending {
  readonly reason: string;
  /** Connections that ended with it. */
  readonly connections: number;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const WATCH_MILLISECONDS = 500;
/** Kernels hold the event loop for seconds at most. */
const SILENCE_MILLISECONDS = 60_000;

/** Resident memory of another process; null where the system does not say. */
async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

export class Worker<Options> {
  /** Resolves when it takes connections; rejects with its message if it cannot. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #counter: Counter;
  readonly #pending = new Map<number, Pending>();
  readonly #watch: NodeJS.Timeout;
  #next = 0;
  #heardAt = performance.now();
  #reason: string | null = null;
  #connections = 0;
  utilization = 0;
  isReady = false;

  constructor(private readonly given: WorkerOptions<Options>) {
    const { entry, options } = given;
    const { path, execArgv } = ownModule(entry);
    this.#child = fork(path, [], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#counter = given.counterFor((message) => this.#send(message));
    this.#send({ type: 'begin', options });
    this.#watch = setInterval(() => void this.#look(), WATCH_MILLISECONDS);
    this.ready = new Promise((resolve, reject) => {
      this.#pending.set(-1, { resolve: () => resolve(), reject });
    });
    this.ready.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#end(error.message, resolve));
      this.#child.once('exit', (code, signal) => this.#end(signal ?? `exit code ${code}`, resolve));
    });
    this.#child.on('message', (message) => this.#take(message as FromWorker));
  }

  get number(): number {
    return this.given.number;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Those that it was given and that have not ended. */
  get connections(): number {
    return this.#connections;
  }

  /** Hands a connection over, of which nothing has been read. */
  give(socket: Socket, door: Door): void {
    this.#connections++;
    this.#child.send({ type: 'connection', door }, socket, { keepOpen: false }, (error) => {
      if (error) socket.destroy();
    });
  }

  /** Reads again what the options name. @throws Error if that is no model */
  async reload(options: Options): Promise<void> {
    await this.#request((id) => ({ type: 'reload', id, options }));
  }

  /** As prom-client has them in JSON. */
  metrics(): Promise<unknown> {
    return this.#request((id) => ({ type: 'metrics', id }));
  }

  /** Lets texts at work finish for so long at most; resolves when the process is gone. */
  async drain(graceMilliseconds: number): Promise<void> {
    this.#send({ type: 'drain', graceMilliseconds });
    // Beyond that it is stuck.
    const timer = setTimeout(() => this.kill('it did not end'), graceMilliseconds + 5_000);
    await this.ended;
    clearTimeout(timer);
  }

  kill(reason: string): void {
    this.#reason ??= reason;
    this.#child.kill('SIGKILL');
  }

  #send(message: ToWorker<Options>): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #request(message: (id: number) => ToWorker<Options>): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send(message(id));
    });
  }

  #take(message: FromWorker): void {
    this.#heardAt = performance.now();
    switch (message.type) {
      case 'ready':
        void this.#begin();
        break;
      case 'failed':
        this.#reason = message.message;
        break;
      case 'log': {
        const { record } = message;
        this.given.log({ ...record, fields: { ...record.fields, worker: this.number } });
        break;
      }
      case 'load':
        this.utilization = message.utilization;
        break;
      case 'gone':
        this.#connections--;
        break;
      case 'reply':
        this.#settle(message.id, (pending) => pending.resolve(message.value));
        break;
      case 'refused':
        this.#settle(message.id, (pending) => pending.reject(new Error(message.message)));
        break;
      default:
        this.#counter.take(message);
    }
  }

  /** It is ready, unless it takes too much already. */
  async #begin(): Promise<void> {
    await this.#look();
    if (this.#reason !== null) return;
    this.isReady = true;
    this.#settle(-1, (pending) => pending.resolve(null));
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending) how(pending);
  }

  /** What a process does that is stuck, or takes all memory, ends with it. */
  async #look(): Promise<void> {
    const { mostBytes } = this.given;
    if (performance.now() - this.#heardAt > SILENCE_MILLISECONDS)
      return this.kill(`said nothing for ${SILENCE_MILLISECONDS / 1000} s`);
    const bytes = mostBytes === null ? null : await residentBytes(this.pid!);
    if (bytes !== null && bytes > mostBytes!)
      this.kill(`took ${Math.round(bytes / 1e6)} MB, at most ${Math.round(mostBytes! / 1e6)} are given`);
  }

  #end(how: string, resolve: (ending: Ending) => void): void {
    clearInterval(this.#watch);
    this.isReady = false;
    this.#counter.close();
    const reason = this.#reason ?? how;
    const error = new Error(`worker ${this.number}: ${reason}`);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    resolve({ reason, connections: this.#connections });
  }
}
