/**
 * How nodes and clients reach each other: TLS 1.3, or plain TCP inside one machine. Nodes send seeds to each other, and clients
 * shares to all three: whoever reads two links has the text.
 */
import { readFile } from 'node:fs/promises';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { PeerClosedError, ProtocolError } from '../core/errors.js';
import type { Channel } from '../net/channel.js';
import { connectTcp, TcpChannel } from '../net/tcp-channel.js';
import { isLoopback } from '../net/tls.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Of a node: what it shows to others, and who may call itself a node. Of a client: who may call itself a node. */
export interface Certificates {
  /** PEM: the authority that signed the nodes' certificates. */
  readonly ca: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

/** @throws ProtocolError if bytes would leave the machine in the clear and nobody said that they may */
export function checkPlain(
  addresses: readonly Address[],
  certificates: Certificates | null,
  insecurePlain: boolean,
): void {
  const away = addresses.find(({ host }) => !isLoopback(host));
  if (certificates === null && away && !insecurePlain)
    throw new ProtocolError(
      `expected certificates for links that leave this machine, got none for ${away.host} (--tls-ca, or --insecure-plain for a network that is protected otherwise)`,
    );
}

export async function readCertificates(files: {
  ca: string;
  cert?: string | undefined;
  key?: string | undefined;
}): Promise<Certificates> {
  const [ca, cert, key] = await Promise.all(
    [files.ca, files.cert, files.key].map((file) => (file === undefined ? undefined : readFile(file))),
  );
  return { ca: ca!, ...(cert && key ? { cert, key } : {}) };
}

/** A server of nodes and clients; nodes show certificates, clients need none. */
export function createLinkServer(
  certificates: Certificates | null,
  accept: (socket: Socket) => void,
): Server {
  if (certificates === null) return createServer(accept);
  const { ca, cert, key } = certificates;
  const options = { ca: Buffer.from(ca), cert: Buffer.from(cert!), key: Buffer.from(key!) };
  return createTlsServer(
    { ...options, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false },
    accept,
  );
}

/** May who is at the other end call itself a node? */
export const isNode = (socket: Socket, certificates: Certificates | null): boolean =>
  certificates === null || (socket instanceof TLSSocket && socket.authorized);

/** @throws PeerClosedError */
export async function connectLink(
  { host, port }: Address,
  certificates: Certificates | null,
  timeoutMilliseconds: number,
): Promise<Channel> {
  if (certificates === null) return connectTcp(host, port, { timeoutMilliseconds });
  const { ca, cert, key } = certificates;
  const socket = connectTls({
    host,
    port,
    ca: Buffer.from(ca),
    ...(cert && key ? { cert: Buffer.from(cert), key: Buffer.from(key) } : {}),
    minVersion: 'TLSv1.3',
    // A name for the certificate only where the address is one.
    ...(isIP(host) ? {} : { servername: host }),
  });
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    throw new PeerClosedError(
      `${host}:${port}: expected a node with a certificate of the authority given, got ${(error as Error).message}`,
    );
  }
  return new TcpChannel(socket, { peer: `the node at ${host}:${port}`, timeoutMilliseconds });
}
