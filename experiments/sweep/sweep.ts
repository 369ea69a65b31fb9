/**
 * Many settings of one configuration: the dense phase once for all that share it, then every setting in processes of its
 * own. What is finished is skipped, what was interrupted goes on, what fails does not stop the others.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadRunConfig } from '../../config/load.js';
import { hasMasks, type RunConfig } from '../../config/schema.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { branchRun, densePart } from '../../training/loop/branch.js';
import { asUsed } from '../../training/loop/precision.js';
import { readRunConfig } from '../../training/loop/run-config.js';
import { RunFolder } from '../../training/loop/run-folder.js';
import { planTraining } from '../../training/loop/run-training.js';
import { aloneIn } from '../../util/alone-in.js';
import { failureMessage, UsageError } from '../../util/errors.js';
import { checkWritable, makeDirectory } from '../../util/make-directory.js';
import { type RunResult, readResult, scoreOf } from '../measure/run-result.js';
import { runPool } from '../work/pool.js';
import type { Runner } from '../work/runner.js';
import { type DenseRun, denseRuns, ofSeed, type Wanted } from './dense-runs.js';
import { overridesOf, type Setting, settingName } from './grid.js';
import { paretoFront } from './pareto.js';
import { type SweepRow, writeRows } from './results-file.js';

export interface SweepOptions {
  readonly config: string;
  readonly settings: readonly Setting[];
  /** `--set` of every setting. */
  readonly overrides: readonly string[];
  readonly out: string;
  readonly evaluate: boolean;
  readonly secure: number;
  /** Every setting follows the mean of the dense models of these seeds; none for its own dense model, or the configuration's teachers. */
  readonly teacherSeeds: readonly number[];
  /** How many rows there will be, before the first. */
  readonly onPlan: (rows: number) => void;
  readonly onLine: (run: string, line: string) => void;
  readonly onDone: (row: SweepRow) => void;
}

interface Job extends Wanted {
  readonly run: string;
  readonly directory: string;
  /** Configurations whose dense models it follows, in the order of `distillation.teachers`; none for its own. */
  readonly teachers: readonly RunConfig[];
}

const writeConfig = async (directory: string, config: RunConfig): Promise<string> => {
  await makeDirectory(directory);
  const file = join(directory, 'config.json');
  await writeFileAtomically(file, `${JSON.stringify(config, null, 2)}\n`);
  return file;
};

const sameRun = (known: RunConfig, wanted: RunConfig): boolean => {
  const text = (config: RunConfig): string =>
    JSON.stringify({ ...config, output: '', batch: { ...config.batch, workers: null } });
  return text(known) === text(asUsed(wanted, known));
};

/** A dense run goes on as it began, with the threads of now: what another sweep says of later phases makes no difference to it. */
async function asBegun(directory: string, { batch }: RunConfig): Promise<RunConfig> {
  const known = await readRunConfig(directory);
  return { ...known, batch: { ...known.batch, workers: batch.workers } };
}

class Sweep {
  readonly #runner: Runner;
  /** Folders of dense runs that are trained or being trained, by what they depend on. */
  private readonly dense = new Map<string, Promise<string>>();

  constructor(
    private readonly options: SweepOptions,
    private readonly denseRuns: ReadonlyMap<string, DenseRun>,
    runner: Runner,
  ) {
    this.#runner = runner;
  }

  /** Whoever takes it after somebody else was lost goes on from the last checkpoint. */
  private train(run: string, config: string): Promise<string> {
    const args = ['train', '--config', config, '--json', '--resume-if-begun'];
    return this.#runner.run(args, (line) => this.options.onLine(run, line));
  }

  /** The folder of the dense run that a setting starts from; trained by the first that asks. */
  denseRun(config: RunConfig): Promise<string> {
    const key = densePart(config);
    let run = this.dense.get(key);
    if (!run) {
      const wanted = this.denseRuns.get(key)!;
      run = this.trainDense(wanted.run, wanted.config);
      run.catch(() => undefined); // reported by the settings that need it
      this.dense.set(key, run);
    }
    return run;
  }

  private async trainDense(name: string, config: RunConfig): Promise<string> {
    const directory = config.output;
    if (!existsSync(join(directory, 'final'))) {
      const started = await new RunFolder(directory).isBegun();
      const file = await writeConfig(directory, started ? await asBegun(directory, config) : config);
      await this.train(name, file);
    }
    return directory;
  }

  private async measure(run: string, directory: string): Promise<RunResult> {
    const { evaluate, secure, onLine } = this.options;
    const known = await readResult(directory);
    if (known && (known.fixedPoint || !evaluate) && (known.secure || secure === 0)) return known;
    const flags = [...(evaluate ? ['--evaluate'] : []), '--secure', String(secure)];
    await this.#runner.run(['measure', '--run', directory, '--json', ...flags], (line) => onLine(run, line));
    return (await readResult(directory))!;
  }

  private async trainSetting({ run, config, directory, teachers }: Job): Promise<void> {
    const known = existsSync(join(directory, 'run.json'));
    if (known && !sameRun(await readRunConfig(directory), config))
      throw new Error(`${directory} holds a run of another configuration; expected an --out of its own`);
    if (existsSync(join(directory, 'final'))) return;
    const [dense] = await Promise.all([config, ...teachers].map((each) => this.denseRun(each)));
    const file = await writeConfig(directory, config);
    if (!(await new RunFolder(directory).isBegun())) await branchRun(dense!, config, directory);
    this.options.onLine(run, 'from the dense model');
    await this.train(run, file);
  }

  /** A failure is a row, and so keeps no other run from going on; an interruption is none. */
  private async row(
    { run, settings }: Pick<SweepRow, 'run' | 'settings'>,
    train: () => Promise<string>,
  ): Promise<SweepRow> {
    try {
      return { run, settings, status: 'done', ...(await this.measure(run, await train())) };
    } catch (error) {
      return { run, settings, status: 'failed', error: failureMessage(error) };
    }
  }

  run(job: Job): Promise<SweepRow> {
    return this.row(job, async () => {
      await this.trainSetting(job);
      return job.directory;
    });
  }

  runDense(dense: DenseRun): Promise<SweepRow> {
    return this.row(dense, () => this.denseRun(dense.config));
  }
}

/** Score and cost of a row: fixed point where it was measured; seconds on a LAN. */
const pointOf = (row: RunResult) => ({
  score: scoreOf(row.fixedPoint ?? row.float),
  cost: row.estimate.seconds.lan,
});

/** Rows with those on the Pareto front marked. */
function markFront(rows: readonly SweepRow[]): SweepRow[] {
  const done = rows.filter((row) => row.status === 'done');
  const front = paretoFront(done.map(pointOf));
  return rows.map((row) => (row.status === 'done' ? { ...row, pareto: front[done.indexOf(row)]! } : row));
}

async function jobsOf({ config: file, settings, overrides, out }: SweepOptions): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const setting of settings) {
    const run = settingName(setting);
    const directory = join(out, 'runs', run);
    const all = [...overrides, ...overridesOf(setting)];
    const config = await loadRunConfig(file, all);
    jobs.push({
      run,
      settings: setting,
      directory,
      teachers: [],
      config: { ...config, name: `${config.name} ${run}`, output: directory },
    });
  }
  return jobs;
}

/** A job that follows the mean of the dense models of several seeds, all of the sweep's own. */
function withTeachers(job: Job, seeds: readonly number[], dense: ReadonlyMap<string, DenseRun>): Job {
  if (seeds.length === 0) return job;
  const teachers = seeds.map((seed) => ofSeed(job, seed).config);
  const folders = teachers.map((config) => join(dense.get(densePart(config))!.config.output, 'final'));
  const distillation = { ...job.config.distillation, teachers: folders };
  return { ...job, teachers, config: { ...job.config, distillation } };
}

interface Works {
  readonly base: RunConfig;
  /** By what they depend on. */
  readonly dense: ReadonlyMap<string, DenseRun>;
  readonly jobs: readonly Job[];
}

/** Everything that a sweep has to do. Wrong settings are found here, before anything runs. */
async function worksOf(options: SweepOptions): Promise<Works> {
  const { config: file, overrides, out, teacherSeeds } = options;
  const wanted = await jobsOf(options);
  // A setting without masks is its dense run.
  const masked = wanted.filter(({ config }) => config.masks.mode !== 'none');
  const base = await loadRunConfig(file, overrides);
  if ([base, ...wanted.map(({ config }) => config)].some(({ masks }) => masks.low !== null))
    throw new UsageError('sweep: masks.low: expected none, a run with it has no dense phase: train makes it');
  if (teacherSeeds.length > 0 && wanted.some(({ config }) => config.distillation.teachers.length > 0))
    throw new UsageError('--teacher-seeds: expected no distillation.teachers beside it');
  await checkWritable(out);
  const teachers = masked.flatMap((job) => teacherSeeds.map((seed) => ofSeed(job, seed)));
  const dense = await denseRuns(
    wanted.length > 0 ? [...wanted, ...teachers] : [{ settings: {}, config: base }],
    base.name,
    out,
  );
  return { base, dense, jobs: masked.map((job) => withTeachers(job, teacherSeeds, dense)) };
}

/** A run of a sweep, and how far it is. */
export interface PlannedRun {
  readonly run: string;
  readonly state: 'new' | 'begun' | 'finished';
  /** Of training alone, where it begins anew or goes on: a run that has begun may need less. */
  readonly seconds: number;
}

/** What a sweep would do, and about how long on this machine, one run after the other. Nothing is written. */
export async function planSweep(options: SweepOptions): Promise<readonly PlannedRun[]> {
  const { base, dense, jobs } = await worksOf(options);
  const plan = await planTraining({ ...(jobs[0]?.config ?? base), output: join(options.out, 'plan') });
  const secondsOf = (isDense: boolean): number =>
    plan.phases
      .filter(({ phase }) => hasMasks(phase) !== isDense)
      .reduce((sum, { seconds }) => sum + seconds, 0);
  const planned = (run: string, folder: string, isDense: boolean): PlannedRun => {
    if (existsSync(join(folder, 'final'))) return { run, state: 'finished', seconds: 0 };
    const state = existsSync(join(folder, 'checkpoint')) ? 'begun' : 'new';
    return { run, state, seconds: secondsOf(isDense) };
  };
  return [
    ...[...dense.values()].map(({ run, config }) => planned(run, config.output, true)),
    ...jobs.map(({ run, directory }) => planned(run, directory, false)),
  ];
}

/** Rows of the dense runs, then those of the settings. Folders are the same wherever `runner` runs something. */
export async function runSweep(options: SweepOptions, runner: Runner): Promise<SweepRow[]> {
  const works = await worksOf(options);
  return aloneIn(options.out, () => runWorks(options, works, runner));
}

async function runWorks(options: SweepOptions, { dense, jobs }: Works, runner: Runner): Promise<SweepRow[]> {
  const { out } = options;
  const sweep = new Sweep(options, dense, runner);
  options.onPlan(dense.size + jobs.length);
  const rows = new Map<string, SweepRow>();
  const finish = async (row: SweepRow): Promise<void> => {
    rows.set(row.run, row);
    options.onDone(row);
    await writeRows(out, markFront([...rows.values()]));
  };
  await runPool(
    [
      ...[...dense.values()].map((run) => async () => finish(await sweep.runDense(run))),
      ...jobs.map((job) => async () => finish(await sweep.run(job))),
    ],
    runner.parallel,
  );
  const order = [...dense.values(), ...jobs].map(({ run }) => run);
  const sorted = markFront(order.map((run) => rows.get(run)!));
  await writeRows(out, sorted);
  return sorted;
}
