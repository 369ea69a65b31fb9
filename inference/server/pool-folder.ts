/** Pools of a server's clients, a file each: bounded in number, bytes and age, and for each owner in a part of that. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError } from '../../util/errors.js';
import { bytesOfItems, type KeptPool, type PoolName } from '../material/kept-pool.js';
import { claimPool, writePool } from '../material/pool-file.js';

export interface PoolLimits {
  readonly bytes: number;
  readonly files: number;
  readonly milliseconds: number;
}

/** Of all bytes and files, what one owner's pools may take; at least one file. */
const OWNER_PART = 1 / 4;

const DAY = 24 * 60 * 60 * 1_000;
export const DEFAULT_POOL_LIMITS: PoolLimits = { bytes: 1e9, files: 64, milliseconds: 7 * DAY };

interface FileInfo {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
  /** Null in files of older versions: all of them share what there is. */
  readonly owner: string | null;
}

/** Names may hold anything. */
const ownerId = (owner: string): string => createHash('sha256').update(owner).digest('hex').slice(0, 16);

/** Addresses change: the quota is the address's, and the pool is for whoever knows its id. */
const isAddress = (owner: string): boolean => owner.startsWith('address ');

/** `at-` before an address; without any owner: of older versions. */
const POOL_NAME = /^(?:((?:at-)?[0-9a-f]{16})-)?([0-9a-f]{32})\.pool/;

/** Newest first: what comes beyond goes. */
class Allowance {
  constructor(
    private bytes: number,
    private files: number,
  ) {}

  take(bytes: number): boolean {
    this.bytes -= bytes;
    this.files--;
    return this.bytes >= 0 && this.files >= 0;
  }
}

export class PoolFolder {
  constructor(
    private readonly folder: string,
    private readonly limits: PoolLimits = DEFAULT_POOL_LIMITS,
  ) {}

  #path(id: string, owner: string | undefined): string {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new RangeError('pools: expected an id of 32 hexadecimal digits');
    const prefix = owner === undefined ? '' : `${isAddress(owner) ? 'at-' : ''}${ownerId(owner)}-`;
    return join(this.folder, `${prefix}${id}.pool`);
  }

  /** Where a pool of this owner lies; of a client without a name, whichever address it came from. */
  async #find(id: string, owner: string | undefined): Promise<string> {
    const own = this.#path(id, owner);
    if (owner === undefined || !isAddress(owner)) return own;
    const names = await readdir(this.folder).catch(() => []);
    const found = names.find((name) => {
      const [, prefix = 'at-', named] = POOL_NAME.exec(name) ?? [];
      return named === id && prefix.startsWith('at-') && name.endsWith('.pool');
    });
    return found === undefined ? own : join(this.folder, found);
  }

  /**
   * Takes away what is kept under this id; null unless it is of this generation and this model. Whatever there is, is gone
   * afterwards.
   * @throws PoolFileError, ExposedSecretError; an error of the system
   */
  async claim({ id, generation }: PoolName, model: string, owner?: string): Promise<KeptPool | null> {
    const pool = await claimPool(await this.#find(id, owner));
    const fits =
      pool?.party === 'server' && pool.id === id && pool.generation === generation && pool.model === model;
    return fits ? pool : null;
  }

  /** Keeps a pool, the oldest ones giving way; false if it is larger than one owner's may be. @throws OutputError */
  async keep(pool: KeptPool, owner?: string): Promise<boolean> {
    const most = this.limits.bytes * (owner === undefined ? 1 : OWNER_PART);
    if (bytesOfItems(pool.items) > most) return false;
    const path = this.#path(pool.id, owner);
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writePool(path, pool);
      await this.#prune();
      return true;
    } catch (error) {
      throw new OutputError(`${this.folder}: ${(error as Error).message}`);
    }
  }

  async #prune(): Promise<void> {
    const now = Date.now();
    const { bytes, files, milliseconds } = this.limits;
    const all = new Allowance(bytes, files);
    const owners = new Map<string, Allowance>();
    const ownOf = (owner: string | null): Allowance => {
      if (owner === null) return all;
      const own = owners.get(owner) ?? new Allowance(bytes * OWNER_PART, Math.ceil(files * OWNER_PART));
      owners.set(owner, own);
      return own;
    };
    for (const file of (await this.#files()).sort((a, b) => b.modified - a.modified)) {
      const own = ownOf(file.owner);
      const isTooOld = now - file.modified > milliseconds;
      const isTooMuch = !own.take(file.bytes) || (own !== all && !all.take(file.bytes));
      if (isTooOld || isTooMuch) await rm(file.path, { force: true });
    }
  }

  /** What a crash left behind counts, and goes, like the others. */
  async #files(): Promise<FileInfo[]> {
    const names = (await readdir(this.folder)).filter((name) => POOL_NAME.test(name));
    const infos = names.map(async (name): Promise<FileInfo[]> => {
      const path = join(this.folder, name);
      const info = await stat(path).catch(() => null);
      const owner = POOL_NAME.exec(name)?.[1] ?? null;
      return info ? [{ path, bytes: info.size, modified: info.mtimeMs, owner }] : [];
    });
    return (await Promise.all(infos)).flat();
  }
}
