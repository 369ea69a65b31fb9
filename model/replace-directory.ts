/**
 * Writes a directory of files as one: complete in its place, or the old one untouched, wherever the process is killed. The new
 * one is filled beside its place, the old one is moved away, the new one moved in. A kill between the two moves leaves the
 * place empty; whoever reads or writes next puts the new one in (`recoverDirectory`).
 */
import { existsSync } from 'node:fs';
import { cp, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from '../util/make-directory.js';
import { note } from '../util/note.js';
import { leftoversOf, removeLeftovers, temporaryName } from './leftovers.js';

/** Contents by file name; names may have a folder (`public/manifest.json`). */
export type DirectoryFiles = ReadonlyMap<string, Uint8Array | string>;

const OLD = '.old';
const GONE = '.gone';

/** Between two moves of a living process there are microseconds. */
const PATIENCE_MILLISECONDS = 500;

/** Puts in place what a process that was killed between its two moves left; call before reading. Nothing happens otherwise. */
export async function recoverDirectory(directory: string): Promise<void> {
  const target = resolve(directory);
  if (existsSync(target)) return;
  const moved = (await leftoversOf(target)).find(({ kind }) => kind === OLD);
  if (!moved) return;
  if (moved.mayLive) await sleep(PATIENCE_MILLISECONDS);
  if (existsSync(target)) return;
  // The old one was moved away only after the new one was whole.
  const fresh = moved.path.slice(0, -OLD.length);
  await rename(existsSync(fresh) ? fresh : moved.path, target);
  note(`${directory}: completed the move of a process that was killed`);
}

async function writeFlushed(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * What stands in a directory that is to be replaced and is not ours to remove: the first such name, or null. Ours are the names that
 * `isOurs` says.
 * @throws the error of the system where there is a file in its place
 */
export async function foreignIn(
  directory: string,
  isOurs: (name: string) => boolean,
): Promise<string | null> {
  try {
    return (await readdir(directory)).find((name) => !isOurs(name)) ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export interface ReplaceOptions {
  /** Files that only their owner may read. */
  readonly isSecret?: (name: string) => boolean;
}

/** What the system says of a write tells no place: which folder was not written. */
const named = (error: NodeJS.ErrnoException, directory: string): Error =>
  error.syscall === undefined
    ? error
    : Object.assign(error, { message: `${directory}: not written: ${error.message}` });

/** Has a directory beside `directory` filled, then moves it into place. */
async function replaceBy(directory: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(directory);
  await recoverDirectory(target);
  await removeLeftovers(target);
  const temporary = temporaryName(target);
  const old = `${temporary}${OLD}`;
  try {
    await fill(temporary);
    if (existsSync(target)) await rename(target, old);
    await rename(temporary, target);
  } catch (error) {
    if (existsSync(old) && !existsSync(target)) await rename(old, target);
    await rm(temporary, { recursive: true, force: true });
    throw named(error as NodeJS.ErrnoException, directory);
  }
  if (!existsSync(old)) return;
  // Under another name first: what is called old is always whole.
  const gone = `${temporary}${GONE}`;
  await rename(old, gone);
  await rm(gone, { recursive: true, force: true });
}

/** Fills a directory beside `directory`, flushes it, then moves it into place; a full disk leaves the old one whole. */
export const replaceDirectory = (
  directory: string,
  files: DirectoryFiles,
  { isSecret = () => false }: ReplaceOptions = {},
): Promise<void> =>
  replaceBy(directory, async (temporary) => {
    for (const [name, content] of files) {
      const path = join(temporary, name);
      await makeDirectory(dirname(path));
      await writeFlushed(path, content, isSecret(name) ? 0o600 : 0o666);
    }
  });

/** A copy of a directory in the place of another, or of none: whole or not at all. */
export const copyDirectory = (from: string, directory: string): Promise<void> =>
  replaceBy(directory, (temporary) => cp(from, temporary, { recursive: true }));
