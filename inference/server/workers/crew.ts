/**
 * All workers of a server: each new connection goes, unread, to the one that has fewest. One that ends unasked takes its own clients with
 * it and nobody else's, and another takes its place, at first at once, then after a time that doubles.
 */
import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { refusal } from '../../net/refusal.js';
import { gatesOf, type Gates, type Room } from '../clients.js';
import type { Limits } from '../limits.js';
import type { Log } from '../server-log.js';
import { type MetricsPage, ServerMetrics } from '../side-port.js';
import { Counter } from './front-desk.js';
import type { Door } from './messages.js';
import { Worker } from './worker.js';

export interface CrewOptions<Options> extends Room {
  readonly workers: number;
  readonly entry: URL;
  /** What a worker serves, given its number. */
  readonly optionsOf: (number: number) => Options;
  readonly mostBytes: number | null;
  readonly limits: Limits;
  readonly log: Log;
}

const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 10_000;
/** A worker that lived so long did not fail at once. */
const LIVED_MILLISECONDS = 60_000;
/** Connections that wait for a worker while none is ready. */
const MOST_WAITING = 128;

type Metrics = MetricObjectWithValues<MetricValue<string>>[];

export class Crew<Options> {
  readonly #options: CrewOptions<Options>;
  readonly #gates: Gates;
  readonly #workers = new Map<number, Worker<Options>>();
  readonly #waiting: { readonly socket: Socket; readonly door: Door }[] = [];
  readonly #metrics: ServerMetrics;
  readonly #end = new AbortController();

  constructor(options: CrewOptions<Options>) {
    this.#options = options;
    const cores = availableParallelism();
    const utilization = (): number =>
      Math.min(1, [...this.#workers.values()].reduce((sum, worker) => sum + worker.utilization, 0) / cores);
    const gates = gatesOf(options, utilization);
    this.#gates = gates;
    this.#metrics = new ServerMetrics(() => ({
      places: gates.places.waiting,
      turns: gates.turns.waiting,
    }));
  }

  /** Resolves when all of them take connections. @throws Error with what the first one that cannot says */
  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#options.workers }, (_, at) => at + 1);
    try {
      await Promise.all(numbers.map((number) => this.#begin(number).ready));
    } catch (error) {
      await this.end(0);
      throw error;
    }
    for (const number of numbers) void this.#keep(number);
  }

  get takesTexts(): boolean {
    return !this.#end.signal.aborted && [...this.#workers.values()].some(({ isReady }) => isReady);
  }

  /** For whom it is, the one with the fewest connections. */
  give(socket: Socket, door: Door): void {
    const ready = [...this.#workers.values()].filter(({ isReady }) => isReady);
    ready.sort((a, b) => a.connections - b.connections);
    if (ready[0]) ready[0].give(socket, door);
    else if (this.#end.signal.aborted || this.#waiting.length >= MOST_WAITING) socket.destroy();
    else this.#waiting.push({ socket, door });
  }

  /** All of them read again what their options name. @throws Error of the first that cannot; that one keeps what it has */
  async reload(): Promise<void> {
    await Promise.all(
      [...this.#workers.values()].map((worker) => worker.reload(this.#options.optionsOf(worker.number))),
    );
  }

  /** Sums over the workers. */
  async page(): Promise<MetricsPage> {
    const asked = [...this.#workers.values()].filter(({ isReady }) => isReady).map((one) => one.metrics());
    const answers = await Promise.allSettled(asked);
    const theirs = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value as Metrics] : [],
    );
    const all = AggregatorRegistry.aggregate([await this.#metrics.registry.getMetricsAsJSON(), ...theirs]);
    return { type: this.#metrics.registry.contentType, text: await all.metrics() };
  }

  /** Nobody new; those in the middle of a text may finish it within so long. */
  async end(graceMilliseconds: number): Promise<void> {
    this.#end.abort();
    const reason = refusal('ending', 'the server is ending', 5);
    this.#gates.places.close(reason);
    this.#gates.turns.close(reason);
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
    await Promise.all([...this.#workers.values()].map((worker) => worker.drain(graceMilliseconds)));
  }

  #begin(number: number): Worker<Options> {
    const { entry, optionsOf, mostBytes, limits, log } = this.#options;
    const worker = new Worker({
      ...{ number, entry, mostBytes, log },
      options: optionsOf(number),
      counterFor: (reply) => new Counter(limits, this.#gates, reply),
    });
    this.#workers.set(number, worker);
    worker.ready.then(
      () => {
        for (const { socket, door } of this.#waiting.splice(0)) this.give(socket, door);
      },
      () => undefined,
    );
    return worker;
  }

  /** A worker at this place, again and again, until the server ends. */
  async #keep(number: number): Promise<void> {
    const { signal } = this.#end;
    let pause = FIRST_PAUSE_MILLISECONDS;
    for (let worker = this.#workers.get(number)!; ; worker = this.#begin(number)) {
      const started = performance.now();
      const { reason, connections } = await worker.ended;
      if (signal.aborted) return;
      if (performance.now() - started > LIVED_MILLISECONDS) pause = FIRST_PAUSE_MILLISECONDS;
      this.#options.log({
        level: 'error',
        message: `server: worker ${number} ended (${reason}), ${connections} connections with it; another begins`,
        fields: { event: 'worker', worker: number, reason, connections },
      });
      await sleep(pause, null, { signal }).catch(() => null);
      if (signal.aborted) return;
      pause = Math.min(LONGEST_PAUSE_MILLISECONDS, 2 * pause);
    }
  }
}
