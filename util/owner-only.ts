/** Files that hold a secret are for their owner alone, by the rule of ssh. */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CipherPruneError } from './errors.js';

/** A secret that others than its owner may read or change. */
export class ExposedSecretError extends CipherPruneError {
  override name = 'ExposedSecretError';
  readonly code = 'ERR_EXPOSED_SECRET';
}

/** Of the group and of others. */
const OTHERS = 0o077;

/**
 * Why a file is no place for a secret; null where all is well. A file of another user (a secret that a service manager mounts) is
 * that one's to protect, and there are systems without such rights.
 */
export function exposureOf({ mode, uid }: Pick<Stats, 'mode' | 'uid'>): string | null {
  const own = process.getuid?.();
  if (process.platform === 'win32' || uid !== own || (mode & OTHERS) === 0) return null;
  const rights = (mode & 0o777).toString(8).padStart(4, '0');
  return `expected a secret that only its owner may read, got rights ${rights}`;
}

/** Why a file that only this program writes is none of its own; null where it is. */
export function foreignOwnerOf({ uid }: Pick<Stats, 'uid'>): string | null {
  const own = process.getuid?.();
  if (process.platform === 'win32' || uid === own) return null;
  return `expected a secret that this user kept, got one of another user (${uid})`;
}

/** `exposureOf` with the file's name, and what mends it. */
export async function exposureAt(path: string): Promise<string | null> {
  const exposure = exposureOf(await stat(path));
  return exposure && `${path}: ${exposure} (chmod 600 ${path})`;
}

/** @throws ExposedSecretError if others may read or change the file; Error if there is none */
export async function checkOwnerOnly(path: string): Promise<void> {
  const exposure = await exposureAt(path);
  if (exposure !== null) throw new ExposedSecretError(exposure);
}
