/** The module that a worker of `serve` runs. */
import { createListener, renewCertificate } from '../inference/net/tls.js';
import { whyNoTls } from '../inference/net/why-no-tls.js';
import { Clients } from '../inference/server/clients.js';
import { printableLog } from '../inference/server/server-log.js';
import { createWebServer } from '../inference/server/web-port.js';
import { serveAsWorker } from '../inference/server/workers/serve-as-worker.js';
import { DEFAULT_TIMEOUT_MILLISECONDS } from './defaults.js';
import type { ServeOptions } from './serve-options.js';
import { openOffer, roomOf, webOptionsOf } from './served-house.js';

/** As they travel: data only. */
export interface WorkerServeOptions extends Omit<ServeOptions, 'onLog' | 'signal' | 'limits' | 'workers'> {
  /** Counts from 1. */
  readonly number: number;
}

serveAsWorker<WorkerServeOptions>(async (options, desk, log) => {
  const { house, reload } = await openOffer(options);
  const printed = printableLog(log);
  const clients = new Clients({
    ...roomOf(options),
    options: house,
    timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    limits: desk,
    gates: desk.gates,
    log: printed,
    prefix: `${options.number}.`,
  });
  const listener = createListener(options.tls ?? null, (socket) => clients.accept(socket));
  listener.on('tlsClientError', (error, socket) =>
    printed({ level: 'warn', message: `server: ${whyNoTls(error, socket)}`, fields: { event: 'tls' } }),
  );
  const given = await webOptionsOf(options, (channel, from) => clients.serve(channel, from));
  const web = given && createWebServer(given);
  return {
    doors: { clients: listener, web: web?.server ?? null },
    metrics: () => clients.house.metrics.registry.getMetricsAsJSON(),
    async reload({ tls }) {
      await reload();
      if (!tls) return;
      renewCertificate(listener, tls);
      web?.renewCertificate(tls);
    },
    async end(graceMilliseconds) {
      web?.stop();
      await clients.end(graceMilliseconds);
      await web?.close();
    },
  };
});
