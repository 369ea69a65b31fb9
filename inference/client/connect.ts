/** Connecting a client of Node: over TCP or TLS, with what this user keeps in files. */
import { readPublicPart } from '../../model/artifact/artifact-file.js';
import { openTokenizer, type TokenizerLibrary } from '../../model/tokenizer/tokenizer-library.js';
import { megabytes } from '../../util/megabytes.js';
import { checkPoolPath } from '../material/pool-file.js';
import type { Download, ResidentStore } from '../material/resident.js';
import { partiesFor } from '../core/mutual.js';
import { RefusedError } from '../net/refusal.js';
import { type ClientTls, connectTls, isLoopback } from '../net/tls.js';
import type { Client } from './client.js';
import { keepPool, resumePool } from './client-pool.js';
import { type OpenClientOptions, type OpenedChannel, openClient } from './open-client.js';
import { cachedParts } from './public-cache.js';

type Shared = Omit<
  OpenClientOptions,
  'address' | 'openChannel' | 'openTokenizer' | 'own' | 'parts' | 'onOpen' | 'onReceived'
>;

export interface ConnectOptions extends Shared {
  readonly host: string;
  readonly port: number;
  readonly timeoutMilliseconds: number;
  /** Plain TCP unless given. */
  readonly tls?: ClientTls | undefined;
  /** In the place of TCP or TLS to the address. */
  readonly openChannel?: (() => Promise<OpenedChannel>) | undefined;
  /** Whose code splits texts; ours unless given. */
  readonly tokenizerLibrary?: TokenizerLibrary | undefined;
  /** Accept only this artifact's model; its public part is then not transferred. */
  readonly artifact?: string | undefined;
  /** Public parts by digest; null: keep none. */
  readonly cacheFolder: string | null;
  /** File that keeps what is left of the material when the client closes, for the next time. */
  readonly pool?: string | undefined;
  /** Keeps the model's weights here, encrypted, where the server offers it. */
  readonly resident?: ResidentStore | undefined;
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
  try {
    if (await client.keepWeights(store, { onDownload })) return;
    onNote('the server lets no weights stay here (serve --resident-weights): rows travel as ciphertexts');
  } catch (error) {
    // The connection goes on: texts need no weights here.
    if (!(error instanceof RefusedError)) throw error;
    onNote(`the server sends no weights now (${error.message}): rows travel as ciphertexts`);
  }
}

/** Connects, agrees and sets up. Throws with the address, both digests, or whatever else does not fit. */
export async function connectClient(options: ConnectOptions): Promise<Client> {
  const { artifact, cacheFolder, host, port, pool, resident, timeoutMilliseconds, ...shared } = options;
  const own = artifact === undefined ? null : await readPublicPart(artifact);
  if (own && options.modelDigest && own.digest !== options.modelDigest)
    throw new Error(`artifact ${artifact}: expected the digest ${options.modelDigest}, got ${own.digest}`);
  return openClient({
    ...shared,
    own,
    address: addressOf(options),
    multiply: options.multiply ?? partiesFor(isLoopback(host)),
    parts: cacheFolder === null ? null : cachedParts(cacheFolder),
    openChannel:
      options.openChannel ?? (() => connectTls(host, port, options.tls ?? null, { timeoutMilliseconds })),
    openTokenizer: ({ tokenizerFiles, config }) =>
      openTokenizer(tokenizerFiles, config, options.tokenizerLibrary),
    onOpen: async (client) => {
      const note = options.onNote ?? (() => undefined);
      if (resident) await keepWeights(client, resident, note);
      if (pool !== undefined) await usePool(client, pool, note);
    },
  });
}
