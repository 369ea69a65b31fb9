/** What is left in a client's pools, kept in a file from one connection to the next. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { claimPool, readLedger, writeLedger, writePool } from '../material/pool-file.js';
import type { KeptPool } from '../material/kept-pool.js';
import type { ClientAhead } from './client-ahead.js';

export interface ClientPoolOptions {
  readonly path: string;
  /** Digest of the model's public part. */
  readonly model: string;
  readonly onNote: (line: string) => void;
}

/** A claimed pool that fits; otherwise one sentence says why not. */
async function claimed({ path, model, onNote }: ClientPoolOptions): Promise<KeptPool | null> {
  const ledger = await readLedger(path);
  const pool = await claimPool(path).catch((error: Error) => {
    onNote(`${path}: ${error.message}; it is discarded`);
    return null;
  });
  if (!pool) return null;
  const isKeptLast = ledger === null || (ledger.id === pool.id && ledger.generation === pool.generation);
  const discard = (reason: string) => {
    onNote(`${path}: ${reason}; it is discarded`);
    return null;
  };
  if (pool.party !== 'client') return discard('this is the pool of a server');
  if (pool.model !== model) return discard('the pool belongs to another model');
  if (!isKeptLast)
    return discard('the pool was used before (is this an old copy?), or is not the one kept last');
  // What is spent is marked as one generation later.
  await writeLedger(path, { id: pool.id, generation: pool.generation + 1 });
  return pool;
}

/** Puts back what the file holds, if the server still has its part. The file is gone in any case. */
export async function resumePool(ahead: ClientAhead, options: ClientPoolOptions): Promise<void> {
  const pool = await claimed(options);
  if (pool && !(await ahead.resume(pool)))
    options.onNote(
      `${options.path}: the server does not have its part of the pool any more; it is discarded`,
    );
}

/** Keeps what is left, if the server does; call after the last text. */
export async function keepPool(
  ahead: ClientAhead,
  { path, model, onNote }: ClientPoolOptions,
): Promise<void> {
  const ledger = await readLedger(path);
  // A name of its own each time: of two processes with this file neither takes its part for one of the other's.
  const name = { id: randomBytes(16).toString('hex'), generation: (ledger?.generation ?? 0) + 1 };
  const items = await ahead.keep(name);
  if (!items)
    return onNote(
      `${path}: the server did not keep its part: it keeps no pools (serve --pools), or has no room for this one`,
    );
  await rm(path, { force: true });
  await writeLedger(path, name);
  await writePool(path, { ...name, party: 'client', model, items });
}
