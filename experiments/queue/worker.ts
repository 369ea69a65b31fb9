/** The side that takes works and runs them. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Job } from 'bullmq';
import { selfCommand } from '../../util/self-command.js';
import { ChildError, runChild } from '../work/child.js';
import { connectRedis, queueName, type WorkData, type WorkProgress } from './connection.js';

/** A queue may hold no other commands: who writes to it must not get more out of a worker than figures. */
const COMMANDS: readonly string[] = ['bench', 'evaluate', 'measure', 'train'];
const WRONG_USAGE = 2;
/** Progress is for people. */
const TELL_MILLISECONDS = 1_000;
/** A work may lose so many workers. */
const MOST_LOST = 10;

export interface WorkerOptions {
  readonly url: string;
  /** Works at the same time. */
  readonly parallel: number;
  /** A worker that is silent for so long is taken for lost, and its works are given to others. */
  readonly lostAfterSeconds: number;
  readonly onEvent: (event: WorkEvent) => void;
}

export type WorkEvent =
  | { readonly kind: 'begun' | 'done'; readonly args: readonly string[] }
  | { readonly kind: 'failed'; readonly args: readonly string[]; readonly reason: string };

export interface RunningWorker {
  /** Takes nothing more, and ends when the works at hand are done. */
  finish(): Promise<void>;
  /** Ends the works at hand too; others take them. */
  abandon(): Promise<void>;
}

type WorkJob = Job<WorkData, string, string>;

/** Tells the last line of a while. */
function teller(job: WorkJob, worker: string): (line: string) => void {
  let next = 0;
  return (line) => {
    const now = Date.now();
    if (now < next) return;
    next = now + TELL_MILLISECONDS;
    const progress: WorkProgress = { worker, line: line.slice(0, 200) };
    job.updateProgress(progress).catch(() => undefined);
  };
}

/** @throws QueueError if no Redis answers */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { url, parallel, lostAfterSeconds, onEvent } = options;
  const redis = await connectRedis(url);
  const { UnrecoverableError, Worker } = await import('bullmq');
  const name = `${hostname()}:${process.pid}`;

  const run = async (job: WorkJob, _token: string | undefined, signal?: AbortSignal): Promise<string> => {
    const { args, folder } = job.data;
    if (!COMMANDS.includes(args[0] ?? ''))
      throw new UnrecoverableError(`work: expected one of ${COMMANDS.join(', ')}, got ${args[0]}`);
    onEvent({ kind: 'begun', args });
    try {
      return await runChild(selfCommand(...args), {
        onLine: teller(job, name),
        signal,
        folder: existsSync(folder) ? folder : undefined,
      });
    } catch (error) {
      if (error instanceof ChildError && error.exitCode === WRONG_USAGE)
        throw new UnrecoverableError(error.message);
      throw error;
    }
  };

  const lockDuration = 1_000 * lostAfterSeconds;
  const worker = new Worker<WorkData, string>(queueName(), run as never, {
    connection: redis,
    name,
    concurrency: parallel,
    lockDuration,
    stalledInterval: lockDuration / 2,
    maxStalledCount: MOST_LOST,
  });
  worker.on('error', () => undefined);
  worker.on('completed', (job) => onEvent({ kind: 'done', args: job.data.args }));
  worker.on('failed', (job, error) => {
    if (job) onEvent({ kind: 'failed', args: job.data.args, reason: error.message });
  });

  // Two workers must never run one work: who cannot say in time that it lives ends what it runs.
  let lastHeard = Date.now();
  worker.on('active', () => {
    lastHeard = Date.now();
  });
  worker.on('locksRenewed', () => {
    lastHeard = Date.now();
  });
  worker.on('lockRenewalFailed', (jobs) => {
    for (const id of jobs) worker.cancelJob(id, 'this worker was taken for lost');
  });
  const watch = setInterval(() => {
    if (Date.now() - lastHeard > lockDuration) worker.cancelAllJobs('the queue is out of reach');
  }, 500);
  await worker.waitUntilReady();

  const end = async (force: boolean): Promise<void> => {
    clearInterval(watch);
    await worker.close(force);
    redis.disconnect();
  };
  return {
    finish: () => end(false),
    abandon: async () => {
      worker.cancelAllJobs('the worker ends');
      await end(true);
    },
  };
}
