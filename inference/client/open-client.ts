/**
 * A connection to a model that the client trusts, in Node and in browsers: the token first, then which model is accepted, where
 * its public part comes from, and what is remembered of the server. What differs is how a channel is opened and where things are kept.
 */
import { type MultiplyingParties, multiplyingThreads } from '../core/mutual.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import { type PublicPart, parsePublicPart } from '../../model/artifact/public-part.js';
import type { Channel } from '../net/channel.js';
import type { ClientTerms } from '../net/client-handshake.js';
import { sendToken, tokenBytes } from '../net/token.js';
import type { Openings } from '../run/openings.js';
import { protocolDigest } from '../run/protocol-digest.js';
import { Client, type ClientOptions } from './client.js';
import type { ServerMemory } from './server-memory.js';

/** A channel that may know how fast its line is. */
export type OpenedChannel = Channel & { readonly lineRate?: number | null };

/** Public parts that servers sent, by digest. What is damaged counts as absent; what cannot be kept costs the next transfer. */
export interface KeptParts {
  read(digest: string): Promise<PublicPart | null>;
  write(digest: string, bytes: Uint8Array): Promise<boolean>;
}

/** What is remembered of a server, and what a user may compare with what the operator says. */
export interface NewServer {
  readonly address: string;
  readonly modelDigest: string;
  /** To the weights; null: the artifact is older than commitments. */
  readonly commitment: string | null;
}

type Asked = Pick<ClientTerms<PublicPart>, 'cots' | 'answer' | 'checks' | 'line' | 'modelName'> & {
  /** Only this one; what fits both ends unless given. */
  readonly suite?: Suite | undefined;
  /** Who multiplies shared matrices; what fits both ends unless given. */
  readonly multiply?: MultiplyingParties | undefined;
};

export interface OpenClientOptions
  extends Asked,
    Pick<ClientOptions, 'open' | 'openTokenizer' | 'onNote' | 'onWait'> {
  /** The most that the model may open beside the answer; nothing unless given. */
  readonly opens?: Openings | undefined;
  readonly openChannel: () => Promise<OpenedChannel>;
  /** Shown before anything else. */
  readonly token?: string | undefined;
  /** Accept only the model with this digest (hexadecimal). */
  readonly modelDigest?: string | undefined;
  /** Accept only this public part, which is then not transferred. */
  readonly own?: PublicPart | null | undefined;
  /** By which the server is remembered; each model of a server by itself. */
  readonly address: string;
  /** Where no model is pinned: what servers had before. Absent: any model is accepted. */
  readonly knownServers?: ServerMemory | undefined;
  /** Null: none is kept. */
  readonly parts: KeptParts | null;
  /** Told when a server is met for the first time, or with another model that was accepted. */
  readonly onNewServer?: ((server: NewServer) => void) | undefined;
  /** Told how large the public part is that the server sent. */
  readonly onReceived?: ((bytes: number) => void) | undefined;
  /** Done before the client is handed out; what it throws ends the connection. */
  readonly onOpen?: ((client: Client) => Promise<void>) | undefined;
  /** Ends the attempt; later calls have signals of their own. */
  readonly signal?: AbortSignal | undefined;
}

/** Which models are accepted, and what is kept of one that is. */
function trustOf({ own, modelDigest, modelName, address, ...options }: OpenClientOptions) {
  const { parts, onNewServer, onReceived } = options;
  const pinned = own?.digest ?? modelDigest ?? null;
  const known = pinned === null ? options.knownServers : undefined;
  const server = modelName === undefined ? address : `${address} ${modelName}`;
  let isNew = false;
  return {
    terms: {
      modelDigest: pinned,
      modelName,
      accept: async (digest: string) => {
        isNew = (await known?.check(server, digest)) ?? false;
      },
      lookUp: async (digest: string) => own ?? parts?.read(digest) ?? null,
      parse: parsePublicPart,
    },
    onPublicPart: async (digest: string, bytes: Uint8Array) => {
      onReceived?.(bytes.length);
      await parts?.write(digest, bytes);
    },
    /** Only a server with which everything was agreed on is remembered. */
    async remember({ digest, commitment }: Client): Promise<void> {
      if (!isNew) return;
      await known?.remember(server, digest);
      onNewServer?.({ address: server, modelDigest: digest, commitment });
    },
  };
}

async function agreeOver(channel: OpenedChannel, options: OpenClientOptions): Promise<Client> {
  const { cots, answer, checks, line, suite, multiply, open, openTokenizer } = options;
  const { opens = 'nothing', onNote, onWait } = options;
  const { terms, onPublicPart, remember } = trustOf(options);
  const client = await Client.open(channel, {
    terms: {
      protocolDigest: protocolDigest(),
      cots,
      answer,
      checks,
      line,
      suites: acceptedSuites(suite),
      multiplyingThreads: multiplyingThreads(multiply),
      ...terms,
    },
    ...{ open, openTokenizer, opens, onNote, onWait, onPublicPart },
    lineRate: () => channel.lineRate ?? null,
  });
  await remember(client);
  await options.onOpen?.(client);
  return client;
}

/**
 * Connects, agrees and sets up.
 * @throws ProtocolError, ModelChangedError, OpensMoreError with what was expected and what came; the signal's reason
 */
export async function openClient(options: OpenClientOptions): Promise<Client> {
  const { signal, token } = options;
  signal?.throwIfAborted();
  const secret = token === undefined ? null : tokenBytes(token);
  const channel = await options.openChannel();
  const abort = (): void => void channel.close();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    if (secret) sendToken(channel, secret);
    return await agreeOver(channel, options);
  } catch (error) {
    await channel.close();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
