/** Texts without labels: what a fine-tuned model is adapted on. */
import type { RunConfig } from '../../config/schema.js';
import { checkBadRows } from './bad-rows.js';
import { type Dataset, type Example, MalformedRowLog } from './dataset.js';
import { DatasetError } from './dataset-error.js';
import { holdOut } from './hold-out.js';
import { DEFAULT_METRICS, type Task } from './tasks.js';
import { type ReadTexts, readTextRows } from './text-rows.js';

type TextsOf = Pick<RunConfig, 'task' | 'data'>;

function readTexts({ data }: TextsOf, file: string | null): Promise<ReadTexts> {
  if (file === null)
    throw new DatasetError('data.source texts: expected data.train, a file of texts, got none');
  const asked = { text: data.text, textPair: data.textPair, label: null };
  return readTextRows({ file, format: data.format, asked });
}

/** The task whose classes a configuration names, with one text or two as the file has. Throws DatasetError. */
export async function taskOfTexts(config: TextsOf): Promise<Task> {
  const { task } = config;
  if (typeof task === 'string' || !task.labels)
    throw new DatasetError('data.source texts: expected a task with the labels of the model that answers');
  const { name, problem, labels, metrics, range } = task;
  const { columns } = await readTexts(config, config.data.train);
  const pair = columns.textPair !== null;
  return { name, problem, labels, metrics: metrics ?? DEFAULT_METRICS[problem], columns: null, pair, range };
}

async function examplesOf(
  config: TextsOf,
  file: string | null,
): Promise<Pick<Dataset, 'examples' | 'malformed'>> {
  const { table, rows } = await readTexts(config, file);
  const malformed = new MalformedRowLog();
  const examples: Example[] = [];
  for (const { fault, line, index, text, textPair } of rows)
    if (fault !== null) malformed.add({ file: table.file, line, reason: fault });
    else examples.push({ index, text, textPair, label: null });
  checkBadRows(table.file, rows.length, malformed, config.data.maxBadRows);
  if (examples.length === 0) throw new DatasetError(`${table.file}: no usable row`);
  return { examples, malformed: { count: malformed.count, first: malformed.first } };
}

/** The train or dev part of a run's texts; without a file for the latter a share is held out. */
export async function readUnlabelled(config: TextsOf, split: 'train' | 'dev'): Promise<Dataset> {
  const { data } = config;
  const task = await taskOfTexts(config);
  if (split === 'dev' && data.dev !== null) return { task, split, ...(await examplesOf(config, data.dev)) };
  const whole = await examplesOf(config, data.train);
  if (data.dev !== null) return { task, split, ...whole };
  const parts = holdOut(whole.examples, { share: data.devShare, seed: data.splitSeed, isStratified: false });
  return { task, split, ...whole, examples: parts[split] };
}
