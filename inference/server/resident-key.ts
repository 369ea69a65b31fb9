/** The secret of weights that stay at clients, in a file of the server's user: a lost one only costs clients another download. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { checkOwnerOnly } from '../../util/owner-only.js';
import { RESIDENT_KEY_BYTES } from '../material/resident.js';

/** Whole or not at all, and only where there is none: several processes may come at the same time. */
async function makeSecret(path: string): Promise<void> {
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(own, randomBytes(RESIDENT_KEY_BYTES), { flag: 'wx', mode: 0o600 });
  try {
    await link(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(own);
  }
}

/** Made where there is none. @throws Error if the file holds anything else; ExposedSecretError if others may read it */
export async function readResidentSecret(path: string): Promise<Uint8Array> {
  const secret = await readFile(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await makeSecret(path);
    return readFile(path);
  });
  if (secret.length !== RESIDENT_KEY_BYTES)
    throw new Error(`${path}: expected a key of ${RESIDENT_KEY_BYTES} bytes, got ${secret.length}`);
  await checkOwnerOnly(path);
  return secret;
}
