/** An artifact as a server holds it. */
import type { Artifact } from '../../model/artifact/artifact.js';
import { type ArtifactParts, readArtifact, serializePublicPart } from '../../model/artifact/artifact-file.js';
import { entryOf } from '../../model/artifact/artifact-manifest.js';
import { commitmentOf } from '../../model/artifact/commitment.js';
import { encodePublicPart, type PublicPart } from '../../model/artifact/public-part.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import type { ServerTerms } from '../net/server-handshake.js';
import { protocolDigest } from '../run/protocol-digest.js';
import { withPrivateEmbedding } from './hide-word-table.js';
import type { ServedModel } from './serve-connection.js';

export interface ServedModelOptions
  extends Pick<ServerTerms, 'cots' | 'aheadMegabytes' | 'answer' | 'checks' | 'line' | 'name'> {
  readonly suite?: Suite | undefined;
  readonly privateEmbedding?: boolean;
}

/** Without the word table, which is then committed to like the weights. */
function withoutWordTable({ artifact, privatePart: { salt, files } }: ArtifactParts) {
  const hidden = withPrivateEmbedding(artifact);
  const entries = [...files].map(entryOf);
  const commitment = salt && commitmentOf(salt, entries, hidden.private.wordEmbedding ?? null);
  return { artifact: hidden, publicPart: encodePublicPart(hidden.public, commitment) };
}

/** `publicPart`: as clients get it; of `artifact.public` unless given. */
export function servedModel(
  artifact: Artifact,
  { cots, aheadMegabytes, answer, checks, suite, line, name }: Omit<ServedModelOptions, 'privateEmbedding'>,
  publicPart: PublicPart = encodePublicPart(artifact.public),
): ServedModel {
  return {
    public: artifact.public,
    private: artifact.private,
    terms: {
      protocolDigest: protocolDigest(),
      modelDigest: publicPart.digest,
      publicPart: serializePublicPart(publicPart),
      ...(cots ? { cots } : {}),
      ...(aheadMegabytes ? { aheadMegabytes } : {}),
      ...(answer ? { answer } : {}),
      ...(checks ? { checks } : {}),
      ...(line ? { line } : {}),
      ...(suite ? { suites: acceptedSuites(suite) } : {}),
      ...(name ? { name } : {}),
    },
  };
}

/** With `privateEmbedding` the word table stays here; the public part, and so its digest, is then another. */
export async function servedModelOf(
  directory: string,
  options: ServedModelOptions = {},
): Promise<ServedModel> {
  const parts = await readArtifact(directory);
  const { artifact, publicPart } = options.privateEmbedding ? withoutWordTable(parts) : parts;
  return servedModel(artifact, options, publicPart);
}
