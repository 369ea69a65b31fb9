/** `verify`: our float encoder against reference outputs of another implementation. */
import type { Argv } from 'yargs';
import { note } from '../../util/note.js';
import type { Command, GlobalOptions } from '../command.js';
import { print, printJson, printTable } from '../output.js';

interface VerifyOptions {
  readonly checkpoint: string;
  readonly reference: string;
  readonly tolerance: number;
  readonly backend: 'auto' | 'native' | 'tensorflow' | 'cpu';
  readonly json: boolean;
}

async function verifyCheckpoint(options: VerifyOptions): Promise<void> {
  const { readCheckpoint } = await import('../../model/checkpoint/checkpoint.js');
  const { resolveCheckpoint } = await import('../../model/checkpoint/hub.js');
  const { useBackend } = await import('../../training/backend/setup.js');
  const { verify } = await import('../../training/evaluate/verify.js');
  await useBackend(options.backend);
  const checkpoint = await readCheckpoint(await resolveCheckpoint(options.checkpoint));
  if (checkpoint.ignored.length > 0) note(`stored and not used: ${checkpoint.ignored.join(', ')}`);
  if (checkpoint.missing.length > 0) note(`not stored: ${checkpoint.missing.join(', ')}`);
  const result = await verify(checkpoint, options.reference, options.tolerance);
  const { cases, maxError, worst, layers, tolerance } = result;
  if (options.json) printJson(result);
  else {
    printTable(
      ['layer', 'largest error', 'of', 'text'],
      layers.map(({ layer, error, what, text }) => [layer, error.toExponential(1), what, text.slice(0, 40)]),
    );
    print(`${cases} texts, largest error ${maxError.toExponential(2)} (limit ${tolerance})`);
  }
  if (!(maxError <= tolerance))
    throw new Error(
      `verify: ${worst.layer}, ${worst.what} of "${worst.text}": expected an error of at most ${tolerance}, got ${maxError.toExponential(2)}`,
    );
}

export const command: Command<VerifyOptions> = {
  command: 'verify',
  describe: 'Compare our float encoder with reference outputs',
  builder: (yargs) =>
    yargs
      .option('checkpoint', {
        type: 'string',
        demandOption: true,
        describe: 'Checkpoint: a directory, or a name on the hub',
      })
      .option('reference', { type: 'string', demandOption: true, describe: 'Reference outputs (JSON)' })
      .option('tolerance', { type: 'number', default: 1e-4, describe: 'Largest error that passes' })
      .option('backend', {
        choices: ['auto', 'native', 'tensorflow', 'cpu'] as const,
        default: 'auto' as const,
        describe: 'auto is native: our kernels; tensorflow wants @tensorflow/tfjs-node to be installed',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'The result as JSON',
      }) as unknown as Argv<GlobalOptions & VerifyOptions>,
  handler: verifyCheckpoint,
};
