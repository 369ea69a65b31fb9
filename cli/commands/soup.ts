/** `soup`: the runs of several seeds → a run whose model is the mean of theirs. */
import { join, resolve } from 'node:path';
import { UsageError } from '../../util/errors.js';
import { checkWritable } from '../../util/make-directory.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { print, printJson } from '../output.js';

type SoupOptions = OptionsOf<typeof OPTIONS>;

async function makeSoup({ runs, out, json }: SoupOptions): Promise<void> {
  if (runs.length < 2) throw new UsageError(`--runs: expected two or more, got ${runs.length}`);
  if (runs.some((run) => resolve(run) === resolve(out)))
    throw new UsageError(`--out: expected a folder of its own, got one of the runs, ${out}`);
  const { readCheckpoint, writeCheckpoint } = await import('../../model/checkpoint/checkpoint.js');
  const { RunFolder } = await import('../../training/loop/run-folder.js');
  const { soup } = await import('../../training/distil/soup.js');
  const { readRunConfig } = await import('../../training/loop/run-config.js');
  const folder = new RunFolder(out);
  await checkWritable(out);
  folder.checkEmpty('another --out');
  const config = await readRunConfig(runs[0]!);
  const finals = runs.map((run) => join(run, 'final'));
  const checkpoints = await Promise.all(finals.map((final) => readCheckpoint(final)));
  const mean = soup(checkpoints.map((checkpoint, i) => ({ from: finals[i]!, checkpoint })));
  await folder.start({ ...config, name: `${config.name}, mean of ${runs.length} models`, output: out });
  await writeCheckpoint(folder.final, mean);
  if (json) printJson({ checkpoint: folder.final, runs });
  else
    print(
      `the mean of ${runs.length} models: ${folder.final}; cipherprune measure --run ${out} says what it is worth`,
    );
}

const OPTIONS = {
  runs: {
    type: 'string',
    array: true,
    demandOption: true,
    describe: 'Folders of runs of one task, two or more; the first lends its configuration',
  },
  out: { type: 'string', demandOption: true, describe: 'Folder of the new run' },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'soup',
  describe:
    'Make one model of those of several runs, for example of several seeds: the mean of their weights',
  options: OPTIONS,
  handler: makeSoup,
});
