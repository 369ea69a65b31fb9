/** A queue of commands in Redis or Valkey. Its packages are optional, and loaded only here. */
import type { Redis } from 'ioredis';
import { CipherPruneError } from '../../util/errors.js';
import { packageVersion } from '../../util/package-file.js';

/** Nobody answers at the given address, or it is no address. */
export class QueueError extends CipherPruneError {
  override name = 'QueueError';
  readonly code = 'ERR_QUEUE';
}

/** What is handed over. */
export interface WorkData {
  /** A command line of this program. */
  readonly args: readonly string[];
  /** Where its relative paths begin, if there is such a folder at the worker. */
  readonly folder: string;
}

/** What a worker tells meanwhile. */
export interface WorkProgress {
  readonly worker: string;
  readonly line: string;
}

/** Workers of another version never see a work: its figures would be those of other code. */
export const queueName = (): string => `cipherprune-${packageVersion()}`;

const CONNECT_MILLISECONDS = 10_000;

/** Without user and password, for messages. */
function shown(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function checkUrl(url: string): void {
  const isRedis = URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol);
  if (!isRedis)
    throw new QueueError('--queue: expected redis://HOST:PORT, or rediss:// for TLS, got something else');
}

/**
 * A connection that has answered once; from then on it comes back by itself.
 * @throws QueueError if nothing answers
 * @throws MissingPackageError if the packages are not installed
 */
export async function connectRedis(url: string): Promise<Redis> {
  checkUrl(url);
  const { Redis } = await import('ioredis');
  let answered = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MILLISECONDS,
    // What BullMQ wants of connections that wait.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (answered ? Math.min(1_000 * times, 20_000) : null),
  });
  let cause: Error | null = null;
  redis.on('error', (error: Error) => {
    cause = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw new QueueError(`--queue ${shown(url)}: no Redis answers: ${(cause ?? (error as Error)).message}`);
  }
  answered = true;
  return redis;
}
