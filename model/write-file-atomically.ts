import { open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { removeLeftovers, temporaryName } from './leftovers.js';

/** Those beside which this process has looked for what others left. */
const looked = new Set<string>();

/**
 * Writes to a temporary name in the same folder, flushes, then renames: the old file stays whole until then. What a process that was killed meanwhile
 * left is removed with the first write. `mode`: its rights, as the user's mask cuts them.
 */
export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o666,
): Promise<void> {
  const target = resolve(path);
  if (!looked.has(target)) await removeLeftovers(target);
  looked.add(target);
  const temporary = temporaryName(target);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
