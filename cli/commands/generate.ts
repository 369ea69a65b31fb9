/** `generate`: writes the project's own sentences in GLUE's layout, for first steps without any download. */
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { wholeNumber } from '../options.js';

type GenerateOptions = OptionsOf<typeof OPTIONS>;

async function generate({ out, seed, train, dev }: GlobalOptions & GenerateOptions): Promise<void> {
  const { writeSynthetic } = await import('../../data/sources/synthetic.js');
  await writeSynthetic(out, { seed, train, dev });
  note(
    `wrote ${train} sentences for training and ${dev} for testing to ${out}/SST-2, in the layout of task sst2`,
  );
}

/** The grammar has far more sentences; drawing distinct ones stays fast below this. */
const MOST_SENTENCES = 100_000;

const OPTIONS = {
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder to write SST-2/train.tsv and dev.tsv into',
  },
  seed: {
    default: 1,
    coerce: wholeNumber('seed', 0, 2 ** 32 - 1),
    describe: 'Another seed, other sentences',
  },
  train: {
    default: 4000,
    coerce: wholeNumber('train', 1, MOST_SENTENCES),
    describe: 'Sentences for training',
  },
  dev: { default: 400, coerce: wholeNumber('dev', 1, MOST_SENTENCES), describe: 'Sentences for testing' },
} as const;

export const command = defineCommand({
  command: 'generate',
  describe: 'Write sentences with their sentiment, made by a grammar, in the layout of SST-2',
  options: OPTIONS,
  handler: generate,
});
