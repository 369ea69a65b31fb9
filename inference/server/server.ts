/** The server party: accepts clients over TCP, several at a time, and outlives whatever they do. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeerClosedError, ProtocolError } from '../core/errors.js';
import { refusal, refusalOf, sendRefusal } from '../net/refusal.js';
import { TcpChannel } from '../net/tcp-channel.js';
import { certificateName, createListener, isLoopback, type ServerTls } from '../net/tls.js';
import { Admission } from './admission.js';
import { Doorkeeper } from './doorkeeper.js';
import { IdentityLimits, type Limits } from './limits.js';
import { eventLoopUtilization } from './event-loop-utilization.js';
import type { ServeConnectionOptions } from './serve-connection.js';
import { type House, type Origin, ServedClient, type ServedChannel } from './served-client.js';
import { type Log, printableLog } from './server-log.js';
import { openSidePort, ServerMetrics, type SidePort } from './side-port.js';
import type { Tokens } from './tokens.js';

export interface ServerOptions
  extends Pick<ServeConnectionOptions, 'model' | 'open' | 'pools' | 'onHandshake'> {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  readonly timeoutMilliseconds: number;
  /** TLS 1.3; null for plain TCP, which is for this machine only unless `insecurePlain` says otherwise. */
  readonly tls?: ServerTls | null;
  readonly insecurePlain?: boolean;
  /** Who may ask; null: anybody, or whoever the authority of `tls` vouches for. */
  readonly tokens?: Tokens | null;
  /** What one identity may ask for; no limits unless given. */
  readonly limits?: Limits;
  /** Port for health, readiness and metrics over HTTP, on the same address; null: none. */
  readonly httpPort?: number | null;
  /** Clients served at a time; connections count after their handshake. */
  readonly maxClients: number;
  /** Clients that may wait for a place, and runs that may wait for their turn; more are refused. None unless given. */
  readonly queueLength?: number;
  /** Protocol runs at a time; two for each core unless given, more as long as the processor is not busy. */
  readonly maxRuns?: number;
  /** Of the clients, from one address; half of all, but four, unless given. */
  readonly maxPerAddress?: number;
  /** Connections that have not finished their handshake after this long are ended; 5 s unless given. */
  readonly handshakeMilliseconds?: number;
  readonly log: Log;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Null without one. */
  readonly httpPort: number | null;
  /** Serves a client over a channel that something else accepted; resolves at its end. */
  serveChannel(channel: ServedChannel, origin: Omit<Origin, 'name'>): Promise<void>;
  /** Stops accepting and ends the open connections. */
  close(): Promise<void>;
  /** Stops accepting, lets texts that are at work finish for so long at most, then ends. */
  drain(graceMilliseconds: number): Promise<void>;
}

const RUNS_PER_CORE = 2;
/** Over slow lines. */
const MOST_RUNS_PER_CORE = 16;

/** Those who are served, and what they share. */
class Clients {
  readonly #open = new Set<ServedClient>();
  readonly #doorkeeper: Doorkeeper;
  readonly house: House;
  #count = 0;

  constructor(options: ServerOptions, limits: Limits, log: Log) {
    const { maxClients, queueLength = 0 } = options;
    const { maxPerAddress = Math.max(4, Math.ceil(maxClients / 2)) } = options;
    const cores = availableParallelism();
    const places = new Admission({
      ...{ slots: maxClients, slotsPerKey: maxPerAddress, queueLength },
      what: 'clients are being served',
    });
    const turns = new Admission({
      slots: options.maxRuns ?? RUNS_PER_CORE * cores,
      mostSlots: options.maxRuns ?? MOST_RUNS_PER_CORE * cores,
      // Whoever has a place may wait.
      queueLength: maxClients,
      utilization: eventLoopUtilization(),
      what: 'texts are at work',
    });
    this.#doorkeeper = new Doorkeeper({
      maxClients: maxClients + queueLength,
      maxPerAddress: maxPerAddress + Math.ceil(queueLength / 2),
    });
    const metrics = new ServerMetrics(() => ({ places: places.waiting, turns: turns.waiting }));
    this.house = { options, metrics, limits, places, turns, log, draining: false };
  }

  /** Resolves when the client is gone. */
  async serve(
    channel: ServedChannel,
    from: Omit<Origin, 'name'> & { readonly port?: number },
  ): Promise<void> {
    const { house } = this;
    const { address, certificate, port } = from;
    const name = `client ${++this.#count} at ${address}${port === undefined ? '' : `:${port}`}`;
    const visit = this.#doorkeeper.knock(address, () => channel.abort(new PeerClosedError('others came')));
    if (typeof visit === 'string') {
      house.metrics.refused('door');
      const fields = { event: 'refused', kind: 'door', address };
      house.log({ level: 'warn', message: `${name}: turned away, ${visit}`, fields });
      sendRefusal(channel, refusalOf(refusal('busy', visit, 5)));
      channel.flush?.();
      return channel.close();
    }
    const client = new ServedClient(channel, { address, name, certificate }, visit, house);
    this.#open.add(client);
    house.metrics.clients(1);
    await client.ended;
    this.#open.delete(client);
    house.metrics.clients(-1);
  }

  /** Nobody new; those in the middle of a text may finish it within so long. */
  async end(graceMilliseconds: number): Promise<void> {
    const { house } = this;
    house.draining = true;
    const reason = refusal('ending', 'the server is ending', 5);
    house.places.close(reason);
    if (graceMilliseconds > 0) {
      // Those who wait for their turn are told; those who run go on.
      house.turns.close(reason);
      this.#abort(({ isBusy }) => !isBusy);
      const all = Promise.all([...this.#open].map(({ ended }) => ended));
      const timer = new AbortController();
      await Promise.race([all, sleep(graceMilliseconds, null, { signal: timer.signal }).catch(() => null)]);
      timer.abort();
    }
    this.#abort(() => true);
  }

  #abort(wanted: (client: ServedClient) => boolean): void {
    for (const client of this.#open)
      if (wanted(client)) client.channel.abort(new PeerClosedError('the server is shutting down'));
  }
}

function checkTransport({ tls, host, insecurePlain }: ServerOptions): void {
  if (tls || isLoopback(host) || insecurePlain) return;
  throw new ProtocolError(
    `expected a certificate for an address that others reach, got none for ${host} (serve --tls-cert --tls-key, or --insecure-plain where the network is protected otherwise)`,
  );
}

/** Listens; resolves once clients can connect. Throws if the address is taken or unknown. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  checkTransport(options);
  const log = printableLog(options.log);
  const clients = new Clients(options, options.limits ?? (await IdentityLimits.open()), log);
  const { house } = clients;
  const accept = (socket: Socket): void => {
    const { timeoutMilliseconds } = options;
    const channel = new TcpChannel(socket, { peer: 'the client', timeoutMilliseconds });
    const { remoteAddress: address = '', remotePort: port = 0 } = socket;
    void clients.serve(channel, { address, port, certificate: certificateName(socket) });
  };
  const server = createListener(options.tls ?? null, accept);
  server.listen(options.port, options.host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot listen on ${options.host}:${options.port} (${error.code ?? error.message})`);
  });
  const onError = (event: string, prefix: string) => (error: Error) =>
    log({ level: 'warn', message: `server: ${prefix}${error.message}`, fields: { event } });
  server.on('error', onError('listener', ''));
  server.on('tlsClientError', onError('tls', 'TLS: '));
  const { port } = server.address() as AddressInfo;
  let side: SidePort | null = null;
  try {
    const { httpPort = null } = options;
    if (httpPort !== null)
      side = await openSidePort(options.host, httpPort, house.metrics, () => !house.draining);
  } catch (error) {
    server.close();
    throw error;
  }
  const end = async (graceMilliseconds: number): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    await clients.end(graceMilliseconds);
    await closed;
    await side?.close();
  };
  return {
    host: options.host,
    port,
    httpPort: side?.port ?? null,
    serveChannel: (channel, origin) => clients.serve(channel, origin),
    close: () => end(0),
    drain: (graceMilliseconds) => end(graceMilliseconds),
  };
}
