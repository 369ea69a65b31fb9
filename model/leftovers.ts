/**
 * Files and directories on their way to a name lie beside it, and their own names say which process of which machine is at work on them: what one that
 * was killed left there is told from what another one still writes.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive, machineOfThis } from '../util/living-process.js';
import { note } from '../util/note.js';

const LEFTOVER = /^\.([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.tmp(\.[a-z]+)?$/;

/** Beside `target`; more may be added to it, behind another dot. */
export const temporaryName = (target: string): string =>
  `${target}.${machineOfThis()}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`;

export interface Leftover {
  readonly path: string;
  /** What was added to its name; empty: nothing. */
  readonly kind: string;
  /** Whether the process that made it may still be at work: those of other machines cannot be asked. */
  readonly mayLive: boolean;
}

export async function leftoversOf(target: string): Promise<Leftover[]> {
  if (!existsSync(dirname(target))) return [];
  const names = await readdir(dirname(target));
  return names.flatMap((name) => {
    if (!name.startsWith(basename(target))) return [];
    const match = LEFTOVER.exec(name.slice(basename(target).length));
    if (!match) return [];
    const mayLive = match[1] !== machineOfThis() || isAlive(Number(match[2]));
    return { path: join(dirname(target), name), kind: match[3] ?? '', mayLive };
  });
}

/** Removes what processes that no longer live left beside it. */
export async function removeLeftovers(target: string): Promise<void> {
  for (const { path, mayLive } of await leftoversOf(target)) {
    if (mayLive) continue;
    await rm(path, { recursive: true, force: true });
    note(`removed ${path}, which a process that was killed had left`);
  }
}
