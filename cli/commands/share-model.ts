/** `share-model`: an artifact as three folders, one for each node of three parties. */
import { defineCommand, type OptionsOf } from '../command.js';
import { DEFAULT_SUITE, SUITES } from '../../inference/core/suite.js';
import { jsonOption } from '../model-options.js';
import { print, printJson } from '../output.js';

type ShareModelOptions = OptionsOf<typeof OPTIONS>;

async function run({ artifact, out, suite, json }: ShareModelOptions): Promise<void> {
  const { readArtifact } = await import('../../model/artifact/artifact-file.js');
  const { shareModel } = await import('../../inference/three-party/share-model.js');
  const sharing = await shareModel(await readArtifact(artifact), out, suite);
  if (json) printJson({ artifact, out, sharing, suite, nodes: [0, 1, 2].map((node) => `${out}/${node}`) });
  else {
    print(`${out}/0, ${out}/1, ${out}/2: sharing ${sharing}`);
    print('Give each node its folder and no other: two folders together are the model.');
  }
}

const OPTIONS = {
  artifact: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the exported model',
    requiresArg: true,
  },
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder for the three folders 0, 1, 2',
    requiresArg: true,
  },
  suite: {
    choices: SUITES,
    default: DEFAULT_SUITE,
    describe:
      'Symmetric cryptography of the shares and among the nodes: aes, or chacha for nodes without AES instructions',
  },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'share-model',
  describe: 'Share a model among three nodes, so that no one of them can read it',
  options: OPTIONS,
  handler: run,
});
