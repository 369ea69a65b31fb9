/** `--queue`, of commands that hand their points over. */
import type { Runner } from '../experiments/work/runner.js';
import { wholeNumber } from './options.js';

export const queueOptions = {
  queue: {
    type: 'string',
    describe: 'redis://HOST:PORT: hand points to workers (cipherprune work) in place of running them here',
    requiresArg: true,
  },
  attempts: {
    type: 'string',
    default: '2',
    describe: 'With --queue: how often a point that fails is tried',
    coerce: wholeNumber('attempts', 1, 100),
  },
} as const;

/** Whoever runs the points of `folder`; a queue keeps results under the stamp `keep` until they are forgotten. */
export async function openRunner(
  { queue, attempts }: { readonly queue?: string | undefined; readonly attempts: number },
  folder: string,
  workers: number,
  keep?: string,
): Promise<Runner> {
  if (queue !== undefined) {
    const { openQueueRunner } = await import('../experiments/queue/queue-runner.js');
    return openQueueRunner({ url: queue, folder, attempts, keep });
  }
  const { localRunner } = await import('../experiments/work/runner.js');
  return localRunner(workers);
}
