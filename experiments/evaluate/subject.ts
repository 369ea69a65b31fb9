/** What is evaluated: a model's task and classes, read before its weights, and the examples that suit it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Dataset, DatasetError, splitFourToOne } from '../../data/sources/dataset.js';
import { readGlue } from '../../data/sources/glue.js';
import { readLabelled } from '../../data/sources/own.js';
import {
  type GlueTask,
  type Split,
  type Task,
  type TaskName,
  taskOfModel,
  tasks,
} from '../../data/sources/tasks.js';
import type { TextFile } from '../../data/sources/text-rows.js';
import { DEFAULT_METHOD } from '../../methods/index.js';
import { readPublicPart } from '../../model/artifact/artifact-file.js';
import { readCheckpointHead } from '../../model/checkpoint/checkpoint.js';
import type { ModelConfig } from '../../model/config.js';
import { type LabelMap, mapLabels } from '../../model/label-map.js';
import { type TaskDescription, taskName } from '../../model/task.js';

/** What a model says about itself. */
export interface Subject {
  readonly task: TaskDescription | null;
  /** A checkpoint of others has the default method. */
  readonly method: { readonly name: string };
  readonly config: Pick<ModelConfig, 'labels' | 'problem'>;
}

/** A run's folder stands for its result. */
export function checkpointFolder(directory: string): string {
  const final = join(directory, 'final');
  return existsSync(final) ? final : directory;
}

/** Reads what an artifact or, without one, a checkpoint says about itself. */
export async function readSubject(
  artifact: string | undefined,
  checkpoint: string | undefined,
): Promise<Subject> {
  if (artifact !== undefined) return (await readPublicPart(artifact)).model;
  const { config, details } = await readCheckpointHead(checkpointFolder(checkpoint!));
  return { config, task: details?.task ?? null, method: { name: details?.method ?? DEFAULT_METHOD.name } };
}

/** For every class of the model the class of the data; those that the data do not have get one behind the last. */
export type ClassMapping = readonly number[];

/**
 * @throws LabelError or DatasetError if the model's outputs are not those of the task, by name
 */
export function mappingTo(task: Task, { config }: Subject, said: LabelMap | null): ClassMapping {
  if (config.problem !== task.problem)
    throw new DatasetError(
      `${task.name}: expected a model of ${task.problem}, got one of ${config.problem === 'multi-label' ? 'any set of labels, which has no single answer' : config.problem}`,
    );
  if (task.problem === 'regression') return [];
  return mapLabels(config.labels, task.labels, said).map((label) => label ?? task.labels.length);
}

export interface Examined {
  readonly dataset: Dataset;
  readonly mapping: ClassMapping;
  /** What was guessed of the file. */
  readonly notes: readonly string[];
}

export interface GlueRequest {
  /** Null: the model's own, if that is one of GLUE's. */
  readonly task: GlueTask | null;
  readonly directory: string;
  readonly split: Split;
  /** A fifth of the dev file, as a run with `data.splitDev` has it. */
  readonly fold: number | null;
  readonly limit: number | null;
  readonly maxBadRows: number | undefined;
}

export function glueTaskOf(subject: Subject): GlueTask {
  const name = subject.task?.name ?? '';
  if (Object.hasOwn(tasks, name)) return tasks[name as TaskName];
  throw new DatasetError(
    `expected --task, one of ${Object.keys(tasks).join(', ')}: the model is one for ${taskName(subject.task)}`,
  );
}

/** Examples of a GLUE task. */
export async function glueExamples(
  request: GlueRequest,
  subject: Subject,
  said: LabelMap | null,
): Promise<Examined> {
  const task = request.task ?? glueTaskOf(subject);
  const { directory, split, fold, limit, maxBadRows } = request;
  const mapping = mappingTo(task, subject, said);
  if (fold === null)
    return {
      dataset: await readGlue(directory, task.name, split, { limit, maxBadRows }),
      mapping,
      notes: [],
    };
  const whole = await readGlue(directory, task.name, 'dev', { maxBadRows });
  const part = splitFourToOne(whole.examples, fold)[split === 'test' ? 'dev' : split];
  return { dataset: { ...whole, split, examples: part.slice(0, limit ?? part.length) }, mapping, notes: [] };
}

/** The task of a file of one's own: the model's, with the classes as the file names them. */
function ownTask(subject: Subject, said: LabelMap | null): Task {
  const { labels, problem } = subject.config;
  const known = taskOfModel({ ...subject, task: subject.task ?? UNNAMED });
  const named = [...new Set(labels.map((label) => said?.get(label) ?? label))];
  return { ...known!, metrics: metricsFor(known!), labels: problem === 'classes' ? named : labels };
}

const UNNAMED: TaskDescription = { name: 'own', pair: null, metrics: [], columns: null, range: null };

/** Of a GLUE task's model on other data, and of a task's own metrics: what every file of classes is told of. */
const metricsFor = ({ metrics, problem }: Task): Task['metrics'] =>
  problem === 'classes' ? [...new Set([...metrics, 'accuracy', 'macroF1', 'matthews'] as const)] : metrics;

/** Of classes that nobody expected. */
const MOST_NAMED = 8;

/** What the file has and the model has not: which is which, only the user knows. */
function adviceOn(unknown: readonly string[], { config: { labels } }: Subject): string {
  const pairs = labels.map((label) => `${label}=…`).join(',');
  return `; where ${unknown.slice(0, MOST_NAMED).join(', ')} are the model's classes by other names, say which is which: --label-map "${pairs}"`;
}

/** Labelled rows of a file of one's own. Throws DatasetError for a model whose labels each hold or not: a file has one a row. */
export async function ownExamples(
  file: TextFile,
  subject: Subject,
  said: LabelMap | null,
  { limit, maxBadRows }: { readonly limit: number | null; readonly maxBadRows: number },
): Promise<Examined> {
  if (subject.config.problem === 'multi-label')
    throw new DatasetError(
      'expected a model with one answer a text, got one whose labels each hold or not (predict writes them)',
    );
  const task = ownTask(subject, said);
  const mapping = mappingTo(task, subject, said);
  const { notes, ...dataset } = await readLabelled(file, task, 'dev', maxBadRows, (unknown) =>
    adviceOn(unknown, subject),
  );
  return { dataset: { ...dataset, examples: dataset.examples.slice(0, limit ?? undefined) }, mapping, notes };
}
