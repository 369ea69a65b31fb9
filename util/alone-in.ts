/**
 * A folder, or a file, for one process at a time: two that write the same run, or the same points, would undo each other's work. A file names the
 * one that is there. What a process that was killed left counts for nothing, and neither does another machine's: it cannot be asked.
 */
import { randomUUID } from 'node:crypto';
import { copyFile, constants, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OutputError } from './errors.js';
import { isAlive, machineOfThis } from './living-process.js';
import { makeDirectory } from './make-directory.js';

const FILE = '.in-use';

/** Names of files by which this process is alone or wants to be: its number may be that of one that was killed. */
const held = new Set<string>();

/** The other process of this machine that a file with this content names; null if there is none. */
function living(content: string): number | null {
  const [machine, number] = content.trim().split(' ');
  const pid = Number(number);
  if (machine !== machineOfThis() || !Number.isInteger(pid) || pid <= 0 || pid === process.pid) return null;
  return isAlive(pid) ? pid : null;
}

const besides = (path: string): string => `${path}-${randomUUID()}`;

/** Names the file `path` as well. False if there is one of that name already. */
async function name(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      return copyFile(own, path, constants.COPYFILE_EXCL); // Not every file system has links.
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Gives the file its name once it is written, so that nobody reads a part of it. False if there is one already. */
async function claim(path: string): Promise<boolean> {
  const own = besides(path);
  await writeFile(own, `${machineOfThis()} ${process.pid}\n`);
  try {
    return await name(own, path);
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes the file if it has this content still: another one that found it as well may have claimed the folder since. */
async function discard(path: string, content: string): Promise<void> {
  const aside = besides(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== content) await name(aside, path);
  await rm(aside, { force: true });
}

/** Null once the file is this process's; else the process that has it. */
async function enter(path: string): Promise<number | null> {
  if (held.has(path)) return process.pid;
  held.add(path);
  let entered = false;
  try {
    for (;;) {
      entered = await claim(path);
      if (entered) return null;
      const content = await readFile(path, 'utf8').catch(() => '');
      const other = living(content);
      if (other !== null) return other;
      await discard(path, content);
    }
  } finally {
    if (!entered) held.delete(path);
  }
}

/** A worker that was told to end writes its last checkpoint while the next one begins. */
const PATIENCE_MILLISECONDS = 5_000;
const RETRY_MILLISECONDS = 100;

/** Whose turn it is says the file `name`, which is gone afterwards. @throws OutputError, before any work, if another process has it and does not end soon */
export async function aloneBy<T>(
  name: string,
  work: () => Promise<T>,
  { place, instead, patienceMilliseconds = PATIENCE_MILLISECONDS }: AloneOptions,
): Promise<T> {
  const path = resolve(name);
  const deadline = performance.now() + patienceMilliseconds;
  for (let other = await enter(path); other !== null; other = await enter(path)) {
    if (performance.now() > deadline)
      throw new OutputError(
        `${place}: process ${other} is at work there (${path}): expected it to end first${instead ?? ''}`,
      );
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
    held.delete(path);
  }
}

export interface AloneOptions {
  /** As users know it. */
  readonly place: string;
  /** What else they could do. */
  readonly instead?: string;
  readonly patienceMilliseconds?: number | undefined;
}

/** Makes the folder if there is none. @throws OutputError as above */
export async function aloneIn<T>(
  directory: string,
  work: () => Promise<T>,
  patienceMilliseconds?: number,
): Promise<T> {
  await makeDirectory(resolve(directory));
  const options = { place: directory, instead: ', or another folder', patienceMilliseconds };
  return aloneBy(join(directory, FILE), work, options);
}
