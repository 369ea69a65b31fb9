/** `insecure-compare`: every operation of both parties against the cleartext backend, with the shares in the clear. */
import type { Argv } from 'yargs';
import type { Command, GlobalOptions } from '../commands.js';
import { jsonOption } from '../model-options.js';
import { note, print, printJson, printTable } from '../output.js';
import { readTexts } from '../texts.js';

interface InsecureCompareOptions {
  readonly artifact: string;
  readonly text: string;
  readonly textPair?: string | undefined;
  readonly json: boolean;
}

async function run(options: GlobalOptions & InsecureCompareOptions): Promise<void> {
  note('INSECURE: both parties run here and their shares are put together. For debugging only.');
  const [input] = await readTexts(options);
  const { compareInsecurely } = await import('../../inference/run/compare-parties.js');
  const report = await compareInsecurely(options.artifact, input!.text, input!.textPair);
  if (options.json) printJson(report);
  else {
    const rows = report.places.map(({ place, operations, elements, truncationDifference, mismatches }) => [
      place,
      operations,
      elements,
      truncationDifference,
      mismatches.length,
    ]);
    printTable(['place', 'operations', 'elements', 'largest truncation difference', 'mismatches'], rows);
    print(`logits: private ${report.logits.join(', ')}; cleartext ${report.cleartextLogits.join(', ')}`);
  }
  const mismatches = report.places.flatMap((place) => place.mismatches);
  if (mismatches.length > 0)
    throw new Error(`${mismatches.length} operations differ; the first: ${mismatches[0]}`);
  if (report.label !== report.cleartextLabel)
    throw new Error(`the private label is ${report.label}, the cleartext label ${report.cleartextLabel}`);
}

export const command: Command<InsecureCompareOptions> = {
  command: 'insecure-compare',
  describe: 'INSECURE, for debugging: compare every private operation with plaintext, shares in the clear',
  builder: (yargs: Argv<GlobalOptions>) =>
    yargs.options({
      artifact: { type: 'string', demandOption: true, describe: 'Folder of the exported model' },
      text: { type: 'string', demandOption: true, describe: 'A text; both parties see it here' },
      'text-pair': { type: 'string', describe: 'The second text of a pair' },
      json: jsonOption,
    }) as unknown as Argv<GlobalOptions & InsecureCompareOptions>,
  handler: run,
};
