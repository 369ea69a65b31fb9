/**
 * How nodes and clients reach each other: TLS 1.3, or plain TCP inside one machine. Nodes send seeds to each other, and clients
 * shares to all three: whoever reads two links has the text.
 */
import type { Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ProtocolError } from '../core/errors.js';
import { type OpenOptions, peerAt, type TcpChannel } from '../net/tcp-channel.js';
import { type ClientTls, connectTls, createListener, isLoopback } from '../net/tls.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Of a node: what it shows to others, and who may call itself a node. Of a client: who may call itself a node. */
export interface Certificates extends ClientTls {
  /** PEM: the authority that signed the nodes' certificates. */
  readonly ca: Uint8Array;
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

/** A server of nodes and clients; nodes show certificates, clients need none. */
export function createLinkServer(
  certificates: Certificates | null,
  accept: (socket: Socket) => void,
): Server {
  if (certificates === null) return createListener(null, accept);
  const { ca, cert, key } = certificates;
  if (!cert || !key) throw new ProtocolError('node: expected a certificate and its key, got none');
  return createListener({ cert, key, clientCa: ca, certificateOptional: true }, accept);
}

/** May who is at the other end call itself a node? */
export const isNode = (socket: Socket, certificates: Certificates | null): boolean =>
  certificates === null || (socket instanceof TLSSocket && socket.authorized);

/** @throws UnreachableError */
export const connectLink = (
  { host, port }: Address,
  certificates: Certificates | null,
  options: Omit<OpenOptions, 'peer'>,
): Promise<TcpChannel> =>
  connectTls(host, port, certificates, { ...options, peer: peerAt(host, port, 'node') });
