/** GLUE tasks from a hub, by name, in the parquet form in which it keeps them. */
import { fetchFromHub, HubError, type HubOptions } from '../../model/checkpoint/hub.js';
import { readBytes } from '../tables/encoding.js';
import { parquetObjects } from '../tables/parquet.js';
import { checkBadRows } from './bad-rows.js';
import { type Dataset, DatasetError, type Example, MalformedRowLog } from './dataset.js';
import { readNumber } from './labels.js';
import { type GlueTask, type Split, type TaskName, tasks } from './tasks.js';

const GLUE_REPOSITORY = 'nyu-mll/glue';

/** One row → an example, or the reason why it is none. */
function readRow(row: Record<string, unknown>, task: GlueTask, index: number): Example | string {
  const text = row[task.hub.text];
  const textPair = task.hub.textPair === null ? null : row[task.hub.textPair];
  if (typeof text !== 'string' || text.trim() === '') return `expected text in column ${task.hub.text}`;
  if (textPair !== null && (typeof textPair !== 'string' || textPair.trim() === ''))
    return `expected text in column ${task.hub.textPair}`;
  const label = readLabel(row.label, task);
  if (typeof label === 'string') return label;
  return { index, text: text.trim(), textPair: textPair?.trim() ?? null, label };
}

/** Test splits have -1: no label. */
function readLabel(stored: unknown, { labels, range }: GlueTask): number | null | string {
  const label = Number(stored);
  if (label === -1) return null;
  if (range !== null) return readNumber(String(stored), range);
  if (Number.isInteger(label) && label >= 0 && label < labels.length) return label;
  return `expected a label 0-${labels.length - 1}, got ${String(stored)}`;
}

/** Reads a split of a task by name, fetching what the cache lacks. Throws DatasetError or HubError. */
export async function readHubSplit(
  name: TaskName,
  split: Split,
  options: HubOptions & { readonly maxBadRows?: number | undefined } = {},
  repository = GLUE_REPOSITORY,
): Promise<Dataset> {
  const task = tasks[name];
  const prefix = `${task.hub.name}/${task.hub.splits[split]}-`;
  const choose = (paths: readonly string[]): string[] => {
    const chosen = paths.filter((path) => path.startsWith(prefix) && path.endsWith('.parquet'));
    if (chosen.length === 0)
      throw new HubError(`hub: dataset ${repository}: expected files ${prefix}*.parquet, got none`);
    return chosen;
  };
  const { paths } = await fetchFromHub({ kind: 'dataset', name: repository }, choose, options);
  const examples: Example[] = [];
  const malformed = new MalformedRowLog();
  let index = 0;
  for (const file of paths) {
    const rows = await parquetObjects(await readBytes(file), file);
    rows.forEach((row, at) => {
      const example = readRow(row, task, index++);
      if (typeof example === 'string') malformed.add({ file, line: at + 1, reason: example });
      else examples.push(example);
    });
  }
  const { count, first } = malformed;
  checkBadRows(`dataset ${repository}`, examples.length + count, { count, first }, options.maxBadRows);
  if (examples.length === 0) throw new DatasetError(`dataset ${repository}: no usable row for ${name}`);
  return { task, split, examples, malformed: { count, first } };
}
