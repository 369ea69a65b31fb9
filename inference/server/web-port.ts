/**
 * The port for browsers: a page and, at `/connect`, WebSockets that carry the same protocol as TCP. The page may load nothing from
 * elsewhere and be framed by nobody; only pages of this server's own origin, or of origins that the operator names, may connect.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { boundedHttp, isOwnName, WRONG_HOST } from './bounded-http.js';
import { listenAt } from '../net/listen.js';
import { certificateName, renewCertificate, type ServerTls } from '../net/tls.js';
import { SOCKET_OPTIONS } from '../net/web-socket.js';
import { SUBPROTOCOL, WebSocketChannel } from '../net/web-socket-channel.js';
import type { WebFile } from './web-files.js';

export interface WebPortOptions {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  readonly tls: ServerTls | null;
  readonly files: ReadonlyMap<string, WebFile>;
  /** Of pages elsewhere that may connect, as browsers write them: `https://example.org`. */
  readonly origins: readonly string[];
  /** WebSockets elsewhere that the page connects to; none unless given. */
  readonly connectsTo?: readonly string[];
  readonly timeoutMilliseconds: number;
  /** Serves a client; resolves at its end. */
  serve(
    channel: WebSocketChannel,
    from: { readonly socket: Socket; readonly address: string; readonly certificate: string | null },
  ): Promise<void>;
}

export interface WebPort {
  readonly port: number;
  /** For those who connect from now on; it must have been checked. */
  renewCertificate(tls: ServerTls): void;
  /** Takes nobody any more; who is served goes on. */
  stop(): void;
  close(): Promise<void>;
}

/** The same behind connections that something else accepted. */
export interface WebServer extends Omit<WebPort, 'port'> {
  readonly server: Server;
}

const policyOf = (connectsTo: readonly string[]): string =>
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; " +
  `connect-src ${["'self'", ...connectsTo.map((url) => new URL(url).origin)].join(' ')}; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // A page of yesterday would not fit today's server.
  'cache-control': 'no-cache',
} as const;

export const MOST_CONNECTIONS = 1_024;

const CONNECT = '/connect';

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?')[0]!;

/** Why there is no page or no connection. */
interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array | string,
): void {
  response.writeHead(status, { ...HEADERS, ...headers }).end(body);
}

function sendFile(
  { type, tag, bytes, gzipped }: WebFile,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const headers = { 'content-type': type, etag: tag, vary: 'accept-encoding' };
  if (request.headers['if-none-match'] === tag) {
    answer(response, 304, headers);
    return;
  }
  const isGzipped = /\bgzip\b/.test(String(request.headers['accept-encoding']));
  const body = isGzipped ? gzipped : bytes;
  const encoding = isGzipped ? { 'content-encoding': 'gzip' } : {};
  const length = { 'content-length': String(body.length) };
  answer(response, 200, { ...headers, ...encoding, ...length }, request.method === 'HEAD' ? undefined : body);
}

/** In the place of a WebSocket. Whoever does not close his end holds no connection by that. */
function refuseSocket(socket: Duplex, { status, text }: Refusal): void {
  socket.on('error', () => undefined);
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: text/plain\r\n` +
      `content-length: ${text.length}\r\n\r\n${text}`,
  );
}

class Web {
  readonly #sockets = new WebSocketServer({
    ...SOCKET_OPTIONS,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  readonly #policy: string;
  isOpen = true;

  constructor(private readonly options: Omit<WebPortOptions, 'port'>) {
    this.#policy = policyOf(options.connectsTo ?? []);
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('content-security-policy', this.#policy);
    const file = this.options.files.get(pathOf(request));
    const refusal = this.#pageRefusal(request, file);
    if (refusal) {
      const headers = { 'content-type': 'text/plain; charset=utf-8', ...refusal.headers };
      answer(response, refusal.status, headers, refusal.text);
    } else sendFile(file!, request, response);
  }

  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#socketRefusal(request);
    if (refusal) refuseSocket(socket, refusal);
    else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket, request));
  }

  #serve(webSocket: WebSocket, { socket }: IncomingMessage): void {
    const { timeoutMilliseconds, serve } = this.options;
    const channel = new WebSocketChannel(webSocket, { peer: 'the client', timeoutMilliseconds });
    const { remoteAddress: address = '' } = socket;
    void serve(channel, { socket, address, certificate: certificateName(socket) });
  }

  #pageRefusal(request: IncomingMessage, file: WebFile | undefined): Refusal | null {
    if (!this.#isForUs(request)) return WRONG_HOST;
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { status: 405, text: 'GET or HEAD\n', headers: { allow: 'GET, HEAD' } };
    if (pathOf(request) === CONNECT)
      return { status: 426, text: 'expected a WebSocket\n', headers: { upgrade: 'websocket' } };
    return file === undefined ? { status: 404, text: 'not found\n' } : null;
  }

  #socketRefusal(request: IncomingMessage): Refusal | null {
    if (pathOf(request) !== CONNECT) return { status: 404, text: `expected ${CONNECT}\n` };
    if (!this.#isForUs(request)) return WRONG_HOST;
    if (!this.#mayConnect(request))
      return { status: 403, text: 'pages of this origin may not connect (serve --web-origin)\n' };
    if (!this.isOpen) return { status: 503, text: 'the server is ending\n' };
    const offered = String(request.headers['sec-websocket-protocol']).split(/,\s*/);
    if (!offered.includes(SUBPROTOCOL))
      return { status: 400, text: `expected the subprotocol ${SUBPROTOCOL}\n` };
    return null;
  }

  /** By this machine's names, or those of a proxy before it. */
  #isForUs(request: IncomingMessage): boolean {
    const { host, origins } = this.options;
    return (
      isOwnName(request, host) || origins.some((origin) => new URL(origin).host === request.headers.host)
    );
  }

  /** Programs send no origin; browsers say whose page it is. */
  #mayConnect({ headers: { origin, host } }: IncomingMessage): boolean {
    const own = `${this.options.tls ? 'https' : 'http'}://${host}`;
    return origin === undefined || origin === own || this.options.origins.includes(origin);
  }
}

export function createWebServer(options: Omit<WebPortOptions, 'port'>): WebServer {
  const web = new Web(options);
  const server = boundedHttp(
    options.tls,
    { mostConnections: MOST_CONNECTIONS },
    {
      onRequest: (request, response) => web.onRequest(request, response),
      onUpgrade: (request, socket, head) => web.onUpgrade(request, socket, head),
    },
  );
  return {
    server,
    renewCertificate: (renewed) => renewCertificate(server, renewed),
    stop() {
      web.isOpen = false;
    },
    async close() {
      web.isOpen = false;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @throws Error that names the address if it cannot be listened on */
export async function openWebPort({ port, ...options }: WebPortOptions): Promise<WebPort> {
  const { server, ...web } = createWebServer(options);
  await listenAt(server, options.host, port);
  return { port: (server.address() as AddressInfo).port, ...web };
}
