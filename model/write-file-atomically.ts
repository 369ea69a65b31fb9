import type { Stats } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncFolder } from '../util/sync-folder.js';
import { removeLeftovers, temporaryName } from './leftovers.js';

/** Those beside which this process has looked for what others left. */
const looked = new Set<string>();

/** Of a file: as the user's mask cuts them, or just those of another file, its owner included. */
export type Rights = number | Stats;

const OWNER_ONLY = 0o600;

/**
 * Writes to a temporary name in the same folder, flushes, then renames, and flushes that: a reader sees all or nothing, and the old file stays whole
 * until then. Nobody can put a link under that name beforehand: it is not foreseeable, and what exists is not opened.
 */
export async function writeWhole(
  path: string,
  parts: readonly (Uint8Array | string)[],
  rights: Rights,
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, 'wx', typeof rights === 'number' ? rights : OWNER_ONLY);
    try {
      if (typeof rights !== 'number') {
        const { uid, gid } = await handle.stat();
        if (uid !== rights.uid || gid !== rights.gid) await handle.chown(rights.uid, rights.gid);
        await handle.chmod(rights.mode);
      }
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Likewise. What a process that was killed meanwhile left is removed with the first write. */
export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array | string,
  rights: Rights = 0o666,
): Promise<void> {
  const target = resolve(path);
  if (!looked.has(target)) await removeLeftovers(target);
  looked.add(target);
  await writeWhole(target, [bytes], rights);
}
