/** Public parts that servers sent, kept by digest, so that a client loads each model once. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../net/handshake.js';
import { hexOf, sameBytes } from '../net/hello.js';

export const defaultCacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cipherprune', 'public-models');

const pathOf = (folder: string, digest: Uint8Array): string => join(folder, `${hexOf(digest)}.bin`);

/** The kept public part, or null; a file that no longer has its digest counts as absent. */
export async function readCached(folder: string, digest: Uint8Array): Promise<Uint8Array | null> {
  const bytes = await readFile(pathOf(folder, digest)).catch(() => null);
  return bytes && sameBytes(sha256(bytes), digest) ? bytes : null;
}

/** Keeps a public part; a folder that cannot be written only costs the next transfer. */
export async function writeCached(folder: string, digest: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  const path = pathOf(folder, digest);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, bytes);
    await rename(temporary, path);
    return true;
  } catch {
    return false;
  }
}
