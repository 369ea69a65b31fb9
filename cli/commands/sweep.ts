/** `sweep`: many settings of one configuration, and what each is worth. */
import { scoreOf } from '../../experiments/measure/run-result.js';
import { settingName, settingsOf } from '../../experiments/sweep/grid.js';
import { type RepeatMean, repeatMeans, type Spread } from '../../experiments/sweep/repeats.js';
import type { SweepRow } from '../../experiments/sweep/results-file.js';
import type { PlannedRun, SweepOptions as SweepSettings } from '../../experiments/sweep/sweep.js';
import { duration } from '../../util/duration.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { optional, wholeNumber, wholeNumbers } from '../options.js';
import { type Progress, print, printJson, printTable, progressBar } from '../output.js';
import { openRunner, queueOptions } from '../queue-options.js';

type SweepOptions = OptionsOf<typeof OPTIONS>;

const share = (value: number): string => `${(100 * value).toFixed(1)}%`;

function printRows(rows: readonly SweepRow[]): void {
  printTable(
    ['run', 'float', 'fixed point', 'kept', 'MB', 'rounds', 's (lan)', 'front'],
    rows.map((row) => {
      if (row.status === 'failed') return [row.run, 'failed', '', '', '', '', '', ''];
      const { float, fixedPoint, estimate } = row;
      return [
        row.run,
        scoreOf(float).toFixed(4),
        fixedPoint ? scoreOf(fixedPoint).toFixed(4) : '',
        share(float.meanKeptRatio),
        megabytes(estimate.bytes),
        Math.round(estimate.rounds),
        estimate.seconds.lan.toFixed(2),
        row.pareto ? '*' : '',
      ];
    }),
  );
}

/** The settings that were run with several seeds or folds. */
function printMeans(means: readonly RepeatMean[]): void {
  if (means.length === 0) return;
  const spread = (value: Spread | null): string =>
    value ? `${value.mean.toFixed(4)} ± ${value.deviation.toFixed(4)}` : '';
  print(
    '\nmean ± standard deviation over seeds and folds; gain: over the dense model of the same seed and fold',
  );
  printTable(
    ['settings', 'runs', 'float', 'gain', 'fixed point', 'gain', 'kept', 'MB', 's (lan)'],
    means.map(({ settings, runs, float, fixedPoint, gain, meanKeptRatio, bytes, seconds }) => [
      settingName(settings),
      runs,
      spread(float),
      spread(gain.float),
      spread(fixedPoint),
      spread(gain.fixedPoint),
      share(meanKeptRatio.mean),
      megabytes(bytes),
      seconds.toFixed(2),
    ]),
  );
}

/** `--dry-run` */
function showPlan(runs: readonly PlannedRun[], json: boolean): void {
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  if (json) {
    printJson({ runs, seconds });
    return;
  }
  printTable(
    ['run', 'state', 'about'],
    runs.map((run) => [run.run, run.state, run.state === 'finished' ? '' : duration(run.seconds)]),
  );
  print(
    `about ${duration(seconds)} of training on this machine, one run after the other; nothing was written`,
  );
}

async function run(options: GlobalOptions & SweepOptions): Promise<void> {
  const settings = settingsOf(options.grid);
  const { planSweep, runSweep } = await import('../../experiments/sweep/sweep.js');
  let progress: Progress | null = null;
  const directory = options.data === undefined ? [] : [`data.directory=${JSON.stringify(options.data)}`];
  const sweep: SweepSettings = {
    config: options.config,
    settings,
    overrides: [...directory, ...options.set],
    out: options.out,
    evaluate: options.evaluate,
    secure: options.secure ?? 0,
    teacherSeeds: options.teacherSeeds ?? [],
    onPlan(count) {
      progress = progressBar('sweep', count);
    },
    onLine(name, line) {
      progress?.advance(0, `${name}: ${line}`.slice(0, 100));
      if (!process.stderr.isTTY) note(`${name}: ${line}`);
    },
    onDone(row) {
      progress?.advance(1);
      if (row.status === 'failed') note(`${row.run} failed: ${row.error}`);
    },
  };
  if (options.dryRun) return showPlan(await planSweep(sweep), options.json);
  const runner = await openRunner(options, options.out, options.workers);
  const rows = await runSweep(sweep, runner).finally(async () => {
    progress?.stop();
    await runner.close();
  });
  const failed = rows.filter(({ status }) => status === 'failed');
  const means = repeatMeans(rows);
  if (options.json) printJson({ out: options.out, runs: rows, means });
  else {
    printRows(rows);
    printMeans(means);
    print(`${options.out}/results.jsonl; cipherprune report --runs ${options.out} draws it`);
  }
  if (failed.length > 0)
    throw new Error(
      `sweep: ${failed.length} of ${rows.length} runs failed (${failed.map(({ run: name }) => name).join(', ')}); the same command tries them again`,
    );
}

const OPTIONS = {
  config: { type: 'string', demandOption: true, describe: 'Run configuration (YAML)' },
  grid: {
    type: 'string',
    array: true,
    demandOption: true,
    describe: 'key=value,value…: lambda, alpha, keep, mode, temperature, or any key of the configuration',
  },
  set: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'key=value over the configuration, for every setting',
  },
  data: { type: 'string', describe: "Folder with GLUE's TSV files" },
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the sweep; the same folder resumes it',
  },
  workers: {
    type: 'string',
    default: '1',
    coerce: wholeNumber('workers', 1, 64),
    describe: 'Settings at the same time',
  },
  evaluate: {
    type: 'boolean',
    default: false,
    describe: 'Also in fixed point: the exported artifacts on the cleartext backend',
  },
  ...queueOptions,
  'teacher-seeds': {
    type: 'string',
    describe: 'Every setting follows the mean of the dense models of these seeds: 1,2,3',
    coerce: optional(wholeNumbers('teacher-seeds', 0)),
  },
  secure: {
    type: 'string',
    describe: 'Also privately, on the first N dev examples',
    coerce: optional(wholeNumber('secure', 0)),
  },
  'dry-run': {
    type: 'boolean',
    default: false,
    describe: 'Say what would run, and about how long it takes; write nothing',
  },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'sweep',
  describe: 'Train many settings and compare accuracy with cost',
  options: OPTIONS,
  handler: run,
});
