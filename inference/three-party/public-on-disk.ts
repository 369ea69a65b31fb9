/** A client's public part in a file of its own that ends with it: a word table of tens of megabytes need not be in its memory. */
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPublicFile, withWordsOf } from '../../model/artifact/public-file.js';
import type { LoadPublic } from './nodes-client.js';

const PIECE_BYTES = 1 << 16;

/** Has no name any more where the system allows that, so that nothing is left behind whatever ends the process. */
async function openTemporary(): Promise<{ readonly file: FileHandle; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-public-'));
  const file = await open(join(folder, 'public.bin'), 'wx+', 0o600);
  const remove = () => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  await remove();
  return { file, remove };
}

/** Takes it in small pieces. @throws ArtifactError */
export const loadToFile: LoadPublic = async (node, bytes) => {
  const { file, remove } = await openTemporary();
  const close = async (): Promise<void> => {
    await file.close();
    await remove();
  };
  try {
    for (let left = bytes; left > 0; left -= Math.min(left, PIECE_BYTES))
      await file.write(await node.receive(Math.min(left, PIECE_BYTES)));
    const opened = await openPublicFile(file);
    return { part: opened.part, wordsOf: (ids) => withWordsOf(opened, ids), close };
  } catch (error) {
    await close();
    throw error;
  }
};
