/** HTTP servers whose connections nobody can hold: a request has so long, and those that have made none are so many. */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SilentConnections } from '../net/silent-connections.js';
import { isLoopback, type ServerTls, serverTlsOptions } from '../net/tls.js';

const MOST_HEADER_BYTES = 8_192;
/** For a whole request; a connection that is slower, or says nothing, ends. */
const REQUEST_MILLISECONDS = 5_000;
const CHECK_MILLISECONDS = 1_000;

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

export function boundedHttp(
  tls: ServerTls | null,
  mostConnections: number,
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
  server.prependListener('connection', (socket: Socket) => silent.came(socket));
  server.on('request', (request, response) => {
    silent.finished(request.socket);
    onRequest(request, response);
  });
  if (onUpgrade)
    server.on('upgrade', (request, socket, head) => {
      silent.finished(request.socket);
      onUpgrade(request, socket, head);
    });
  return server;
}
