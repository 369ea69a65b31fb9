/** Where clients keep public parts, by digest. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export const defaultCacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cipherprune', 'public-models');

export const cachedPath = (folder: string, digest: string): string => join(folder, `${digest}.bin`);
