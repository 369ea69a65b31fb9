/** Names in a folder, as a disk has them. */
import { open } from 'node:fs/promises';

/**
 * Resolves when what was renamed and removed in a folder is so on the disk as well, whatever happens to the machine: a file's own flush says nothing
 * of its name. Systems that open no folders keep names in order by themselves.
 */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null);
  try {
    await folder?.sync().catch(() => undefined);
  } finally {
    await folder?.close();
  }
}
