/** The data of a run, from whichever source its configuration names. */
import type { RunConfig } from '../configs/schema.js';
import { type Dataset, DatasetError, splitFourToOne } from './dataset.js';
import { readGlue } from './glue.js';
import { generateSynthetic } from './synthetic.js';

const none = { count: 0, first: [] };

export type LoadOptions = Pick<RunConfig, 'task' | 'data' | 'seed'>;

async function loadAll({ task, data, seed }: LoadOptions, split: 'train' | 'dev'): Promise<Dataset> {
  if (data.source === 'synthetic') {
    if (task !== 'sst2') throw new DatasetError(`data.source synthetic: expected task sst2, got ${task}`);
    const generated = generateSynthetic({ seed, train: data.syntheticTrain, dev: data.syntheticDev });
    return { task, split, examples: generated[split], malformed: none };
  }
  if (data.splitDev) {
    const whole = await readGlue(data.directory, task, 'dev');
    return { ...whole, split, examples: splitFourToOne(whole.examples)[split] };
  }
  return readGlue(data.directory, task, split);
}

/** Reads the train or dev split of a run, cut to its limit. Throws DatasetError. */
export async function loadSplit(options: LoadOptions, split: 'train' | 'dev'): Promise<Dataset> {
  const dataset = await loadAll(options, split);
  const limit = split === 'train' ? options.data.trainLimit : options.data.devLimit;
  return limit === null ? dataset : { ...dataset, examples: dataset.examples.slice(0, limit) };
}
