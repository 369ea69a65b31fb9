/** `evaluate --queue`: the examples in parts, for workers. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Evaluation, ExampleRow } from '../experiments/evaluate/evaluation.js';
import type { Task } from '../data/sources/tasks.js';
import type { LabelMap } from '../model/label-map.js';
import { codeDigest } from '../util/code-digest.js';
import { filesStamp } from '../util/files-stamp.js';
import { progressBar } from './output.js';
import { openRunner } from './queue-options.js';

/** What of the command says where model and data are, and how they are evaluated. */
export interface EvaluatedBy {
  readonly artifact?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly data?: string | undefined;
  readonly file?: string | undefined;
  readonly task?: { readonly name: string } | undefined;
  readonly text?: string | undefined;
  readonly textPair?: string | undefined;
  readonly label?: string | undefined;
  readonly format?: string | undefined;
  readonly maxBadRows?: number | undefined;
  readonly labelMap?: LabelMap | undefined;
  readonly split: string;
  readonly fold?: number | undefined;
  readonly batch: number;
  readonly cots: string;
  readonly warm: number;
  readonly privateEmbedding: boolean;
  readonly timeout: number;
}

type Word = string | number | boolean | undefined;

/** The same command for anybody else. */
function wordsOf(options: EvaluatedBy, backend: string): string[] {
  const path = (name: string | undefined): Word => (name === undefined ? undefined : resolve(name));
  const { labelMap } = options;
  const values: Readonly<Record<string, Word>> = {
    artifact: path(options.artifact),
    checkpoint: path(options.checkpoint),
    data: path(options.data),
    file: path(options.file),
    task: options.task?.name,
    text: options.text,
    'text-pair': options.textPair,
    label: options.label,
    format: options.format,
    'max-bad-rows': options.maxBadRows,
    'label-map': labelMap && [...labelMap].map(([from, to]) => `${from}=${to}`).join(','),
    split: options.file === undefined ? options.split : undefined,
    fold: options.fold,
    backend,
    batch: options.batch,
    cots: options.cots,
    warm: options.warm,
    'private-embedding': options.privateEmbedding,
    timeout: options.timeout,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
}

export interface PartedEvaluation {
  readonly task: Task;
  readonly backend: string;
  readonly examples: number;
  /** Examples of a part. */
  readonly part: number;
  readonly queue: string;
  readonly attempts: number;
}

export async function evaluateByWorkers(
  options: EvaluatedBy,
  { task, backend, examples, part, ...handed }: PartedEvaluation,
): Promise<{ readonly rows: readonly ExampleRow[]; readonly evaluation: Evaluation }> {
  const { evaluateInParts } = await import('../experiments/evaluate/in-parts.js');
  const { artifact, checkpoint, data, file } = options;
  const read = [artifact, checkpoint, data, file].filter((path) => path !== undefined && existsSync(path));
  // After a failure the same command takes up the parts that are done, as long as it would read the same.
  const stamp = `${codeDigest()} ${await filesStamp(read as string[])}`;
  const runner = await openRunner(handed, artifact ?? checkpoint ?? '.', 1, stamp);
  const progress = progressBar(`evaluate ${backend}`, examples);
  try {
    return await evaluateInParts({
      task,
      args: ['evaluate', ...wordsOf(options, backend)],
      examples,
      size: part,
      runner,
      onPart: (rows) => progress.advance(rows.length),
      onLine: (line) => progress.advance(0, line),
    });
  } finally {
    progress.stop();
    await runner.close();
  }
}
