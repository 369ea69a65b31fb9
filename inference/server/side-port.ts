/** What operators ask of a server over HTTP: is it alive, does it take texts, what has it done. Nothing of any text. */
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { boundedHttp, type HttpListeners, isOwnName, WRONG_HOST } from './bounded-http.js';
import { listenAt } from '../net/listen.js';
import type { Cost } from '../session/meter.js';

/** Each makes one request: those of who asks often are gone in between. */
const MOST_CONNECTIONS = 256;

/** A text takes from tenths of a second to minutes. */
const WAITS = [0.01, 0.1, 1, 5, 20, 60, 300];
const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160];

export class ServerMetrics {
  readonly registry = new Registry();
  readonly #options = { registers: [this.registry] };
  readonly #texts = new Counter({
    name: 'cipherprune_texts_total',
    help: 'Texts answered',
    labelNames: ['bucket'],
    ...this.#options,
  });
  readonly #seconds = new Histogram({
    name: 'cipherprune_text_seconds',
    help: 'Time of a text at the server; in a batch its share',
    buckets: SECONDS,
    ...this.#options,
  });
  readonly #bytes = new Counter({
    name: 'cipherprune_bytes_total',
    help: 'Bytes of texts',
    labelNames: ['direction'],
    ...this.#options,
  });
  readonly #rounds = new Counter({
    name: 'cipherprune_rounds_total',
    help: 'Round trips of texts',
    ...this.#options,
  });
  readonly #refusals = new Counter({
    name: 'cipherprune_refusals_total',
    help: 'Clients turned away',
    labelNames: ['reason'],
    ...this.#options,
  });
  readonly #failures = new Counter({
    name: 'cipherprune_failures_total',
    help: 'Connections that ended with an error',
    ...this.#options,
  });
  readonly #probes = new Counter({
    name: 'cipherprune_probes_total',
    help: 'Connections that said nothing',
    ...this.#options,
  });
  readonly #slow = new Counter({
    name: 'cipherprune_slow_runs_total',
    help: 'Runs that went on without a turn, since their client kept the server waiting',
    ...this.#options,
  });
  readonly #waits = new Histogram({
    name: 'cipherprune_wait_seconds',
    help: 'Time that a run waited for its turn',
    buckets: WAITS,
    ...this.#options,
  });
  readonly #clients = new Gauge({ name: 'cipherprune_clients', help: 'Clients connected', ...this.#options });
  readonly #running = new Gauge({
    name: 'cipherprune_running_texts',
    help: 'Protocol runs at work',
    ...this.#options,
  });

  /** `waiting` is asked whenever somebody looks: how many wait for a place, and for their turn. */
  constructor(waiting: () => { readonly places: number; readonly turns: number }) {
    const queue = new Gauge({
      name: 'cipherprune_queue',
      help: 'Clients that wait for a place, and runs that wait for their turn',
      labelNames: ['what'],
      ...this.#options,
      collect: () => {
        for (const [what, count] of Object.entries(waiting())) queue.set({ what }, count);
      },
    });
    collectDefaultMetrics({ register: this.registry, prefix: 'cipherprune_' });
  }

  text(bucket: number, { milliseconds, sentBytes, receivedBytes, rounds }: Cost): void {
    this.#texts.inc({ bucket });
    this.#seconds.observe(milliseconds / 1000);
    this.#bytes.inc({ direction: 'sent' }, sentBytes);
    this.#bytes.inc({ direction: 'received' }, receivedBytes);
    this.#rounds.inc(rounds);
  }

  refused(reason: string): void {
    this.#refusals.inc({ reason });
  }

  probed(): void {
    this.#probes.inc();
  }

  slow(): void {
    this.#slow.inc();
  }

  waited(milliseconds: number): void {
    this.#waits.observe(milliseconds / 1000);
  }

  failed(): void {
    this.#failures.inc();
  }

  async page(): Promise<MetricsPage> {
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }

  clients(change: 1 | -1): void {
    this.#clients.inc(change);
  }

  running(change: 1 | -1): void {
    this.#running.inc(change);
  }
}

/** Metrics as a scraper reads them. */
export interface MetricsPage {
  readonly type: string;
  readonly text: string;
}

/** To those who ask whether texts are taken. */
export const ENDING = 'shutting down';

export interface SidePort {
  readonly port: number;
  close(): Promise<void>;
}

/** `notReady`: why no text is taken now, or null. @throws Error that names the address if it cannot be listened on */
export async function openSidePort(
  host: string,
  port: number,
  metrics: () => Promise<MetricsPage>,
  notReady: () => string | null,
): Promise<SidePort> {
  const onRequest: HttpListeners['onRequest'] = (request, response) => {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response
        .writeHead(status, { 'content-type': type, connection: 'close' })
        .end(request.method === 'HEAD' ? '' : text);
    };
    if (!isOwnName(request, host)) return answer(WRONG_HOST.status, WRONG_HOST.text);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'GET or HEAD\n');
    switch (request.url?.split('?')[0]) {
      case '/healthz':
        return answer(200, 'ok\n');
      case '/readyz': {
        const reason = notReady();
        return reason === null ? answer(200, 'ready\n') : answer(503, `${reason}\n`);
      }
      case '/metrics':
        return void metrics().then(
          ({ text, type }) => answer(200, text, type),
          (error: Error) => answer(500, `${error.message}\n`),
        );
      default:
        return answer(404, 'expected /healthz, /readyz or /metrics\n');
    }
  };
  const server = boundedHttp(null, { mostConnections: MOST_CONNECTIONS }, { onRequest });
  await listenAt(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
