/** Connecting a client over TCP: which model it accepts, and where it looks for the public part first. */
import { parsePublicPart, readPublicPart } from '../../model/artifact/artifact-file.js';
import type { CotKind } from '../core/cot-kind.js';
import { connectTcp } from '../net/tcp-channel.js';
import type { OpenParty } from '../run/party.js';
import { protocolDigest } from '../run/protocol-digest.js';
import { Client } from './client.js';
import { readCached, writeCached } from './public-cache.js';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMilliseconds: number;
  readonly open: OpenParty;
  /** How correlated OTs are to be made; the server may refuse. */
  readonly cots?: CotKind | undefined;
  /** Accept only the model with this digest (hexadecimal). */
  readonly modelDigest?: string | undefined;
  /** Accept only this artifact's model; its public part is then not transferred. */
  readonly artifact?: string | undefined;
  /** Public parts by digest; null: keep none. */
  readonly cacheFolder: string | null;
}

/** Connects, agrees and sets up. Throws with the address, both digests, or whatever else does not fit. */
export async function connectClient(options: ConnectOptions): Promise<Client> {
  const { host, port, timeoutMilliseconds, open, artifact, cacheFolder, cots } = options;
  const own = artifact === undefined ? null : await readPublicPart(artifact);
  if (own && options.modelDigest && own.digest !== options.modelDigest) {
    throw new Error(`artifact ${artifact}: expected the digest ${options.modelDigest}, got ${own.digest}`);
  }
  const channel = await connectTcp(host, port, { timeoutMilliseconds });
  try {
    return await Client.open(channel, {
      terms: {
        protocolDigest: protocolDigest(),
        cots,
        modelDigest: own?.digest ?? options.modelDigest ?? null,
        lookUp: async (digest) => own ?? (cacheFolder ? readCached(cacheFolder, digest) : null),
        parse: parsePublicPart,
      },
      open,
      onPublicPart: async (digest, bytes) => cacheFolder && writeCached(cacheFolder, digest, bytes),
    });
  } catch (error) {
    await channel.close();
    throw error;
  }
}
