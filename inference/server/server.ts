/**
 * The server party: accepts clients over TCP, several at a time, and outlives whatever they do. One line is logged for
 * each thing that happens; never anything about a text but its padded length.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../util/printable.js';
import { PeerClosedError, PeerTimeoutError, ProtocolError } from '../core/errors.js';
import { sendRefusal } from '../net/refusal.js';
import { TcpChannel } from '../net/tcp-channel.js';
import { certificateName, createListener, isLoopback, type ServerTls } from '../net/tls.js';
import { receiveToken } from '../net/token.js';
import type { Cost } from '../session/meter.js';
import { Doorkeeper, type Visit } from './doorkeeper.js';
import { type ServeConnectionOptions, serveConnection } from './serve-connection.js';
import { openSidePort, ServerMetrics, type SidePort } from './side-port.js';
import type { Tokens } from './tokens.js';

export interface ServerOptions
  extends Omit<ServeConnectionOptions, 'onText' | 'onReady' | 'onRequest' | 'isLast'> {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  readonly timeoutMilliseconds: number;
  /** TLS 1.3; null for plain TCP, which is for this machine only unless `insecurePlain` says otherwise. */
  readonly tls?: ServerTls | null;
  readonly insecurePlain?: boolean;
  /** Who may ask; null: anybody, or whoever the authority of `tls` vouches for. */
  readonly tokens?: Tokens | null;
  /** Port for health, readiness and metrics over HTTP, on the same address; null: none. */
  readonly httpPort?: number | null;
  /** More clients than this are turned away; connections count after their handshake. */
  readonly maxClients: number;
  /** Of these, from one address; half of all, but four, unless given. */
  readonly maxPerAddress?: number;
  /** Connections that have not finished their handshake after this long are ended; 5 s unless given. */
  readonly handshakeMilliseconds?: number;
  readonly log: (line: string) => void;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Null without one. */
  readonly httpPort: number | null;
  /** Stops accepting and ends the open connections. */
  close(): Promise<void>;
  /** Stops accepting, lets texts that are at work finish for so long at most, then ends. */
  drain(graceMilliseconds: number): Promise<void>;
}

const formatAddress = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;

const formatCost = ({ milliseconds, sentBytes, receivedBytes, rounds }: Cost): string =>
  `${Math.round(milliseconds)} ms, ${((sentBytes + receivedBytes) / 1e6).toFixed(2)} MB, ${rounds} rounds`;

const HANDSHAKE_MILLISECONDS = 5_000;
const DRAIN_STEP_MILLISECONDS = 20;

/** Ends a connection that does not say what it wants; the result ends the waiting. */
function handshakeTimer(channel: TcpChannel, milliseconds = HANDSHAKE_MILLISECONDS): () => void {
  const timer = setTimeout(() => {
    const message = `the client did not finish the handshake in ${milliseconds / 1000} s`;
    channel.abort(new PeerTimeoutError(message));
  }, milliseconds);
  return () => clearTimeout(timer);
}

/** One client's connection, as the server sees it. */
class Connection {
  /** In the middle of a request. */
  busy = false;

  constructor(
    readonly channel: TcpChannel,
    readonly socket: Socket,
    readonly name: string,
  ) {}
}

/** What all connections share. */
interface House {
  readonly options: ServerOptions;
  readonly metrics: ServerMetrics;
  draining: boolean;
}

/** Who is asking: by token, by certificate, or nobody in particular. @throws ProtocolError */
async function identify({ channel, socket }: Connection, { tokens }: ServerOptions): Promise<string | null> {
  if (!tokens) return certificateName(socket);
  try {
    const name = await tokens.nameOf(await receiveToken(channel));
    if (name === null) throw new ProtocolError('expected a token that is valid, got another');
    return name;
  } catch (error) {
    sendRefusal(channel, (error as Error).message);
    channel.flush();
    throw error;
  }
}

async function serveClient(connection: Connection, visit: Visit, house: House): Promise<void> {
  const { channel } = connection;
  let { name } = connection;
  const { options, metrics } = house;
  const started = performance.now();
  let texts = 0;
  const afterwards = () =>
    `after ${texts} ${texts === 1 ? 'text' : 'texts'}, ${((performance.now() - started) / 1000).toFixed(1)} s`;
  const stopTimer = handshakeTimer(channel, options.handshakeMilliseconds);
  try {
    const identity = await identify(connection, options);
    if (identity !== null) name = `${name} (${identity})`;
    await serveConnection(channel, {
      ...options,
      onHandshake: async (agreement) => {
        stopTimer();
        await options.onHandshake?.(agreement);
        const reason = visit.enter();
        if (reason !== null) {
          metrics.refused('busy');
          throw new ProtocolError(`turned away, ${reason}`);
        }
        options.log(`${name}: connected`);
      },
      onReady: () => visit.ready(),
      onRequest: () => {
        if (!connection.busy) metrics.running(1);
        connection.busy = true;
      },
      isLast: () => house.draining,
      onText: ({ bucket, cost, ahead, batchSize }) => {
        texts++;
        metrics.text(bucket, cost);
        if (connection.busy) metrics.running(-1);
        connection.busy = false;
        if (ahead.milliseconds > 0) options.log(`${name}: made ahead: ${formatCost(ahead)}`);
        options.log(
          `${name}: text ${texts}, ${bucket} tokens padded: ${formatCost(cost)}${batchSize > 1 ? ` in a batch of ${batchSize}` : ''}`,
        );
      },
    });
    options.log(`${name}: said goodbye ${afterwards()}`);
  } catch (error) {
    const { message } = error as Error;
    if (!(error instanceof PeerClosedError)) metrics.failed();
    options.log(
      error instanceof PeerClosedError
        ? `${name}: left ${afterwards()} (${message})`
        : `${name}: failed ${afterwards()}: ${message}`,
    );
  } finally {
    if (connection.busy) metrics.running(-1);
    connection.busy = false;
    stopTimer();
    visit.leave();
    await channel.close();
  }
}

/** Listens; resolves once clients can connect. Throws if the address is taken or unknown. */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  // What a client sends may be part of an error's message.
  const options: ServerOptions = { ...given, log: (line) => given.log(printable(line)) };
  if (!options.tls && !isLoopback(options.host) && !options.insecurePlain)
    throw new ProtocolError(
      `expected a certificate for an address that others reach, got none for ${options.host} (serve --tls-cert --tls-key, or --insecure-plain where the network is protected otherwise)`,
    );
  const metrics = new ServerMetrics();
  const house: House = { options, metrics, draining: false };
  const open = new Set<Connection>();
  const doorkeeper = new Doorkeeper(options);
  let clients = 0;
  const server = createListener(options.tls ?? null, (socket) => {
    clients++;
    const name = `client ${clients} at ${formatAddress(socket)}`;
    const channel = new TcpChannel(socket, {
      peer: 'the client',
      timeoutMilliseconds: options.timeoutMilliseconds,
    });
    const visit = doorkeeper.knock(socket.remoteAddress ?? '', () =>
      channel.abort(new PeerClosedError('others came')),
    );
    if (typeof visit === 'string') {
      metrics.refused('door');
      options.log(`${name}: turned away, ${visit}`);
      sendRefusal(channel, visit);
      channel.flush();
      void channel.close();
      return;
    }
    const connection = new Connection(channel, socket, name);
    open.add(connection);
    metrics.clients(1);
    serveClient(connection, visit, house).finally(() => {
      open.delete(connection);
      metrics.clients(-1);
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot listen on ${options.host}:${options.port} (${error.code ?? error.message})`);
  });
  server.on('error', (error) => options.log(`server: ${error.message}`));
  server.on('tlsClientError', (error) => options.log(`server: TLS: ${error.message}`));
  const { port } = server.address() as AddressInfo;
  let side: SidePort | null = null;
  try {
    if (options.httpPort !== undefined && options.httpPort !== null)
      side = await openSidePort(options.host, options.httpPort, metrics, () => !house.draining);
  } catch (error) {
    server.close();
    throw error;
  }
  const end = async (wanted: (connection: Connection) => boolean): Promise<void> => {
    for (const connection of open)
      if (wanted(connection)) connection.channel.abort(new PeerClosedError('the server is shutting down'));
  };
  const close = async (): Promise<void> => {
    house.draining = true;
    const closed = new Promise((resolve) => server.close(resolve));
    await end(() => true);
    await closed;
    await side?.close();
  };
  return {
    host: options.host,
    port,
    httpPort: side?.port ?? null,
    close,
    async drain(graceMilliseconds) {
      house.draining = true;
      const closed = new Promise((resolve) => server.close(resolve));
      await end(({ busy }) => !busy);
      const deadline = performance.now() + graceMilliseconds;
      while (open.size > 0 && performance.now() < deadline) await sleep(DRAIN_STEP_MILLISECONDS);
      await end(() => true);
      await closed;
      await side?.close();
    },
  };
}
