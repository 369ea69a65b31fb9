/** `verify`: our float encoder against reference outputs of another implementation. */
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { backendOption } from '../model-options.js';
import { print, printJson, printTable } from '../output.js';

type VerifyOptions = OptionsOf<typeof OPTIONS>;

/** The table or the object, then an error if one logit is too far off; other ids are told, which are the other library's affair. */
async function verifyOnnx(
  checkpoint: Checkpoint,
  folder: string,
  { text, tolerance, json }: VerifyOptions,
): Promise<void> {
  const { verifyAgainstOnnx } = await import('../../training/evaluate/verify-onnx.js');
  const comparisons = await verifyAgainstOnnx(checkpoint, folder, text);
  const maxError = Math.max(...comparisons.map(({ error }) => error));
  const other = comparisons.filter(({ sameIds }) => !sameIds).length;
  if (json) printJson({ cases: comparisons.length, tolerance, maxError, otherIds: other, comparisons });
  else {
    printTable(
      ['text', 'ids', 'logits differ by'],
      comparisons.map((row) => [
        row.text.slice(0, 40),
        row.sameIds ? 'the same' : 'others',
        row.error.toExponential(1),
      ]),
    );
    print(
      `${comparisons.length} texts, ${other} with other ids, largest error ${maxError.toExponential(2)} (limit ${tolerance})`,
    );
  }
  if (!(maxError <= tolerance))
    throw new Error(
      `verify: logits: expected a difference of at most ${tolerance} from the ONNX model, got ${maxError.toExponential(2)}`,
    );
}

async function verifyCheckpoint(options: VerifyOptions): Promise<void> {
  if ((options.reference === undefined) === (options.againstOnnx === undefined))
    throw new UsageError('verify: expected either --reference FILE or --against-onnx FOLDER');
  const { readCheckpoint } = await import('../../model/checkpoint/checkpoint.js');
  const { resolveCheckpoint } = await import('../../model/checkpoint/hub.js');
  const { useBackend } = await import('../../training/backend/setup.js');
  const { verify } = await import('../../training/evaluate/verify.js');
  await useBackend(options.backend);
  const checkpoint = await readCheckpoint(await resolveCheckpoint(options.checkpoint));
  if (checkpoint.ignored.length > 0) note(`stored and not used: ${checkpoint.ignored.join(', ')}`);
  if (checkpoint.missing.length > 0) note(`not stored: ${checkpoint.missing.join(', ')}`);
  if (options.againstOnnx !== undefined) return verifyOnnx(checkpoint, options.againstOnnx, options);
  const result = await verify(checkpoint, options.reference!, options.tolerance);
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

const OPTIONS = {
  checkpoint: {
    type: 'string',
    demandOption: true,
    describe: 'Checkpoint: a directory, or a name on the hub',
  },
  reference: { type: 'string', describe: 'Reference outputs (JSON)', requiresArg: true },
  'against-onnx': {
    type: 'string',
    requiresArg: true,
    describe:
      'Folder of the same model with onnx/model.onnx: compares with the ONNX pipeline of @xenova/transformers, where that is installed',
  },
  text: {
    type: 'string',
    array: true,
    describe: 'With --against-onnx: texts to compare on; by default a few of our own',
  },
  tolerance: { type: 'number', default: 1e-4, describe: 'Largest error that passes' },
  backend: backendOption,
  json: {
    type: 'boolean',
    default: false,
    describe: 'The result as JSON',
  },
} as const;

export const command = defineCommand({
  command: 'verify',
  describe: 'Compare our float encoder with reference outputs',
  options: OPTIONS,
  handler: verifyCheckpoint,
});
