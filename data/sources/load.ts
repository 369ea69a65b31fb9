/** The data of a run, from whichever source its configuration names. */
import type { RunConfig } from '../../config/schema.js';
import { nameOfTask } from '../../config/schema.js';
import { type Dataset, DatasetError, splitFourToOne } from './dataset.js';
import { readGlue } from './glue.js';
import { readHubSplit } from './hub-dataset.js';
import { readOwn } from './own.js';
import { generateSynthetic } from './synthetic.js';
import { resolveTask } from './tasks.js';
import { readUnlabelled } from './unlabelled.js';

const none = { count: 0, first: [] };

export type LoadOptions = Pick<RunConfig, 'task' | 'data'>;

async function loadAll({ task, data }: LoadOptions, split: 'train' | 'dev'): Promise<Dataset> {
  if (data.source === 'synthetic') {
    if (task !== 'sst2')
      throw new DatasetError(`data.source synthetic: expected task sst2, got ${nameOfTask(task)}`);
    const generated = generateSynthetic({
      seed: data.syntheticSeed,
      train: data.syntheticTrain,
      dev: data.syntheticDev,
    });
    return { task: resolveTask(task), split, examples: generated[split], malformed: none };
  }
  if (data.source === 'files') return readOwn({ task, data }, split);
  if (data.source === 'texts') return readUnlabelled({ task, data }, split);
  if (typeof task !== 'string')
    throw new DatasetError(`data.source ${data.source}: expected the name of a GLUE task, got ${task.name}`);
  const read = (from: 'train' | 'dev'): Promise<Dataset> =>
    data.source === 'hub'
      ? readHubSplit(task, from, { maxBadRows: data.maxBadRows }, data.repository)
      : readGlue(data.directory, task, from, { maxBadRows: data.maxBadRows });
  if (!data.splitDev) return read(split);
  const whole = await read('dev');
  return { ...whole, split, examples: splitFourToOne(whole.examples, data.fold)[split] };
}

/** Reads the train or dev split of a run, cut to its limit. Throws DatasetError. */
export async function loadSplit(options: LoadOptions, split: 'train' | 'dev'): Promise<Dataset> {
  const dataset = await loadAll(options, split);
  const limit = split === 'train' ? options.data.trainLimit : options.data.devLimit;
  return limit === null ? dataset : { ...dataset, examples: dataset.examples.slice(0, limit) };
}
