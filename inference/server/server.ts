/**
 * The server party: accepts clients over TCP, several at a time, and outlives whatever they do. One line is logged for
 * each thing that happens; never anything about a text but its padded length.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { printable } from '../../util/printable.js';
import { PeerClosedError, PeerTimeoutError, ProtocolError } from '../core/errors.js';
import { TcpChannel } from '../net/tcp-channel.js';
import type { Cost } from '../session/meter.js';
import { Doorkeeper, type Visit } from './doorkeeper.js';
import { type ServeConnectionOptions, serveConnection } from './serve-connection.js';

export interface ServerOptions extends Omit<ServeConnectionOptions, 'onText' | 'onReady'> {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  readonly timeoutMilliseconds: number;
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
  /** Stops accepting and ends the open connections. */
  close(): Promise<void>;
}

const formatAddress = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;

const formatCost = ({ milliseconds, sentBytes, receivedBytes, rounds }: Cost): string =>
  `${Math.round(milliseconds)} ms, ${((sentBytes + receivedBytes) / 1e6).toFixed(2)} MB, ${rounds} rounds`;

const HANDSHAKE_MILLISECONDS = 5_000;

/** Ends a connection that does not say what it wants; the result ends the waiting. */
function handshakeTimer(channel: TcpChannel, milliseconds = HANDSHAKE_MILLISECONDS): () => void {
  const timer = setTimeout(() => {
    const message = `the client did not finish the handshake in ${milliseconds / 1000} s`;
    channel.abort(new PeerTimeoutError(message));
  }, milliseconds);
  return () => clearTimeout(timer);
}

async function serveClient(
  channel: TcpChannel,
  name: string,
  visit: Visit,
  options: ServerOptions,
): Promise<void> {
  const started = performance.now();
  let texts = 0;
  const afterwards = () =>
    `after ${texts} ${texts === 1 ? 'text' : 'texts'}, ${((performance.now() - started) / 1000).toFixed(1)} s`;
  const stopTimer = handshakeTimer(channel, options.handshakeMilliseconds);
  try {
    await serveConnection(channel, {
      ...options,
      onHandshake: async (agreement) => {
        stopTimer();
        await options.onHandshake?.(agreement);
        const reason = visit.enter();
        if (reason !== null) throw new ProtocolError(`turned away, ${reason}`);
        options.log(`${name}: connected`);
      },
      onReady: () => visit.ready(),
      onText: ({ bucket, cost, ahead, batchSize }) => {
        texts++;
        if (ahead.milliseconds > 0) options.log(`${name}: made ahead: ${formatCost(ahead)}`);
        options.log(
          `${name}: text ${texts}, ${bucket} tokens padded: ${formatCost(cost)}${batchSize > 1 ? ` in a batch of ${batchSize}` : ''}`,
        );
      },
    });
    options.log(`${name}: said goodbye ${afterwards()}`);
  } catch (error) {
    const { message } = error as Error;
    options.log(
      error instanceof PeerClosedError
        ? `${name}: left ${afterwards()} (${message})`
        : `${name}: failed ${afterwards()}: ${message}`,
    );
  } finally {
    stopTimer();
    visit.leave();
    await channel.close();
  }
}

/** Listens; resolves once clients can connect. Throws if the address is taken or unknown. */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  // What a client sends may be part of an error's message.
  const options: ServerOptions = { ...given, log: (line) => given.log(printable(line)) };
  const open = new Set<TcpChannel>();
  const doorkeeper = new Doorkeeper(options);
  let clients = 0;
  const server = createServer((socket) => {
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
      options.log(`${name}: turned away, ${visit}`);
      channel.abort(new PeerClosedError('turned away'));
      return;
    }
    open.add(channel);
    serveClient(channel, name, visit, options).finally(() => open.delete(channel));
  });
  server.listen(options.port, options.host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot listen on ${options.host}:${options.port} (${error.code ?? error.message})`);
  });
  server.on('error', (error) => options.log(`server: ${error.message}`));
  const { port } = server.address() as AddressInfo;
  return {
    host: options.host,
    port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const channel of open) channel.abort(new PeerClosedError('the server is shutting down'));
      await closed;
    },
  };
}
