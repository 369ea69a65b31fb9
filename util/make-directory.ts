/** Folders to write to. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OutputError } from './errors.js';

/**
 * Makes a folder and those above it, one by one: the recursive way of Node never returns, and blocks signals, where a parent
 * takes no folders (/proc/x). Throws the error of the system.
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  const target = resolve(path);
  if (existsSync(target) && (await stat(target)).isDirectory()) return;
  if (dirname(target) !== target) await makeDirectory(dirname(target), mode);
  try {
    await mkdir(target, mode);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(target)).isDirectory();
    if (!isThere) throw error;
  }
}

/**
 * Throws OutputError if nothing can be written to a folder, or to the nearest one above it that exists: long before there is
 * something to write. Leaves nothing behind.
 */
export async function checkWritable(directory: string): Promise<void> {
  let at = resolve(directory);
  while (!existsSync(at)) at = dirname(at);
  if (!(await stat(at)).isDirectory())
    throw new OutputError(`${directory}: expected a folder to write to, but ${at} is a file`);
  const probe = join(at, `.cipherprune-${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await (await open(probe, 'wx')).close();
  } catch (error) {
    throw new OutputError(`${directory}: nothing can be written there: ${(error as Error).message}`);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** The same of a file that takes this place: long before it is written. */
export async function checkFileWritable(path: string): Promise<void> {
  if (existsSync(path) && (await stat(path)).isDirectory())
    throw new OutputError(`${path}: expected a file to write, but it is a folder`);
  await checkWritable(dirname(path));
}
