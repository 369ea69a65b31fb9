/** The artifact as a directory: `public/` for every client, `private/` for the server. docs/reference/artifact.md. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foreignIn, recoverDirectory, replaceDirectory } from '../replace-directory.js';
import type { Artifact } from './artifact.js';
import { ArtifactError } from './artifact-error.js';
import { MANIFEST_NAME, type PartFiles, type PartName, readManifest } from './artifact-manifest.js';
import { privateManifestSchema, publicManifestSchema } from './artifact-schema.js';
import { freshSalt } from './commitment.js';
import {
  commitmentToFiles,
  decodePrivatePart,
  encodePrivatePart,
  type PrivatePart,
  privateFiles,
} from './private-part.js';
import { decodePublicPart, encodePublicPart, type PublicPart } from './public-part.js';

export { ArtifactError } from './artifact-error.js';
export { type PublicPart, parsePublicPart, serializePublicPart } from './public-part.js';

/** What the server reads. */
export interface ArtifactParts {
  readonly artifact: Artifact;
  readonly publicPart: PublicPart;
  readonly privatePart: PrivatePart;
}

async function readPartFile(directory: string, part: PartName, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(directory, part, name));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!existsSync(directory)) throw new ArtifactError(`artifact ${directory}: no such folder`);
    throw new ArtifactError(
      `artifact ${directory}: ${part}/${name}: ${code === 'ENOENT' ? 'missing' : message}`,
    );
  }
}

async function readPart(
  directory: string,
  part: PartName,
): Promise<{ manifest: Uint8Array; files: PartFiles }> {
  const manifest = await readPartFile(directory, part, MANIFEST_NAME);
  const entries =
    part === 'public'
      ? readManifest(manifest, publicManifestSchema, `${part}/${MANIFEST_NAME}`).manifest.files
      : readManifest(manifest, privateManifestSchema, `${part}/${MANIFEST_NAME}`).manifest.files;
  const files = new Map<string, Uint8Array>();
  for (const { name } of entries) files.set(name, await readPartFile(directory, part, name));
  return { manifest, files };
}

/** Adds the directory to errors of what was read from it. */
async function fromDirectory<T>(directory: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ArtifactError && !error.message.startsWith('artifact '))
      throw new ArtifactError(`artifact ${directory}: ${error.message}`);
    throw error;
  }
}

/** Reads the public part only: what a client needs. Throws ArtifactError. */
export const readPublicPart = (directory: string): Promise<PublicPart> =>
  fromDirectory(directory, async () => {
    await recoverDirectory(directory);
    const { manifest, files } = await readPart(directory, 'public');
    return decodePublicPart(manifest, files);
  });

/** Reads both parts: what the server needs. Throws ArtifactError. */
export async function readArtifact(directory: string): Promise<ArtifactParts> {
  const publicPart = await readPublicPart(directory);
  return fromDirectory(directory, async () => {
    const { manifest, files } = await readPart(directory, 'private');
    const privatePart = decodePrivatePart(manifest, files, publicPart);
    return { artifact: { public: publicPart.model, private: privatePart.model }, publicPart, privatePart };
  });
}

const partFiles = (name: PartName, { manifest, files }: PublicPart | PrivatePart): [string, Uint8Array][] => [
  ...[...files].map(([file, bytes]): [string, Uint8Array] => [`${name}/${file}`, bytes]),
  [`${name}/${MANIFEST_NAME}`, manifest],
];

/** Only a missing or empty directory or an older artifact may be replaced. */
async function checkReplaceable(directory: string): Promise<void> {
  const foreign = await foreignIn(directory, (name) => name === 'public' || name === 'private').catch(
    (error: Error) => {
      throw new ArtifactError(`artifact ${directory}: ${error.message}`);
    },
  );
  if (foreign !== null)
    throw new ArtifactError(
      `artifact ${directory}: not replaced: it holds ${foreign}, which is no part of an artifact`,
    );
}

/**
 * Writes an artifact, its public part committing to the private one, beside its final place and moves it there when complete; an older one is replaced. Only the owner may
 * read the private part.
 */
export async function writeArtifact(directory: string, artifact: Artifact): Promise<ArtifactParts> {
  await recoverDirectory(directory);
  await checkReplaceable(directory);
  const salt = freshSalt();
  const commitment = commitmentToFiles(salt, privateFiles(artifact.private, artifact.public.config));
  const publicPart = encodePublicPart(artifact.public, commitment);
  const privatePart = encodePrivatePart(artifact.private, publicPart, salt);
  await replaceDirectory(
    directory,
    new Map([...partFiles('public', publicPart), ...partFiles('private', privatePart)]),
    { isSecret: (name) => name.startsWith('private/') },
  );
  return { artifact: { public: publicPart.model, private: privatePart.model }, publicPart, privatePart };
}
