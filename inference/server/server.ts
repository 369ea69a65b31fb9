/** The server party: accepts clients over TCP, several at a time, and outlives whatever they do. */
import type { AddressInfo } from 'node:net';
import { ProtocolError } from '../core/errors.js';
import { listenAt } from '../net/listen.js';
import { whyNoTls } from '../net/why-no-tls.js';
import { createListener, isLoopback, renewCertificate, type ServerTls } from '../net/tls.js';
import { Clients, gatesOf, type Room } from './clients.js';
import { IdentityLimits, type Limits } from './limits.js';
import type { ServeConnectionOptions } from './serve-connection.js';
import type { ServedChannel } from './served-channel.js';
import type { Origin } from './served-client.js';
import { type Log, printableLog } from './server-log.js';
import { ENDING, openSidePort, type SidePort } from './side-port.js';
import type { LineTerms } from './slow-run.js';
import type { Tokens } from './tokens.js';

export interface ServerOptions
  extends Room,
    Pick<ServeConnectionOptions, 'model' | 'open' | 'pools' | 'onHandshake'> {
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
  /** Connections that have not finished their handshake after this long are ended; 5 s unless given. */
  readonly handshakeMilliseconds?: number;
  /** What a client may keep the server waiting before its run gives its turn back; 5 s and 8 Mbit/s unless given. */
  readonly line?: LineTerms;
  readonly log: Log;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Null without one. */
  readonly httpPort: number | null;
  /** For those who connect from now on; it must have been checked. */
  renewCertificate(tls: ServerTls): void;
  /** Serves a client over a channel that something else accepted; resolves at its end. */
  serveChannel(channel: ServedChannel, origin: Omit<Origin, 'name'>): Promise<void>;
  /** Stops accepting and ends the open connections. */
  close(): Promise<void>;
  /** Stops accepting, lets texts that are at work finish for so long at most, then ends. */
  drain(graceMilliseconds: number): Promise<void>;
}

/** @throws ProtocolError where others would reach a server without a certificate */
export function checkTransport({
  tls,
  host,
  insecurePlain,
}: Pick<ServerOptions, 'tls' | 'host' | 'insecurePlain'>): void {
  if (tls || isLoopback(host) || insecurePlain) return;
  throw new ProtocolError(
    `expected a certificate for an address that others reach, got none for ${host} (serve --tls-cert --tls-key, or --insecure-plain where the network is protected otherwise)`,
  );
}

/** Listens; resolves once clients can connect. Throws if the address is taken or unknown. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  checkTransport(options);
  const log = printableLog(options.log);
  const clients = new Clients({
    ...options,
    options,
    limits: options.limits ?? (await IdentityLimits.open()),
    gates: gatesOf(options),
    log,
  });
  const { house } = clients;
  const server = createListener(options.tls ?? null, (socket) => clients.accept(socket));
  await listenAt(server, options.host, options.port);
  const warn = (event: string, message: string) =>
    log({ level: 'warn', message: `server: ${message}`, fields: { event } });
  server.on('error', ({ message }) => warn('listener', message));
  server.on('tlsClientError', (error, socket) => warn('tls', whyNoTls(error, socket)));
  const { port } = server.address() as AddressInfo;
  let side: SidePort | null = null;
  try {
    const { httpPort = null } = options;
    if (httpPort !== null)
      side = await openSidePort(
        options.host,
        httpPort,
        () => house.metrics.page(),
        () => (house.draining ? ENDING : null),
      );
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
    renewCertificate: (tls) => renewCertificate(server, tls),
    serveChannel: (channel, origin) => clients.serve(channel, origin),
    close: () => end(0),
    drain: (graceMilliseconds) => end(graceMilliseconds),
  };
}
