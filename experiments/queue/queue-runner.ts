/** The side that hands works over and collects what came of them. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Job, Queue, QueueEvents } from 'bullmq';
import { note } from '../../util/note.js';
import type { Runner } from '../work/runner.js';
import { connectRedis, queueName, type WorkData, type WorkProgress } from './connection.js';

export interface QueueRunnerOptions {
  readonly url: string;
  /** The folder that the results are for: works of one folder are handed over once, those of two are different ones. */
  readonly folder: string;
  /** How often a work that fails is tried in all. Works of lost workers do not count. */
  readonly attempts: number;
  /**
   * Results stay in the queue until `forget`, for whoever hands the same works over again after one of them failed. It says what
   * they were made from: works of another stamp are others.
   */
  readonly keep?: string | undefined;
}

/** Works in the queue at the same time; it only has to be more than all workers take. */
const PARALLEL = 256;
const RETRY_MILLISECONDS = 2_000;
/** Results that nobody came back for. */
const KEEP_SECONDS = 7 * 24 * 3600;

type WorkJob = Job<WorkData, string, string>;

const idOf = (
  { folder, keep = '' }: Pick<QueueRunnerOptions, 'folder' | 'keep'>,
  args: readonly string[],
): string =>
  createHash('sha256')
    .update(JSON.stringify([resolve(folder), keep, args]))
    .digest('hex');

class QueueRunner implements Runner {
  readonly parallel = PARALLEL;
  readonly #listeners = new Map<string, (line: string) => void>();
  readonly #kept: WorkJob[] = [];

  constructor(
    private readonly options: QueueRunnerOptions,
    private readonly queue: Queue<WorkData, string>,
    private readonly events: QueueEvents,
    private readonly disconnect: () => void,
  ) {
    events.on('progress', ({ jobId, data }) => {
      const { worker, line } = data as unknown as WorkProgress;
      this.#listeners.get(jobId)?.(`${worker}: ${line}`);
    });
  }

  /** The same work as an earlier run left it: waiting, in work, or done; one that failed is tried anew. */
  async #jobOf(id: string, args: readonly string[]): Promise<WorkJob> {
    const known = (await this.queue.getJob(id)) as WorkJob | undefined;
    if (known && (await known.getState()) === 'failed') await known.remove();
    const { attempts } = this.options;
    return (await this.queue.add(
      args[0]!,
      { args, folder: process.cwd() },
      {
        jobId: id,
        attempts,
        backoff: { type: 'exponential', delay: RETRY_MILLISECONDS },
        removeOnComplete: { age: KEEP_SECONDS },
        removeOnFail: { age: KEEP_SECONDS },
      },
    )) as WorkJob;
  }

  async run(args: readonly string[], onLine: (line: string) => void): Promise<string> {
    const id = idOf(this.options, args);
    this.#listeners.set(id, onLine);
    try {
      const job = await this.#jobOf(id, args);
      const output = await job.waitUntilFinished(this.events);
      if (this.options.keep === undefined) await job.remove();
      else this.#kept.push(job);
      return output;
    } finally {
      this.#listeners.delete(id);
    }
  }

  async forget(): Promise<void> {
    await Promise.all(this.#kept.splice(0).map((job) => job.remove()));
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.events.close(), this.queue.close()]);
    this.disconnect();
  }
}

/** @throws QueueError if no Redis answers */
export async function openQueueRunner(options: QueueRunnerOptions): Promise<Runner> {
  const redis = await connectRedis(options.url);
  const { Queue, QueueEvents } = await import('bullmq');
  const queue = new Queue<WorkData, string>(queueName(), { connection: redis });
  const events = new QueueEvents(queueName(), { connection: redis.duplicate() });
  // Connections come back by themselves; what is lost with one shows where somebody waits for it.
  queue.on('error', () => undefined);
  events.on('error', () => undefined);
  // Each work that is waited for listens whether one of them closes.
  for (const emitter of [queue, events]) emitter.setMaxListeners(2 * PARALLEL);
  await events.waitUntilReady();
  if ((await queue.getWorkersCount()) === 0)
    note(`no worker of this version yet: cipherprune work --queue ${new URL(options.url).protocol}//…`);
  return new QueueRunner(options, queue, events, () => redis.disconnect());
}
