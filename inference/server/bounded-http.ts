/**
 * HTTP servers whose connections nobody can hold: a request has so long, and its answer to be taken; connections that have made none are so many,
 * and those of one address half of all.
 */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PerNetwork } from '../net/per-network.js';
import { SilentConnections } from '../net/silent-connections.js';
import { isLoopback, type ServerTls, serverTlsOptions } from '../net/tls.js';

const MOST_HEADER_BYTES = 8_192;
/** For a whole request; a connection that is slower, or says nothing, ends. */
const REQUEST_MILLISECONDS = 5_000;
const CHECK_MILLISECONDS = 1_000;
/** For an answer: at 16 kB a second a megabyte, and no file of the page has as much. */
const ANSWER_MILLISECONDS = 60_000;

/**
 * A server for this machine answers to this machine's names, so that a page elsewhere gives it no other (DNS rebinding). Browsers always say a name;
 * a program that says none is none of them.
 */
export function isOwnName({ headers: { host } }: IncomingMessage, own: string): boolean {
  const name = host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === undefined || !isLoopback(own) || isLoopback(name);
}

export const WRONG_HOST = { status: 421, text: 'another host is asked for\n' };

export interface HttpListeners {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** Its connection is the listener's to end; without one a wish to upgrade is a request as any other. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface HttpBounds {
  readonly mostConnections: number;
  /** From a request to the last byte of its answer. */
  readonly answerMilliseconds?: number;
}

export function boundedHttp(
  tls: ServerTls | null,
  { mostConnections, answerMilliseconds = ANSWER_MILLISECONDS }: HttpBounds,
  { onRequest, onUpgrade }: HttpListeners,
): HttpServer {
  const limits = {
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: REQUEST_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    connectionsCheckingInterval: CHECK_MILLISECONDS,
  };
  const server = tls ? createHttpsServer({ ...serverTlsOptions(tls), ...limits }) : createHttpServer(limits);
  server.maxConnections = mostConnections;
  const silent = new SilentConnections();
  const perNetwork = new PerNetwork();
  server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress: address = '' } = socket;
    if (perNetwork.of(address) >= mostConnections / 2) {
      socket.destroy();
      return;
    }
    socket.once('close', perNetwork.add(address));
    silent.came(socket);
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    silent.finished(socket);
    const deadline = setTimeout(() => socket.destroy(), answerMilliseconds);
    response.once('close', () => clearTimeout(deadline));
    onRequest(request, response);
  });
  if (onUpgrade)
    server.on('upgrade', (request, socket, head) => {
      silent.finished(request.socket);
      onUpgrade(request, socket, head);
    });
  return server;
}
