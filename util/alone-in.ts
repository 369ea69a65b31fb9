/**
 * A folder for one process at a time: two that write the same run, or the same points, would undo each other's work. A file names the
 * one that is there. What a process that was killed left counts for nothing, and neither does another machine's: it cannot be asked.
 */
import { open, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OutputError } from './errors.js';
import { isAlive, machineOfThis } from './living-process.js';
import { makeDirectory } from './make-directory.js';

const FILE = '.in-use';

/** Folders of this process: its number may be that of one that was killed. */
const held = new Set<string>();

/** The process of this machine that is at work in the folder; null if there is none. */
async function processIn(directory: string): Promise<number | null> {
  const content = await readFile(join(directory, FILE), 'utf8').catch(() => '');
  const [machine, number] = content.trim().split(' ');
  const pid = Number(number);
  if (machine !== machineOfThis() || !Number.isInteger(pid) || pid <= 0) return null;
  if (pid === process.pid) return held.has(directory) ? pid : null;
  return isAlive(pid) ? pid : null;
}

/** False if the file is there already. */
async function claim(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${machineOfThis()} ${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A worker that was told to end writes its last checkpoint while the next one begins. */
const PATIENCE_MILLISECONDS = 5_000;
const RETRY_MILLISECONDS = 100;

/** Makes the folder if there is none. @throws OutputError, before any work, if another process is at work there and does not end soon */
export async function aloneIn<T>(
  directory: string,
  work: () => Promise<T>,
  patienceMilliseconds = PATIENCE_MILLISECONDS,
): Promise<T> {
  const folder = resolve(directory);
  const path = join(folder, FILE);
  await makeDirectory(folder);
  const deadline = performance.now() + patienceMilliseconds;
  while (!(await claim(path))) {
    const other = await processIn(folder);
    if (other === null) await rm(path, { force: true });
    else if (performance.now() > deadline)
      throw new OutputError(
        `${directory}: process ${other} is at work there (${path}): expected it to end first, or another folder`,
      );
    else await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
  }
  held.add(folder);
  try {
    return await work();
  } finally {
    held.delete(folder);
    await rm(path, { force: true });
  }
}
