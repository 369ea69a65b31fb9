/** Public parts that servers sent, kept by digest, so that a client loads each model once. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type PublicPart, parsePublicPart } from '../../model/artifact/artifact-file.js';
import { cachedPath } from '../../model/public-cache-folder.js';
import type { KeptParts } from './open-client.js';

/** The kept public part, or null; a file that is damaged or has another digest counts as absent. */
export async function readCached(folder: string, digest: string): Promise<PublicPart | null> {
  try {
    const part = parsePublicPart(await readFile(cachedPath(folder, digest)));
    return part.digest === digest ? part : null;
  } catch {
    return null;
  }
}

/** Keeps a public part; a folder that cannot be written only costs the next transfer. */
export async function writeCached(folder: string, digest: string, bytes: Uint8Array): Promise<boolean> {
  const path = cachedPath(folder, digest);
  // Nobody can put a link under this name beforehand: it is not foreseeable, and what exists is not opened.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600 });
    await rename(temporary, path);
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
    return false;
  }
}

export const cachedParts = (folder: string): KeptParts => ({
  read: (digest) => readCached(folder, digest),
  write: (digest, bytes) => writeCached(folder, digest, bytes),
});
