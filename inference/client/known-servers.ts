/**
 * Trust on first use: which model a server had when this client first met it. A client that pins no digest accepts a
 * server's model once and is told when another one answers at the same address, before anything of a text is used.
 * One small file a server, beside the cache of public parts.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ModelChangedError } from './model-changed-error.js';
import { defaultCacheFolder } from './public-cache.js';

export const defaultKnownServersFolder = (): string => join(dirname(defaultCacheFolder()), 'known-servers');

const DIGEST = /^[0-9a-f]{64}$/;

/** The address is escaped, so that it names a file and nothing else. */
const pathOf = (folder: string, address: string): string =>
  join(folder, `${encodeURIComponent(address).replaceAll('.', '%2E')}.txt`);

export class KnownServers {
  constructor(
    private readonly folder: string,
    /** A changed model is accepted and remembered in place of the old one. */
    private readonly acceptChanged = false,
  ) {}

  /** The model's digest as it was seen at `address`; null: never, or what is kept is damaged. */
  async seen(address: string): Promise<string | null> {
    const text = await readFile(pathOf(this.folder, address), 'utf8').catch(() => '');
    const digest = text.trim();
    return DIGEST.test(digest) ? digest : null;
  }

  /**
   * Is this the first meeting?
   * @throws ModelChangedError if the server had another model before and changes are not accepted
   */
  async check(address: string, digest: string): Promise<boolean> {
    const before = await this.seen(address);
    if (before !== null && before !== digest && !this.acceptChanged)
      throw new ModelChangedError(
        `${address} had the model ${before} and now has ${digest}: its weights, thresholds or tokenizer are others. ` +
          'If that is expected, accept the new one once with --accept-changed-model, or pin it with --model-digest',
      );
    return before !== digest;
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
