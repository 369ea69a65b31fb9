/** An artifact folder as a server holds it. */
import { readArtifact, serializePublicPart } from '../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../model/artifact/public-part.js';
import type { ServerTerms } from '../net/handshake.js';
import { protocolDigest } from '../run/protocol-digest.js';
import { withPrivateEmbedding } from './hide-word-table.js';
import type { ServedModel } from './serve-connection.js';

export interface ServedModelOptions extends Pick<ServerTerms, 'cots' | 'aheadMegabytes'> {
  readonly privateEmbedding?: boolean;
}

/** With `privateEmbedding` the word table stays here; the public part, and so its digest, is then another. */
export async function servedModelOf(
  directory: string,
  options: ServedModelOptions = {},
): Promise<ServedModel> {
  const { cots, aheadMegabytes } = options;
  const parts = await readArtifact(directory);
  const artifact = options.privateEmbedding ? withPrivateEmbedding(parts.artifact) : parts.artifact;
  const publicPart = options.privateEmbedding ? encodePublicPart(artifact.public) : parts.publicPart;
  return {
    public: artifact.public,
    private: artifact.private,
    terms: {
      protocolDigest: protocolDigest(),
      modelDigest: publicPart.digest,
      publicPart: serializePublicPart(publicPart),
      ...(cots ? { cots } : {}),
      ...(aheadMegabytes ? { aheadMegabytes } : {}),
    },
  };
}
