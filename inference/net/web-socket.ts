/** WebSockets in Node: connecting as a client, and what a listener needs. */
import { WebSocket } from 'ws';
import { UnreachableError } from '../core/errors.js';
import type { ClientTls } from './tls.js';
import { MOST_MESSAGE_BYTES, SUBPROTOCOL, WebSocketChannel } from './web-socket-channel.js';
import { whyUnreachable } from './why-unreachable.js';

/** Of both ends: random bytes do not compress, and a message is bounded before it is read. */
export const SOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: MOST_MESSAGE_BYTES } as const;

const pem = (bytes: Uint8Array | undefined): Buffer | undefined => bytes && Buffer.from(bytes);

export interface ConnectWebSocketOptions {
  /** For wss://: the authority, and what this client shows. */
  readonly tls: ClientTls | null;
  readonly timeoutMilliseconds: number;
}

/** @throws UnreachableError if nothing there speaks the protocol, or its certificate is not of the authority and for this host */
export function connectWebSocket(
  url: string,
  { tls, timeoutMilliseconds }: ConnectWebSocketOptions,
): Promise<WebSocketChannel> {
  const { ca, cert, key } = tls ?? {};
  const socket = new WebSocket(url, SUBPROTOCOL, {
    ...SOCKET_OPTIONS,
    handshakeTimeout: timeoutMilliseconds,
    followRedirects: false,
    minVersion: 'TLSv1.3',
    ...(ca ? { ca: pem(ca) } : {}),
    ...(cert && key ? { cert: pem(cert), key: pem(key) } : {}),
  });
  const peer = `the server at ${url}`;
  return new Promise((resolve, reject) => {
    socket.once('error', (error) =>
      reject(new UnreachableError(`${peer} cannot be reached (${whyUnreachable(error)})`)),
    );
    socket.once('open', () => {
      socket.removeAllListeners('error');
      resolve(new WebSocketChannel(socket, { peer, timeoutMilliseconds }));
    });
  });
}
