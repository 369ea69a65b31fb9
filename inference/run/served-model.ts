/** An artifact folder as a server holds it. */
import { readArtifact, serializePublicPart } from '../../model/artifact-file.js';
import { encodePublicPart } from '../../model/public-part.js';
import { protocolDigest } from './agreement.js';
import { withPrivateEmbedding } from './private-embedding.js';
import type { ServedModel } from './serve-connection.js';

/** With `privateEmbedding` the word table stays here; the public part, and so its digest, is then another. */
export async function servedModelOf(
  directory: string,
  options: { readonly privateEmbedding?: boolean } = {},
): Promise<ServedModel> {
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
    },
  };
}
