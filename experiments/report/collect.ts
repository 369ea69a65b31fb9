/** Reads what train, measure, sweep and evaluate wrote below a folder. Whatever is missing is left out and noted. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { readJsonLines } from '../../util/json-lines.js';
import { type RunResult, readResult, type TokenLine, tokensFile } from '../measure/run-result.js';
import { readSweep, type SweepRow } from '../sweep/results-file.js';

/** What the report needs of a step in metrics.jsonl. */
export interface StepPoint {
  readonly phase: string;
  /** Over all phases: 0-1 those before masks, 1-2 soft, 2-3 hard. */
  readonly time: number;
  readonly loss: number;
  readonly taskLoss: number;
  readonly thresholds: readonly { readonly prune: number; readonly reduce: number }[] | null;
}

export interface EvaluationPoint {
  readonly phase: string;
  readonly time: number;
  readonly score: number;
  readonly loss: number;
  readonly meanKeptRatio: number;
}

export interface Run {
  /** The path below the report's folder. */
  readonly name: string;
  /** Null if neither its result nor its configuration says it. */
  readonly task: string | null;
  readonly steps: readonly StepPoint[];
  readonly evaluations: readonly EvaluationPoint[];
  readonly result: RunResult | null;
  readonly tokens: readonly TokenLine[];
}

/** The output of `evaluate --json` that lies in a file. */
export interface EvaluationFile {
  readonly file: string;
  readonly task: string;
  readonly backend: string;
  readonly examples: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly meanKeptRatio: number;
}

export interface Collected {
  readonly directory: string;
  readonly runs: readonly Run[];
  readonly sweep: readonly SweepRow[];
  readonly evaluations: readonly EvaluationFile[];
  readonly notes: readonly string[];
}

const DEPTH = 4;

interface MetricsLine {
  readonly event: 'step' | 'evaluation';
  readonly phase: string;
  readonly progress: number;
  readonly loss: number;
  readonly taskLoss: number;
  readonly thresholds: StepPoint['thresholds'];
  readonly metrics: Readonly<Record<string, number>>;
  readonly meanKeptRatio: number;
}

/** Phases before masks share the time of one. */
function timesOf(lines: readonly MetricsLine[]): (line: MetricsLine) => number {
  const before = ['dense', 'layers', 'answers'].filter((name) => lines.some(({ phase }) => phase === name));
  return ({ phase, progress }) => {
    const done = Math.min(1, progress);
    if (phase === 'soft' || phase === 'hard') return done + (phase === 'soft' ? 1 : 2);
    return (before.indexOf(phase) + done) / before.length;
  };
}

/** As run.json says it. */
async function configuredTask(directory: string): Promise<string | null> {
  const { task } = JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as {
    task?: string | { name?: string };
  };
  return typeof task === 'string' ? task : (task?.name ?? null);
}

async function readRun(root: string, directory: string): Promise<Run> {
  const file = join(directory, 'metrics.jsonl');
  const lines = existsSync(file) ? await readJsonLines<MetricsLine>(file) : [];
  const timeOf = timesOf(lines);
  const result = await readResult(directory);
  return {
    name: relative(root, directory) || basename(directory),
    task: result?.task ?? (await configuredTask(directory)),
    steps: lines
      .filter(({ event }) => event === 'step')
      .map((line) => ({ ...line, time: timeOf(line) }))
      .map(({ phase, time, loss, taskLoss, thresholds }) => ({ phase, time, loss, taskLoss, thresholds })),
    evaluations: lines
      .filter(({ event }) => event === 'evaluation')
      .map((line) => ({
        phase: line.phase,
        time: timeOf(line),
        score: Object.values(line.metrics)[0] ?? 0,
        loss: line.loss,
        meanKeptRatio: line.meanKeptRatio,
      })),
    result,
    tokens: existsSync(tokensFile(directory)) ? await readJsonLines<TokenLine>(tokensFile(directory)) : [],
  };
}

async function readEvaluation(root: string, file: string): Promise<EvaluationFile | null> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<EvaluationFile>;
    const { task, backend, examples, metrics, meanKeptRatio } = value;
    if (!task || !backend || !metrics || examples === undefined) return null;
    return {
      file: relative(root, file),
      task,
      backend,
      examples,
      metrics,
      meanKeptRatio: meanKeptRatio ?? 1,
    };
  } catch {
    return null;
  }
}

/** Folders of models and checkpoints, which hold no runs. */
const CLOSED = new Set(['checkpoint', 'final', 'artifact', 'node_modules', 'interim']);

class Collector {
  readonly runs: Run[] = [];
  readonly evaluations: EvaluationFile[] = [];

  constructor(private readonly root: string) {}

  async visit(directory: string, depth = 0): Promise<void> {
    const isRun = existsSync(join(directory, 'run.json'));
    if (isRun) this.runs.push(await readRun(this.root, directory));
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        // A run's own dense/ and exact/ are models.
        const closed =
          CLOSED.has(entry.name) || (isRun && (entry.name === 'dense' || entry.name === 'exact'));
        if (depth < DEPTH && !closed) await this.visit(path, depth + 1);
      } else if (entry.name.endsWith('.json')) {
        const evaluation = await readEvaluation(this.root, path);
        if (evaluation) this.evaluations.push(evaluation);
      }
    }
  }
}

function notesOf(runs: readonly Run[], sweep: readonly SweepRow[]): string[] {
  const notes: string[] = [];
  const without = runs.filter(({ result }) => result === null).map(({ name }) => name);
  if (without.length > 0)
    notes.push(
      `Not measured, so without costs and kept tokens: ${without.join(', ')} (cipherprune measure --run DIR).`,
    );
  if (runs.some(({ result }) => result !== null && result.fixedPoint === null))
    notes.push('Fixed-point accuracy is missing for some runs (measure --evaluate).');
  for (const row of sweep) if (row.status === 'failed') notes.push(`${row.run} failed: ${row.error}`);
  return notes;
}

/** @throws Error if there is nothing to report on */
export async function collect(directory: string): Promise<Collected> {
  if (!existsSync(directory)) throw new Error(`report: ${directory}: expected a folder, found none`);
  const collector = new Collector(directory);
  await collector.visit(directory);
  const runs = collector.runs.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const { evaluations } = collector;
  if (runs.length + evaluations.length === 0)
    throw new Error(`report: ${directory}: expected folders of runs (with run.json) below it, found none`);
  const sweep = await readSweep(directory);
  return { directory, runs, sweep, evaluations, notes: notesOf(runs, sweep) };
}
