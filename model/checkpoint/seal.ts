/**
 * Digests of the files of a checkpoint, in its cipherprune.json: a flipped bit in the weights or in the optimizer's state is
 * found when it is read, not trained on.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { note } from '../../util/note.js';
import { sha256 } from '../sha256.js';
import { CheckpointError } from './checkpoint-error.js';

/** What sealing adds to the fields of cipherprune.json: SHA-256 of every other file by name, and of all fields. */
const sealSchema = z.object({
  files: z.record(z.string().min(1), z.string().regex(/^[0-9a-f]{64}$/)),
  digest: z.string(),
});

/** The text of cipherprune.json for the given fields and the other files of the directory. */
export function sealed(
  fields: Readonly<Record<string, unknown>>,
  files: ReadonlyMap<string, Uint8Array | string>,
): string {
  const digests = Object.fromEntries([...files].map(([name, content]) => [name, sha256(content)]));
  const body = { ...fields, files: digests };
  return `${JSON.stringify({ ...body, digest: sha256(JSON.stringify(body)) }, null, 2)}\n`;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * Compares the files of a directory with what its cipherprune.json, `file`, says of them; files that were left out when it was
 * copied are not missed here. Checkpoints of older versions say nothing, which is told.
 * @throws CheckpointError naming the file that differs
 */
export async function checkSeal(directory: string, file: string): Promise<void> {
  const literal = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const seal = sealSchema.safeParse(literal);
  if (!seal.success) {
    if ('files' in literal || 'digest' in literal)
      throw new CheckpointError(`${file}: expected digests of the files beside it, got damaged ones`);
    note(`${directory}: has no digests, as an older version wrote it: damage to it would not be noticed`);
    return;
  }
  const { digest, ...body } = literal;
  if (sha256(JSON.stringify(body)) !== digest)
    throw new CheckpointError(`${file}: was changed after it was written`);
  for (const [name, expected] of Object.entries(seal.data.files)) {
    const path = join(directory, name);
    if (!existsSync(path)) continue;
    const got = await digestOf(path);
    if (got !== expected)
      throw new CheckpointError(
        `${path}: was changed after it was written: expected SHA-256 ${expected}, got ${got}`,
      );
  }
}
