/** TLS 1.3 in the place of plain TCP: who listens shows a certificate, who connects checks it and may show one too. */
import { X509Certificate } from 'node:crypto';
import { createServer as createTcpServer, isIP, type Server, type Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
  Server as TlsServer,
} from 'node:tls';
import { UnreachableError } from '../core/errors.js';
import { connectTcp, type OpenOptions, peerAt, TcpChannel } from './tcp-channel.js';
import { SilentConnections } from './silent-connections.js';
import { whyUnreachable } from './why-unreachable.js';

/** PEM. */
export interface ServerTls {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
  /** The authority whose certificates clients must show; absent: they need none. */
  readonly clientCa?: Uint8Array;
  /** Clients without such a certificate may connect too; `TLSSocket.authorized` tells them apart. */
  readonly certificateOptional?: boolean;
}

/** PEM. */
export interface ClientTls {
  /** The authority that signed the server's certificate; absent: those that Node trusts. */
  readonly ca?: Uint8Array;
  /** What this client shows, where the server asks. */
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

/** Does what is said to this host stay on the machine? Of what only looks like an address the system would ask a name server. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** For TLS, and then for the protocol's own. */
export const HANDSHAKE_MILLISECONDS = 5_000;

const bytes = (pem: Uint8Array | undefined): Buffer | undefined => pem && Buffer.from(pem);

/** For Node's TLS and HTTPS servers. */
export const serverTlsOptions = ({
  cert,
  key,
  clientCa,
  certificateOptional = false,
}: ServerTls): TlsOptions => ({
  cert: bytes(cert)!,
  key: bytes(key)!,
  ...(clientCa ? { ca: bytes(clientCa)!, requestCert: true, rejectUnauthorized: !certificateOptional } : {}),
  minVersion: 'TLSv1.3',
  handshakeTimeout: HANDSHAKE_MILLISECONDS,
});

export function createListener(tls: ServerTls | null, accept: (socket: Socket) => void): Server {
  if (tls === null) return createTcpServer(accept);
  const silent = new SilentConnections();
  const server = createServer(serverTlsOptions(tls), (socket) => {
    silent.finished(socket);
    accept(socket);
  });
  // Before Node's own listener, which begins the handshake.
  return server.prependListener('connection', (socket: Socket) => silent.came(socket));
}

/** OpenSSL passes over an authority in which it finds none. @throws Error */
function checkAuthority(ca: Uint8Array | undefined): void {
  try {
    if (ca) new X509Certificate(ca);
  } catch {
    throw new Error('TLS: expected a certificate of the authority, got a file without one');
  }
}

/** @throws Error where they do not belong together, or are none */
function checkPair(options: SecureContextOptions): void {
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Error(`TLS: the certificate and its key cannot be used (${(error as Error).message})`);
  }
}

/** @throws Error that says what is wrong: no certificate, no key, a key of another certificate, one that has expired, or no authority */
export function checkCertificate(tls: ServerTls): void {
  checkPair(serverTlsOptions(tls));
  checkAuthority(tls.clientCa);
  const { validTo } = new X509Certificate(tls.cert);
  if (Date.parse(validTo) < Date.now())
    throw new Error(`TLS: the certificate expired on ${validTo}: no client would take it`);
}

/** Who connects from now on is shown this one; connections that are open keep theirs. A server without TLS stays so. */
export function renewCertificate(server: Server, tls: ServerTls): void {
  if (server instanceof TlsServer) server.setSecureContext(serverTlsOptions(tls));
}

/** The name in the certificate that a client showed; null without one. */
export function certificateName(socket: Socket): string | null {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (!authorized || !getPeerCertificate) return null;
  const name = (socket as TLSSocket).getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : (name?.[0] ?? null);
}

/** Of a client; what it is to trust, and show. @throws Error */
export function checkClientTls({ ca, cert, key }: ClientTls): void {
  checkAuthority(ca);
  if (cert && key) checkPair({ cert: bytes(cert)!, key: bytes(key)! });
}

/** @throws ProtocolError if the server cannot be reached, or its certificate is not of the authority and for this host */
export function connectTls(
  host: string,
  port: number,
  tls: ClientTls | null,
  options: OpenOptions,
): Promise<TcpChannel> {
  if (tls === null) return connectTcp(host, port, options);
  const { peer = peerAt(host, port), timeoutMilliseconds } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      minVersion: 'TLSv1.3',
      ...(tls.ca ? { ca: bytes(tls.ca)! } : {}),
      ...(tls.cert && tls.key ? { cert: bytes(tls.cert)!, key: bytes(tls.key)! } : {}),
      ...(isIP(host) ? {} : { servername: host }),
    });
    const fail = (reason: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new UnreachableError(`${peer} cannot be reached over TLS (${reason})`));
    };
    const timer = setTimeout(() => fail(`no answer in ${timeoutMilliseconds / 1000} s`), timeoutMilliseconds);
    socket.once('error', (error) => fail(whyUnreachable(error)));
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(new TcpChannel(socket, { ...options, peer }));
    });
  });
}
