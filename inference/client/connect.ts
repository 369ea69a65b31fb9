/** Connecting a client over TCP: which model it accepts, and where it looks for the public part first. */
import { parsePublicPart, readPublicPart } from '../../model/artifact/artifact-file.js';
import { openTokenizer, type TokenizerLibrary } from '../../model/tokenizer/tokenizer-library.js';
import type { AnswerKind } from '../core/answer.js';
import type { CotKind } from '../core/cot-kind.js';
import { checkPoolPath } from '../material/pool-file.js';
import type { Download, ResidentStore } from '../material/resident.js';
import { type ClientTls, connectTls } from '../net/tls.js';
import type { Channel } from '../net/channel.js';
import type { Wait } from '../net/notice.js';
import { sendToken, tokenBytes } from '../net/token.js';
import type { Openings } from '../run/openings.js';
import type { OpenParty } from '../run/party.js';
import { protocolDigest } from '../run/protocol-digest.js';
import { Client } from './client.js';
import { megabytes } from '../../util/megabytes.js';
import { keepPool, resumePool } from './client-pool.js';
import type { KnownServers } from './known-servers.js';
import { readCached, writeCached } from './public-cache.js';

/** A channel that may know how fast its line is. */
export type OpenedChannel = Channel & { readonly lineRate?: number | null };

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMilliseconds: number;
  /** Plain TCP unless given. */
  readonly tls?: ClientTls | undefined;
  /** Shown before anything else. */
  readonly token?: string | undefined;
  readonly open: OpenParty;
  /** The model of this name, where a server has several. */
  readonly modelName?: string | undefined;
  /** Told where this client stands as long as the server has it wait. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** In the place of TCP or TLS to the address. */
  readonly openChannel?: (() => Promise<OpenedChannel>) | undefined;
  /** How correlated OTs are to be made; the server may refuse. */
  readonly cots?: CotKind | undefined;
  /** The checks of the OT extension. */
  readonly checks?: boolean | undefined;
  /** What the client wants to be told; all that the server gives unless given. */
  readonly answer?: AnswerKind | undefined;
  /** The most that the model may open beside the answer: nothing unless given. */
  readonly opens?: Openings | undefined;
  /** Whose code splits texts; ours unless given. */
  readonly tokenizerLibrary?: TokenizerLibrary | undefined;
  /** Accept only the model with this digest (hexadecimal). */
  readonly modelDigest?: string | undefined;
  /** Accept only this artifact's model; its public part is then not transferred. */
  readonly artifact?: string | undefined;
  /** Public parts by digest; null: keep none. */
  readonly cacheFolder: string | null;
  /** Where no model is pinned: what servers had before. Absent: any model is accepted. */
  readonly knownServers?: KnownServers | undefined;
  /** File that keeps what is left of the material when the client closes, for the next time. */
  readonly pool?: string | undefined;
  /** Keeps the model's weights here, encrypted, where the server offers it. */
  readonly resident?: ResidentStore | undefined;
  /** Told what a user should know of material that cannot be made or kept. */
  readonly onNote?: ((line: string) => void) | undefined;
  /** Ends the attempt; later calls have signals of their own. */
  readonly signal?: AbortSignal | undefined;
  /** Told when a server is met for the first time, or with another model that was accepted. */
  readonly onNewServer?: ((server: NewServer) => void) | undefined;
}

/** What is remembered of a server, and what a user may compare with what the operator says. */
export interface NewServer {
  readonly address: string;
  readonly modelDigest: string;
  /** To the weights; null: the artifact is older than commitments. */
  readonly commitment: string | null;
}

const addressOf = ({ host, port }: Pick<ConnectOptions, 'host' | 'port'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Takes up what the file holds, and keeps what is left when the client closes. */
async function usePool(client: Client, path: string, onNote: (line: string) => void): Promise<void> {
  const { ahead, digest: model } = client;
  if (!ahead) return onNote('the server makes nothing ahead (serve --ahead-memory): nothing to keep');
  await checkPoolPath(path);
  const options = { path, model, onNote };
  await resumePool(ahead, options);
  client.beforeClose = () => keepPool(ahead, options);
}

/** What is downloaded is told before it begins. */
async function keepWeights(
  client: Client,
  store: ResidentStore,
  onNote: (line: string) => void,
): Promise<void> {
  let isTold = false;
  const onDownload = ({ totalBytes, missingBytes }: Download): void => {
    if (isTold || missingBytes === 0) return;
    isTold = true;
    onNote(
      `the weights stay here, ${megabytes(totalBytes)} MB, encrypted; ${megabytes(missingBytes)} MB are downloaded`,
    );
  };
  if (await client.keepWeights(store, { onDownload })) return;
  onNote('the server lets no weights stay here (serve --resident-weights): rows travel as ciphertexts');
}

/** Connects, agrees and sets up. Throws with the address, both digests, or whatever else does not fit. */
export async function connectClient(options: ConnectOptions): Promise<Client> {
  const { host, port, timeoutMilliseconds, open, artifact, cacheFolder, cots, answer, checks, onNote } =
    options;
  const own = artifact === undefined ? null : await readPublicPart(artifact);
  if (own && options.modelDigest && own.digest !== options.modelDigest) {
    throw new Error(`artifact ${artifact}: expected the digest ${options.modelDigest}, got ${own.digest}`);
  }
  const modelDigest = own?.digest ?? options.modelDigest ?? null;
  const known = modelDigest === null ? options.knownServers : undefined;
  // Each model of a server is remembered by itself.
  const address =
    options.modelName === undefined ? addressOf(options) : `${addressOf(options)} ${options.modelName}`;
  let isNew = false;
  options.signal?.throwIfAborted();
  const secret = options.token === undefined ? null : tokenBytes(options.token);
  const channel: OpenedChannel = options.openChannel
    ? await options.openChannel()
    : await connectTls(host, port, options.tls ?? null, timeoutMilliseconds);
  if (secret) sendToken(channel, secret);
  const abort = (): void => void channel.close();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    options.signal?.throwIfAborted();
    const client = await Client.open(channel, {
      terms: {
        protocolDigest: protocolDigest(),
        cots,
        answer,
        checks,
        modelDigest,
        modelName: options.modelName,
        accept: async (digest) => {
          isNew = (await known?.check(address, digest)) ?? false;
        },
        lookUp: async (digest) => own ?? (cacheFolder ? readCached(cacheFolder, digest) : null),
        parse: parsePublicPart,
      },
      open,
      opens: options.opens ?? 'nothing',
      openTokenizer: ({ tokenizerFiles, config }) =>
        openTokenizer(tokenizerFiles, config, options.tokenizerLibrary),
      ...(onNote ? { onNote } : {}),
      lineRate: () => channel.lineRate ?? null,
      ...(options.onWait ? { onWait: options.onWait } : {}),
      onPublicPart: async (digest, bytes) => cacheFolder && writeCached(cacheFolder, digest, bytes),
    });
    if (isNew) {
      await known?.remember(address, client.digest);
      options.onNewServer?.({ address, modelDigest: client.digest, commitment: client.commitment });
    }
    if (options.resident) await keepWeights(client, options.resident, onNote ?? (() => undefined));
    if (options.pool !== undefined) await usePool(client, options.pool, onNote ?? (() => undefined));
    return client;
  } catch (error) {
    await channel.close();
    throw options.signal?.aborted ? options.signal.reason : error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}
