/**
 * A folder, or a file, for one process at a time: two that write the same run, or the same points, would undo each other's work. A file names the
 * one that is there. What a process that was killed left counts for nothing, and neither does another machine's: it cannot be asked.
 */
import { createHash, randomUUID } from 'node:crypto';
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

/** Names the file `own` `path` as well. False if there is one of that name already. */
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

/** Null where there is no such file (any more). */
const contentOf = (path: string): Promise<string | null> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

/**
 * Puts `own` in the place of a claim that nobody living made; whoever does that is alone at it too, by a claim that is named after the one left
 * behind. → whether it is done, or the process that is at it
 */
async function replace(path: string, left: string, own: string): Promise<boolean | number> {
  const turn = `${path}-${createHash('sha256').update(left).digest('hex').slice(0, 16)}`;
  const other = await claim(turn);
  if (other !== null) return other;
  try {
    if ((await contentOf(path)) !== left) return false;
    await rename(own, path);
    return true;
  } finally {
    await rm(turn, { force: true });
  }
}

/** Null once the file is this process's; else the process that has it. The file gets its name when it is written, so that nobody reads a part of it. */
async function claim(path: string): Promise<number | null> {
  const own = besides(path);
  await writeFile(own, `${machineOfThis()} ${process.pid} ${randomUUID()}\n`);
  try {
    for (;;) {
      if (await name(own, path)) return null;
      const content = await contentOf(path);
      if (content === null) continue;
      const replaced = living(content) ?? (await replace(path, content, own));
      if (replaced !== false) return replaced === true ? null : replaced;
    }
  } finally {
    await rm(own, { force: true });
  }
}

async function enter(path: string): Promise<number | null> {
  if (held.has(path)) return process.pid;
  held.add(path);
  let other: number | null = process.pid;
  try {
    other = await claim(path);
    return other;
  } finally {
    if (other !== null) held.delete(path);
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
