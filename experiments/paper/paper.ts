/** Makes the paper: the points that are missing, then every table and figure from those that are there. */
import { cpus, totalmem } from 'node:os';
import type { ModelName } from '../../bench/model-sizes.js';
import { aloneIn } from '../../util/alone-in.js';
import { codeDigest } from '../../util/code-digest.js';
import { checkWritable } from '../../util/make-directory.js';
import { packageVersion } from '../../util/package-file.js';
import type { SweepRow } from '../sweep/results-file.js';
import type { Runner } from '../work/runner.js';
import type { Part } from './block.js';
import { makePoints, missing } from './make-points.js';
import type { KeptPoint, Point } from './point.js';
import { PointsFile } from './points-file.js';
import { PUBLISHED } from './published.js';
import { Results } from './results.js';
import type { Section, Shapes } from './section.js';
import {
  type AccuracyOptions,
  type Trained,
  type Training,
  train,
  trainingSeconds,
  trainingsOf,
} from './trained.js';
import { writePaper } from './write-paper.js';

export interface PaperOptions extends AccuracyOptions {
  readonly sections: readonly Section[];
  readonly shapes: Shapes;
  /** Trainings are made where there are data, or where made-up texts will do. */
  readonly trains: boolean;
  readonly onPlan: (plan: PaperPlan) => void;
  readonly onLine: (name: string, line: string) => void;
  readonly onPoint: (kept: KeptPoint) => void;
  readonly onRow: (row: SweepRow) => void;
}

export interface PaperPlan {
  /** To be made now, and already there. */
  readonly points: number;
  readonly kept: number;
  readonly trainings: number;
  /** Of all that is to be made, one after the other on this machine; null where trainings cannot be estimated. */
  readonly seconds: number | null;
}

export interface Paper {
  readonly files: readonly string[];
  readonly points: { readonly done: number; readonly failed: readonly string[] };
  readonly trained: readonly Trained[];
  readonly parts: readonly Part[];
}

/** A small form of it, on the smallest shapes. */
export const QUICK: Shapes = {
  models: ['bert-tiny' as ModelName],
  model: 'bert-tiny',
  tokens: 16,
  lengths: [8, 16, 32],
  longestSeconds: 6,
};

export const WHOLE: Shapes = {
  models: ['bert-medium', 'bert-base', 'bert-large'],
  model: 'bert-base',
  tokens: 128,
  lengths: [32, 64, 128, 256, 512],
  longestSeconds: 120,
};

async function planOf(
  points: readonly Point[],
  file: PointsFile,
  trainings: readonly Training[],
): Promise<PaperPlan> {
  const open = missing(points, file);
  const times = [
    ...open.map(({ seconds }) => seconds),
    ...(await Promise.all(trainings.map(trainingSeconds))),
  ];
  const known = times.filter((time) => time !== null);
  return {
    points: open.length,
    kept: new Set(points.map(({ id }) => id)).size - open.length,
    trainings: trainings.length,
    seconds: known.length < times.length ? null : known.reduce((sum, time) => sum + time, 0),
  };
}

function aboutOf(): string[] {
  const [processor] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return [
    `Made by cipherprune ${packageVersion()} on ${new Date().toISOString().slice(0, 10)}; runs on ${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}) and ${gigabytes} GB of memory. Every point is a line of points.jsonl with its command. What was not measured is empty.`,
    `Published figures, marked as such: ${[...new Set(PUBLISHED.map(({ source }) => source))].join('; ')}.`,
  ];
}

/** @throws OutputError if nothing can be written to `out` */
export async function makePaper(options: PaperOptions, runner: Runner): Promise<Paper> {
  await checkWritable(options.out);
  return aloneIn(options.out, () => makeIn(options, runner));
}

async function makeIn(options: PaperOptions, runner: Runner): Promise<Paper> {
  const { out, sections, shapes } = options;
  const code = codeDigest();
  const file = await PointsFile.open(out, code);
  const points = (await Promise.all(sections.map((section) => section.points(shapes)))).flat();
  const wantsTraining = options.trains && sections.some(({ trains = false }) => trains);
  const trainings = wantsTraining ? await trainingsOf(options, options) : [];
  options.onPlan(await planOf(points, file, trainings));
  const { onPoint, onLine } = options;
  await makePoints(points, file, { runner, code, onPoint, onLine: ({ id }, line) => onLine(id, line) });
  const trained: Trained[] = [];
  for (const training of trainings) trained.push(await train(training, runner));
  const results = new Results(file, trained);
  const parts = sections.map(({ title, blocks }): Part => ({ title, blocks: blocks(shapes, results) }));
  const ids = [...new Set(points.map(({ id }) => id))];
  const failed = ids.filter((id) => file.get(id)?.status === 'failed');
  return {
    files: [
      file.path,
      ...(await writePaper(
        out,
        aboutOf(),
        parts.filter(({ blocks }) => blocks.length > 0),
      )),
    ],
    points: { done: ids.length - failed.length, failed },
    trained,
    parts,
  };
}
