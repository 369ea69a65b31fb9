/** `work`: takes points of sweeps, papers and evaluations from a queue and runs them. */
import { onInterrupt, onTerminate } from '../../util/interrupt.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { wholeNumber } from '../options.js';
import { print } from '../output.js';

type WorkOptions = OptionsOf<typeof OPTIONS>;

async function work({ queue, parallel, lostAfter }: WorkOptions): Promise<void> {
  const { startWorker } = await import('../../experiments/queue/worker.js');
  const worker = await startWorker({
    url: queue,
    parallel,
    lostAfterSeconds: lostAfter,
    onEvent(event) {
      const reason = event.kind === 'failed' ? `: ${event.reason}` : '';
      note(`${event.kind} ${event.args.join(' ')}${reason}`);
    },
  });
  print('ready');
  await new Promise<void>((resolve) => {
    onInterrupt(() => worker.abandon());
    onTerminate(() => worker.finish().then(resolve));
  });
}

const OPTIONS = {
  queue: {
    type: 'string',
    demandOption: true,
    describe: 'redis://HOST:PORT, or rediss:// for TLS',
    requiresArg: true,
  },
  parallel: {
    type: 'string',
    default: '1',
    describe: 'Points at the same time',
    coerce: wholeNumber('parallel', 1, 256),
  },
  'lost-after': {
    type: 'string',
    default: '30',
    describe: 'Seconds of silence after which a worker is taken for lost, and others take its points',
    coerce: wholeNumber('lost-after', 1, 3600, 'seconds'),
  },
} as const;

export const command = defineCommand({
  command: 'work',
  describe: 'Run points that sweep, paper and evaluate hand to a queue',
  options: OPTIONS,
  handler: work,
});
