/** `export`: a trained checkpoint → an artifact that serve and infer read. */
import type { Argv } from 'yargs';
import type { FileFormat } from '../../config/schema.js';
import { exportModel } from '../../index.js';
import { DEFAULT_SCHEDULE_QUANTILE } from '../../training/export/schedule-quantile.js';
import { note } from '../../util/note.js';
import type { Command, GlobalOptions } from '../command.js';
import { fraction, wholeNumber } from '../options.js';
import { print, printJson, printTable } from '../output.js';
import { columnOptions, formatOption } from '../own-data-options.js';
import { readTexts, type TextInput } from '../texts.js';

interface ExportOptions {
  readonly checkpoint: string;
  readonly out: string;
  readonly weightBits?: number;
  readonly embeddingBits?: number;
  readonly opens: 'schedule' | 'counts';
  readonly scheduleQuantile: number;
  readonly calibrate?: string;
  readonly text?: string;
  readonly textPair?: string;
  readonly format?: FileFormat;
  readonly data?: string;
  readonly json: boolean;
}

/** The texts of a file, of whatever format. */
async function readCalibration(
  file: string,
  { text, textPair, format }: ExportOptions,
): Promise<readonly TextInput[]> {
  const asked = { text: text ?? null, textPair: textPair ?? null, label: null };
  const { inputs, notes } = await readTexts({ file, format, asked });
  for (const line of notes) note(line);
  return inputs;
}

async function exportCheckpoint(options: ExportOptions): Promise<void> {
  const { calibrate } = options;
  const calibration = calibrate === undefined ? undefined : await readCalibration(calibrate, options);
  const result = await exportModel({ ...options, calibration });
  for (const { name, value, limit } of result.warnings)
    note(
      `warning: ${name} reaches ${value.toFixed(1)}, the fixed-point ring holds less than ${limit}: it will saturate`,
    );
  if (options.json) {
    const { out: artifact, parts: _, ...report } = result;
    printJson({ artifact, ...report });
    return;
  }
  printTable(
    ['tensor', 'bits', 'fraction', 'saturated', 'error'],
    result.tensors.map((t) => [
      t.name,
      t.weightBits,
      t.fractionBits,
      `${t.saturated} of ${t.numbers}`,
      `${(100 * t.relativeError).toFixed(2)}%`,
    ]),
  );
  print(`${options.out}: ranges measured on ${result.calibrationTexts} texts`);
}

export const command: Command<ExportOptions> = {
  command: 'export',
  describe: 'Turn a trained checkpoint into an artifact',
  builder: (yargs) =>
    yargs
      .option('checkpoint', {
        type: 'string',
        demandOption: true,
        describe: 'Checkpoint, or the folder of a run',
      })
      .option('out', { type: 'string', demandOption: true, describe: 'Folder of the artifact' })
      .option('weight-bits', {
        coerce: optionalBits('weight-bits'),
        describe: 'Bits of the weights, 4 to 16',
      })
      .option('embedding-bits', {
        coerce: optionalBits('embedding-bits'),
        describe: 'Bits of the word vectors, 4 to 16',
      })
      .option('opens', {
        choices: ['schedule', 'counts'] as const,
        default: 'schedule' as const,
        describe:
          'What runs of the model open beside the answer: nothing, since public numbers of tokens stay in each layer (schedule), or how ' +
          'many tokens the thresholds keep (counts)',
      })
      .option('schedule-quantile', {
        type: 'string',
        default: String(DEFAULT_SCHEDULE_QUANTILE),
        describe: 'Of the schedule: this share of the texts keeps no more tokens by the thresholds',
        coerce: fraction('schedule-quantile'),
      })
      .option('calibrate', {
        type: 'string',
        describe:
          'Texts to measure ranges on: .txt, .csv, .tsv, .jsonl, .json or .parquet; by default a sample of the training data',
      })
      .option('text', columnOptions.text)
      .option('text-pair', columnOptions['text-pair'])
      .option('format', formatOption)
      .option('data', { type: 'string', describe: "Folder with GLUE's TSV files, if it has moved" })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'The report as JSON',
      }) as unknown as Argv<GlobalOptions & ExportOptions>,
  handler: exportCheckpoint,
};

function optionalBits(name: string): (value: unknown) => number | undefined {
  return (value) => (value === undefined ? undefined : wholeNumber(name, 4, 16)(value));
}
