/** An artifact folder as a server holds it. */
import { readArtifact, serializePublicPart } from '../../model/artifact-file.js';
import { protocolDigest } from './agreement.js';
import type { ServedModel } from './serve-connection.js';

export async function servedModelOf(directory: string): Promise<ServedModel> {
  const { artifact, publicPart } = await readArtifact(directory);
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
