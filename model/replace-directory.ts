/** Writes a directory of files as one: complete in its place, or the old one untouched. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Contents by file name; names may have a folder (`public/manifest.json`). */
export type DirectoryFiles = ReadonlyMap<string, Uint8Array | string>;

async function writeFlushed(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface ReplaceOptions {
  /** Files that only their owner may read. */
  readonly isSecret?: (name: string) => boolean;
}

/** Fills a directory beside `directory`, flushes it, then renames it into place; a full disk leaves the old one whole. */
export async function replaceDirectory(
  directory: string,
  files: DirectoryFiles,
  { isSecret = () => false }: ReplaceOptions = {},
): Promise<void> {
  const target = resolve(directory);
  const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  const old = `${temporary}.old.tmp`;
  try {
    for (const [name, content] of files) {
      const path = join(temporary, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFlushed(path, content, isSecret(name) ? 0o600 : 0o666);
    }
    if (existsSync(target)) await rename(target, old);
    await rename(temporary, target);
  } catch (error) {
    if (existsSync(old) && !existsSync(target)) await rename(old, target);
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
