/**
 * Agreement before anything secret moves: version, roles, protocol options, and the model's public part, which the
 * server sends to a client that does not have it yet.
 */
import { createHash } from 'node:crypto';
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';
import { encodeHello, type Hello, hexOf, PROTOCOL_VERSION, receiveHello, sameBytes } from './hello.js';

/** Longest public part that a client takes; the embedding of a large model has about 63 MB. */
export const MAX_PUBLIC_BYTES = 512 * 2 ** 20;
const PIECE_BYTES = 2 ** 20;
const HAVE_IT = 1;
const SEND_IT = 2;

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest());

export interface ServerTerms {
  readonly protocolDigest: Uint8Array;
  /** The public part as it goes to clients; its SHA-256 is the model digest. */
  readonly publicPart: Uint8Array;
  readonly modelDigest: Uint8Array;
}

export interface ClientTerms {
  readonly protocolDigest: Uint8Array;
  /** The only model that this client accepts; null: the server's choice. */
  readonly modelDigest: Uint8Array | null;
  /** A public part that this client holds already (its own artifact, a cache), or null. */
  lookUp(modelDigest: Uint8Array): Promise<Uint8Array | null>;
}

function checkProtocol(self: 'server' | 'client', own: Uint8Array, peers: Uint8Array): void {
  if (sameBytes(own, peers)) return;
  throw new ProtocolError(
    `handshake: ${self} expected protocol options ${hexOf(own).slice(0, 16)}, got ${hexOf(peers).slice(0, 16)}; install the same version on both sides`,
  );
}

/** The server's side; returns when the client has the public part. */
export async function serverHandshake(channel: Channel, terms: ServerTerms): Promise<void> {
  const { protocolDigest, modelDigest, publicPart } = terms;
  const own: Hello = {
    version: PROTOCOL_VERSION,
    role: 'server',
    protocolDigest,
    modelDigest,
    publicBytes: publicPart.length,
  };
  channel.send(encodeHello(own));
  const hello = await receiveHello(channel, 'server');
  checkProtocol('server', protocolDigest, hello.protocolDigest);
  if (hello.modelDigest && !sameBytes(hello.modelDigest, modelDigest)) {
    throw new ProtocolError(
      `handshake: the client wants the model ${hexOf(hello.modelDigest)}, this server has ${hexOf(modelDigest)}`,
    );
  }
  const [answer] = await channel.receive(1);
  if (answer === SEND_IT) channel.send(publicPart);
  else if (answer !== HAVE_IT) throw new ProtocolError(`handshake: unknown answer ${answer} of the client`);
}

async function receivePublicPart(channel: Channel, hello: Hello, digest: Uint8Array): Promise<Uint8Array> {
  if (hello.publicBytes === 0 || hello.publicBytes > MAX_PUBLIC_BYTES) {
    throw new ProtocolError(
      `handshake: expected a public part of 1 to ${MAX_PUBLIC_BYTES} bytes, the server announces ${hello.publicBytes}`,
    );
  }
  // In pieces, so that a server that only announces much does not make us allocate it.
  const pieces: Uint8Array[] = [];
  for (let rest = hello.publicBytes; rest > 0; rest -= pieces.at(-1)!.length)
    pieces.push(await channel.receive(Math.min(rest, PIECE_BYTES)));
  const bytes = Buffer.concat(pieces);
  const got = sha256(bytes);
  if (sameBytes(got, digest)) return bytes;
  throw new ProtocolError(
    `handshake: the public part has SHA-256 ${hexOf(got)}, expected ${hexOf(digest)} as the server announced`,
  );
}

/** What the client knows after the handshake. */
export interface AgreedModel {
  readonly modelDigest: Uint8Array;
  readonly publicPart: Uint8Array;
  /** True if the server sent it: worth keeping. */
  readonly wasSent: boolean;
}

/** The client's side. */
export async function clientHandshake(channel: Channel, terms: ClientTerms): Promise<AgreedModel> {
  const { protocolDigest } = terms;
  channel.send(
    encodeHello({
      version: PROTOCOL_VERSION,
      role: 'client',
      protocolDigest,
      modelDigest: terms.modelDigest,
      publicBytes: 0,
    }),
  );
  const hello = await receiveHello(channel, 'client');
  checkProtocol('client', protocolDigest, hello.protocolDigest);
  if (!hello.modelDigest) throw new ProtocolError('handshake: the server names no model');
  if (terms.modelDigest && !sameBytes(terms.modelDigest, hello.modelDigest)) {
    throw new ProtocolError(
      `handshake: expected the model ${hexOf(terms.modelDigest)}, the server has ${hexOf(hello.modelDigest)}`,
    );
  }
  const known = await terms.lookUp(hello.modelDigest);
  channel.send(Uint8Array.of(known ? HAVE_IT : SEND_IT));
  const publicPart = known ?? (await receivePublicPart(channel, hello, hello.modelDigest));
  return { modelDigest: hello.modelDigest, publicPart, wasSent: !known };
}
