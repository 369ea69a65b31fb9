/** Pools of a server's clients, a file each: bounded in number, bytes and age. */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfItems, type KeptPool, type PoolName } from '../material/kept-pool.js';
import { claimPool, writePool } from '../material/pool-file.js';

export interface PoolLimits {
  readonly bytes: number;
  readonly files: number;
  readonly milliseconds: number;
}

const DAY = 24 * 60 * 60 * 1_000;
export const DEFAULT_POOL_LIMITS: PoolLimits = { bytes: 1e9, files: 64, milliseconds: 7 * DAY };

interface FileInfo {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

export class PoolFolder {
  constructor(
    private readonly folder: string,
    private readonly limits: PoolLimits = DEFAULT_POOL_LIMITS,
  ) {}

  #path(id: string): string {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new RangeError('pools: expected an id of 32 hexadecimal digits');
    return join(this.folder, `${id}.pool`);
  }

  /**
   * Takes away what is kept under this id; null unless it is of this generation, this model and unbroken. Whatever there is, is
   * gone afterwards.
   */
  async claim({ id, generation }: PoolName, model: string): Promise<KeptPool | null> {
    const pool = await claimPool(this.#path(id)).catch(() => null);
    const fits =
      pool?.party === 'server' && pool.id === id && pool.generation === generation && pool.model === model;
    return fits ? pool : null;
  }

  /** Keeps a pool, the oldest ones giving way; false if it cannot be kept. */
  async keep(pool: KeptPool): Promise<boolean> {
    if (bytesOfItems(pool.items) > this.limits.bytes) return false;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writePool(this.#path(pool.id), pool);
      await this.#prune();
      return true;
    } catch {
      return false;
    }
  }

  async #prune(): Promise<void> {
    const now = Date.now();
    const files = (await this.#files()).sort((a, b) => b.modified - a.modified);
    let bytes = 0;
    for (const [index, file] of files.entries()) {
      bytes += file.bytes;
      const isTooMuch = index >= this.limits.files || bytes > this.limits.bytes;
      if (isTooMuch || now - file.modified > this.limits.milliseconds) await rm(file.path, { force: true });
    }
  }

  /** What a crash left behind counts, and goes, like the others. */
  async #files(): Promise<FileInfo[]> {
    const names = (await readdir(this.folder)).filter((name) => /^[0-9a-f]{32}\.pool/.test(name));
    const infos = names.map(async (name): Promise<FileInfo[]> => {
      const path = join(this.folder, name);
      const info = await stat(path).catch(() => null);
      return info ? [{ path, bytes: info.size, modified: info.mtimeMs }] : [];
    });
    return (await Promise.all(infos)).flat();
  }
}
