/**
 * Material kept over connections, as one file of each party: which pair of parties it belongs to, and the items. It can only be
 * read by taking it away: a file is removed before its content is used, on the disk too, so that neither a crash, of the process or of the
 * machine, nor a second process uses anything twice.
 *
 *   magic [8] | header bytes [4] | header, JSON | fields one after another | SHA-256 of all before [32]
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { removeLeftovers, temporaryName } from '../../model/leftovers.js';
import { writeWhole } from '../../model/write-file-atomically.js';
import { CipherPruneError } from '../../util/errors.js';
import { ExposedSecretError, exposureOf, foreignOwnerOf } from '../../util/owner-only.js';
import { syncFolder } from '../../util/sync-folder.js';
import { formatCorrelation, parseCorrelation } from './correlation-text.js';
import type { KeptPool, PoolName } from './kept-pool.js';
import type { KeptItems } from './material.js';

/** With another number since the fields of some kind of item changed: what an earlier version kept is discarded, not misread. */
const MAGIC = Buffer.from('CPPOOL3\n');
const DIGEST_BYTES = 32;
const MOST_HEADER_BYTES = 2 ** 26;

type HeaderItem = readonly [name: string, items: number, lengths: readonly number[]];

const size = z.number().int().min(0);
const headerSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  generation: size,
  party: z.enum(['server', 'client']),
  model: z.string().max(128),
  items: z.array(z.tuple([z.string().max(100), size, z.array(size).max(2048)])),
});

export class PoolFileError extends CipherPruneError {
  override name = 'PoolFileError';
  readonly code = 'ERR_POOL_FILE';

  constructor() {
    super('pool: the file is no pool of this version, or damaged');
  }
}

export function encodePool({ items, ...name }: KeptPool): Uint8Array[] {
  const listed = items.map(
    ({ correlation, items: count, fields }): HeaderItem => [
      formatCorrelation(correlation),
      count,
      fields.map(({ length }) => length),
    ],
  );
  const header = Buffer.from(JSON.stringify({ ...name, items: listed }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const parts = [MAGIC, length, header, ...items.flatMap(({ fields }) => fields)];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return [...parts, hash.digest()];
}

/** @throws PoolFileError if the bytes are no pool, or damaged */
export function decodePool(bytes: Buffer): KeptPool {
  const end = bytes.length - DIGEST_BYTES;
  const whole = bytes.subarray(0, Math.max(0, end));
  const isWhole =
    whole.subarray(0, 8).equals(MAGIC) &&
    createHash('sha256').update(whole).digest().equals(bytes.subarray(end));
  if (!isWhole || whole.length < 12) throw new PoolFileError();
  const headerBytes = Math.min(MOST_HEADER_BYTES, whole.readUInt32LE(8));
  let at = 12 + headerBytes;
  const { items, ...name } = headerOf(whole.toString('utf8', 12, at));
  const kept = items.map(([correlation, count, lengths]): KeptItems => {
    const fields = lengths.map((length) => {
      at += length;
      return new Uint8Array(whole.subarray(at - length, at));
    });
    return { correlation: parseCorrelation(correlation), items: count, fields };
  });
  if (at !== whole.length) throw new PoolFileError();
  return { ...name, items: kept };
}

function headerOf(text: string): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(text));
  } catch {
    throw new PoolFileError();
  }
}

const OWNER_ONLY = 0o600;

export const writePool = (path: string, pool: KeptPool): Promise<void> =>
  writeWhole(path, encodePool(pool), OWNER_ONLY);

/**
 * What is read is what was checked, whatever lies under the name meanwhile; a link is not followed, nor a pipe waited for.
 * @throws ExposedSecretError
 */
async function readOwn(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw error.code === 'ELOOP' ? new ExposedSecretError('pool: expected a file, got a link') : error;
    },
  );
  try {
    const state = await file.stat();
    const exposure = exposureOf(state) ?? foreignOwnerOf(state);
    if (exposure !== null) throw new ExposedSecretError(`pool: ${exposure}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Takes the pool away: it is nowhere but in memory when this returns, or nowhere at all if this throws. Null if there is none.
 * @throws PoolFileError; ExposedSecretError if others could read it, or wrote it: what somebody else knows protects nothing
 */
export async function claimPool(path: string): Promise<KeptPool | null> {
  // What a process that was killed was writing, or had taken away, is of use to nobody.
  await removeLeftovers(path);
  const claimed = `${temporaryName(path)}.claimed`;
  try {
    // Of two processes that try, one gets it.
    await rename(path, claimed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return decodePool(await readOwn(claimed));
  } finally {
    await rm(claimed, { force: true });
    await syncFolder(dirname(path));
  }
}

/** Which state of a pool was kept or used last, beside it: a copy from before is not used again. */
export async function readLedger(path: string): Promise<PoolName | null> {
  try {
    const { id, generation } = JSON.parse(await readFile(`${path}.used`, 'utf8')) as PoolName;
    return /^[0-9a-f]{32}$/.test(id) && Number.isSafeInteger(generation) ? { id, generation } : null;
  } catch {
    return null;
  }
}

export const writeLedger = (path: string, { id, generation }: PoolName): Promise<void> =>
  writeWhole(`${path}.used`, [`${JSON.stringify({ id, generation })}\n`], OWNER_ONLY);

/** Is the file system there to keep one? */
export async function checkPoolPath(path: string): Promise<void> {
  const probe = temporaryName(path);
  try {
    await writeFile(probe, '', { flag: 'wx', mode: OWNER_ONLY });
  } catch (error) {
    throw new Error(`--pool ${path}: cannot write there (${(error as NodeJS.ErrnoException).code})`);
  }
  await rm(probe, { force: true });
}
