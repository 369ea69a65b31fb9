/**
 * A client's public part stays on the disk: a word table of tens of megabytes need not be in its memory. It is kept by its digest for
 * the next connection, or in a file that ends with this one.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openPublicFile, withWordsOf } from '../../model/artifact/public-file.js';
import { cachedPath } from '../../model/public-cache-folder.js';
import { giveBack } from '../core/words.js';
import type { LoadedPublic, LoadPublic, OfferedPublic } from './greet-nodes.js';

/** Checked whole. The file is this function's from now on. */
async function opened(file: FileHandle): Promise<LoadedPublic> {
  try {
    const checked = await openPublicFile(file);
    return {
      part: checked.part,
      wordsOf: (ids) => withWordsOf(checked, ids),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Null: there is none, or one that is damaged or another. */
async function kept(path: string, digest: string): Promise<LoadedPublic | null> {
  const file = await open(path).catch(() => null);
  const loaded = file && (await opened(file).catch(() => null));
  if (loaded?.part.digest === digest) return loaded;
  await loaded?.close?.();
  return null;
}

/** New, and readable by this user only: nobody can foresee the name. Null where the folder cannot be written. */
async function createBeside(path: string): Promise<{ file: FileHandle; name: string } | null> {
  const name = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return { name, file: await open(name, 'wx+', 0o600) };
  } catch {
    return null;
  }
}

/** In small pieces, which serve again: a collection would find them too late. */
async function download(file: FileHandle, { pieces }: OfferedPublic): Promise<void> {
  for await (const piece of pieces()) {
    for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
    giveBack(piece);
  }
}

/** Has no name any more where the system allows that, so that nothing is left behind whatever ends the process. */
async function loadOnce(offer: OfferedPublic): Promise<LoadedPublic> {
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-public-'));
  const remove = () => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  try {
    const file = await open(join(folder, 'public.bin'), 'wx+', 0o600);
    await remove();
    await download(file, offer).catch(async (error: Error) => {
      await file.close();
      throw error;
    });
    const loaded = await opened(file);
    return { ...loaded, close: () => loaded.close!().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Takes its name only when it was checked. */
async function loadAndKeep(offer: OfferedPublic, path: string): Promise<LoadedPublic> {
  const created = await createBeside(path);
  if (created === null) return loadOnce(offer);
  const { file, name } = created;
  try {
    await download(file, offer).catch(async (error: Error) => {
      await file.close();
      throw error;
    });
    const loaded = await opened(file);
    if (loaded.part.digest === offer.digest) await rename(name, path).catch(() => undefined);
    return loaded;
  } finally {
    await rm(name, { force: true }).catch(() => undefined);
  }
}

/** Null: keep none. @throws ArtifactError */
export const loadToDisk =
  (cacheFolder: string | null): LoadPublic =>
  async (offer) => {
    if (cacheFolder === null) return loadOnce(offer);
    const path = cachedPath(cacheFolder, offer.digest);
    return (await kept(path, offer.digest)) ?? loadAndKeep(offer, path);
  };
