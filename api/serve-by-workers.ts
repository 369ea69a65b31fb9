/** A server whose clients are served by processes of their own; this one listens, counts and hands connections over. */
import { type AddressInfo, createServer, type Server as Listener } from 'node:net';
import { listenAt } from '../inference/net/listen.js';
import { checkCertificate } from '../inference/net/tls.js';
import { checkTransport } from '../inference/server/server.js';
import { printableLog } from '../inference/server/server-log.js';
import { ENDING, openSidePort } from '../inference/server/side-port.js';
import { MOST_CONNECTIONS } from '../inference/server/web-port.js';
import { Crew } from '../inference/server/workers/crew.js';
import type { Door } from '../inference/server/workers/messages.js';
import { DEFAULT_HOST, DEFAULT_PORT } from './defaults.js';
import type { Running } from './serve.js';
import type { ServeOptions } from './serve-options.js';
import type { WorkerServeOptions } from './serve-worker.js';
import { openLimits, openOffer, roomOf } from './served-house.js';

const ENTRY = new URL('./serve-worker.js', import.meta.url);

async function listen(
  crew: Crew<WorkerServeOptions>,
  door: Door,
  host: string,
  port: number,
): Promise<Listener> {
  // Not a byte is read here.
  const listener = createServer({ pauseOnConnect: true }, (socket) => crew.give(socket, door));
  if (door === 'web') listener.maxConnections = MOST_CONNECTIONS;
  await listenAt(listener, host, port);
  return listener;
}

const portOf = (listener: Listener): number => (listener.address() as AddressInfo).port;

/** Those that stop have no connections of their own: workers have them. */
const close = (listener: Listener): Promise<void> =>
  new Promise((resolve) => listener.close(() => resolve()));

export async function serveByWorkers(given: ServeOptions): Promise<Running> {
  const { onLog = () => undefined, signal: _, limits: limited = {}, workers = 1, ...options } = given;
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, web, httpPort, workerMegabytes } = options;
  checkTransport({ host, tls: options.tls ?? null, insecurePlain: options.insecurePlain ?? false });
  // Read here first: what is no certificate or no model is an error of its own kind, and no worker begins.
  let { tls } = options;
  if (tls) checkCertificate(tls);
  const { modelDigest } = await openOffer(options);
  const limits = await openLimits(limited);
  const crew = new Crew<WorkerServeOptions>({
    ...roomOf(options),
    ...{ workers, limits, entry: ENTRY },
    optionsOf: (number) => ({ ...options, ...(tls ? { tls } : {}), number }),
    mostBytes: workerMegabytes === undefined ? null : workerMegabytes * 1e6,
    log: printableLog((record) => onLog(record.message, record)),
  });
  await crew.start();
  const listeners: Listener[] = [];
  const closing: (() => Promise<void>)[] = [];
  const end = async (graceMilliseconds: number): Promise<void> => {
    const closed = listeners.map(close);
    await crew.end(graceMilliseconds);
    await Promise.all([...closed, ...closing.map((one) => one())]);
    await limits.close();
  };
  try {
    listeners.push(await listen(crew, 'clients', host, port));
    if (web !== undefined) listeners.push(await listen(crew, 'web', host, web.port));
    const [main, page] = listeners;
    const side =
      httpPort === undefined
        ? null
        : await openSidePort(
            host,
            httpPort,
            () => crew.page(),
            () => (crew.takesTexts ? null : ENDING),
          );
    if (side) closing.push(() => side.close());
    return {
      ...{ host, modelDigest, end },
      port: portOf(main!),
      webPort: page ? portOf(page) : null,
      httpPort: side?.port ?? null,
      async reload(renewed) {
        if (renewed) checkCertificate(renewed);
        await openOffer(options);
        tls = renewed ?? tls;
        await crew.reload();
      },
    };
  } catch (error) {
    await end(0);
    throw error;
  }
}
