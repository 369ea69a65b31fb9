/** Servers that this user has met (server-memory.ts): one small file a server, beside the cache of public parts. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultCacheFolder } from '../../model/public-cache-folder.js';
import { digestOrNull, ServerMemory } from './server-memory.js';

export const defaultKnownServersFolder = (): string => join(dirname(defaultCacheFolder()), 'known-servers');

/** The address is escaped, so that it names a file and nothing else. */
const pathOf = (folder: string, address: string): string =>
  join(folder, `${encodeURIComponent(address).replaceAll('.', '%2E')}.txt`);

export class KnownServers extends ServerMemory {
  constructor(
    private readonly folder: string,
    acceptChanged = false,
  ) {
    super(acceptChanged);
  }

  async seen(address: string): Promise<string | null> {
    return digestOrNull(await readFile(pathOf(this.folder, address), 'utf8').catch(() => undefined));
  }

  /** Written beside and renamed; false: the folder cannot be written, and the server stays unknown. */
  async remember(address: string, digest: string): Promise<boolean> {
    const path = pathOf(this.folder, address);
    const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, `${digest}\n`, { flag: 'wx', mode: 0o600 });
      await rename(temporary, path);
      return true;
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
      return false;
    }
  }
}
