/** `paper`: every table and figure of the compared systems, from runs. */
import { resolve } from 'node:path';
import type { PaperPlan } from '../../experiments/paper/paper.js';
import { duration } from '../../util/duration.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { optional, wholeNumber, wholeNumbers } from '../options.js';
import { type Progress, print, printJson, progressBar } from '../output.js';
import { openRunner, queueOptions } from '../queue-options.js';

type PaperOptions = OptionsOf<typeof OPTIONS>;

/** The names that an option lists. */
function someOf(option: string, text: string | undefined, known: readonly string[]): readonly string[] {
  const names = text?.split(',') ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--${option}: expected some of ${known.join(',')}, got ${JSON.stringify(unknown)}`);
  return names;
}

const planLine = ({ points, kept, trainings, seconds }: PaperPlan): string => {
  const time = seconds === null ? 'time unknown' : `about ${duration(seconds)} one after the other`;
  return `${points} points to make, ${kept} kept${trainings > 0 ? `, trainings of ${trainings} ${trainings === 1 ? 'task' : 'tasks'}` : ''}: ${time} on this machine`;
};

async function paper(options: PaperOptions): Promise<void> {
  const { QUICK, WHOLE, makePaper } = await import('../../experiments/paper/paper.js');
  const { SECTIONS } = await import('../../experiments/paper/sections/index.js');
  const { TASKS, TRAINED } = await import('../../experiments/paper/trained.js');
  const { quick, data = null, longest, seeds } = options;
  const base = quick ? QUICK : WHOLE;
  const only = someOf(
    'only',
    options.only,
    SECTIONS.map(({ name }) => name),
  );
  const tasks = someOf('tasks', options.tasks, TASKS);
  const methods = someOf('methods', options.methods, TRAINED);
  const runner = await openRunner(options, options.out, options.workers);
  let progress: Progress | null = null;
  const say = (name: string, line: string): void => {
    progress?.advance(0, `${name}: ${line}`.slice(0, 100));
  };
  const making = makePaper(
    {
      out: resolve(options.out),
      sections: SECTIONS.filter(({ name }) => only.includes(name)),
      shapes: { ...base, longestSeconds: longest ?? base.longestSeconds },
      data: data === null ? null : resolve(data),
      encoder: options.model ?? null,
      tasks,
      methods,
      seeds: seeds ?? (quick ? [1] : [1, 2, 3]),
      trains: quick || data !== null,
      onPlan(plan) {
        note(planLine(plan));
        progress = progressBar('paper', plan.points);
      },
      onLine: say,
      onPoint(kept) {
        progress?.advance(1, kept.id);
        if (kept.status === 'failed') note(`failed: ${kept.id}: ${kept.error}`);
        else if (!process.stderr.isTTY) note(`${kept.seconds} s: ${kept.id}`);
      },
      onRow(row) {
        note(row.status === 'failed' ? `${row.run} failed: ${row.error}` : `trained ${row.run}`);
      },
    },
    runner,
  );
  const { files, points, trained, parts } = await making.finally(async () => {
    progress?.stop();
    await runner.close();
  });
  const runs = trained.flatMap(({ rows }) => rows);
  const failed = [
    ...points.failed,
    ...runs.filter(({ status }) => status === 'failed').map(({ run }) => run),
    ...trained.filter(({ error }) => error !== null).map(({ task, error }) => `${task}: ${error}`),
  ];
  if (options.json) {
    const tables = parts.flatMap(({ blocks }) => blocks.filter(({ kind }) => kind === 'table'));
    printJson({ out: options.out, files, points: points.done, trained: runs.length, failed, tables });
  } else
    print(
      `${options.out}/paper.html: ${points.done} points, ${runs.length} trainings, ${files.length} files`,
    );
  if (failed.length > 0)
    throw new Error(
      `paper: ${failed.length} failed (${failed.join('; ')}); the same command tries them again`,
    );
}

const OPTIONS = {
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the paper; the same folder goes on with it',
  },
  only: {
    type: 'string',
    describe: 'Only these: table1,methods,accuracy,breakdown,scaling,pruning,pruned-systems,tokens',
    requiresArg: true,
  },
  quick: {
    type: 'boolean',
    default: false,
    describe: 'The smallest shapes, and trainings on made-up texts without --data: a few minutes',
  },
  data: {
    type: 'string',
    describe: "Folder with GLUE's TSV files; without it nothing is trained but with --quick",
  },
  model: { type: 'string', describe: 'Pretrained encoder of the trainings: a folder, or a name on the hub' },
  tasks: { type: 'string', describe: 'Tasks of the trainings: sst2,mrpc,rte,qnli,cola', requiresArg: true },
  methods: {
    type: 'string',
    describe: 'Methods of the trainings: dense,bolt-no-we,bolt,mpcformer,cipherprune-prune,cipherprune',
    requiresArg: true,
  },
  seeds: {
    type: 'string',
    describe: 'Seeds of the trainings: 1,2,3 (1 with --quick)',
    coerce: optional(wholeNumbers('seeds', 0)),
  },
  longest: {
    type: 'string',
    describe: 'Inferences that would run longer than so many seconds are counted only: 120 (6 with --quick)',
    coerce: optional(wholeNumber('longest', 0)),
  },
  workers: {
    type: 'string',
    default: '1',
    coerce: wholeNumber('workers', 1, 64),
    describe: 'Points at the same time; more than one disturbs the seconds of runs',
  },
  ...queueOptions,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'paper',
  describe: 'Make every table and figure of the compared systems from runs',
  options: OPTIONS,
  handler: paper,
});
