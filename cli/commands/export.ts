/** `export`: a trained checkpoint → an artifact that serve and infer read. */
import { exportModel } from '../../index.js';
import { DEFAULT_SCHEDULE_QUANTILE, KEEP_SCHEDULE_QUANTILE } from '../../config/schedule-quantile.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import type { Agreement, Comparison } from '../../training/export/export-report.js';
import type { KeptShares } from '../../training/export/measure-schedule.js';
import type { QuantizationReport } from '../../training/export/quantize.js';
import { opensOption } from '../opens-options.js';
import { fraction, optional, wholeNumber } from '../options.js';
import { print, printJson, printTable } from '../output.js';
import { columnOptions, formatOption, labelMapOption } from '../own-data-options.js';
import { readTexts, type TextInput } from '../texts.js';
import { WorkDisplay } from '../work-display.js';

type ExportOptions = OptionsOf<typeof OPTIONS>;

/** Of a tensor's deviation: 16 bits stay far below it, 4 do not. */
const NOTABLE_ERROR = 0.01;

/** Of tensors that are not used. */
const LISTED_NAMES = 4;

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
  const display = new WorkDisplay();
  const onProgress = (what: string, done: number, texts: number) => display.show(what, done, texts);
  const result = await exportModel({ ...options, calibration, onProgress }).finally(() => display.stop());
  for (const { name, value, limit } of result.warnings)
    note(
      `warning: ${name} reaches ${value.toFixed(1)}, the fixed-point ring holds less than ${limit}: it will saturate`,
    );
  if (result.ignored.length > 0) note(`not used: ${listed(result.ignored)}`);
  if (options.json) {
    const { out: artifact, parts: _, ...report } = result;
    printJson({ artifact, ...report });
    return;
  }
  printTensors(options.out, result.tensors);
  print(`${options.out}: ranges measured on ${result.calibrationTexts} texts`);
  if (result.kept) printKept(options.out, result.kept);
  if (result.agreement) printAgreement(result.agreement);
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(2)}%`;

/** All tensors in a line; those that lose something worth a look in a table, which may be none. `--json` has every one. */
function printTensors(out: string, tensors: readonly QuantizationReport[]): void {
  const notable = tensors.filter((t) => t.saturated > 0 || t.relativeError > NOTABLE_ERROR);
  if (notable.length > 0)
    printTable(
      ['tensor', 'bits', 'fraction', 'saturated', 'error'],
      notable.map((t) => [
        t.name,
        t.weightBits,
        t.fractionBits,
        `${t.saturated} of ${t.numbers}`,
        percent(t.relativeError),
      ]),
    );
  const largest = percent(Math.max(...tensors.map((t) => t.relativeError)));
  const saturated = tensors.filter((t) => t.saturated > 0).length;
  print(`${out}: ${tensors.length} tensors, rounded by ${largest} at most, ${saturated || 'none'} saturated`);
}

function printKept(out: string, { bySchedule, byThresholds }: KeptShares): void {
  const [kept, least] = [bySchedule, byThresholds].map((share) => (100 * share).toFixed(0));
  print(
    `${out}: public numbers of tokens keep ${kept}% of them, mean over layers; the thresholds alone, whose counts are opened (--opens counts), ${least}%`,
  );
}

/** Some names of many. */
function listed(names: readonly string[]): string {
  const [shown, others] = [names.slice(0, LISTED_NAMES), names.length - LISTED_NAMES];
  return `${names.length} tensors: ${shown.join(', ')}${others > 0 ? ` and ${others} others` : ''}`;
}

/** `38 of 40 (95.0%) answers are the same, probabilities differ by 0.012 at most and 0.003 in the mean` */
function comparisonText(
  { sameAnswers, largestDifference, meanDifference }: Comparison,
  texts: number,
): string {
  const [most, mean] = [largestDifference.toFixed(3), meanDifference.toFixed(3)];
  if (sameAnswers === null) return `numbers differ by ${most} at most and ${mean} in the mean`;
  const share = ((100 * sameAnswers) / texts).toFixed(1);
  return `${sameAnswers} of ${texts} answers (${share}%) are the same, probabilities differ by ${most} at most and ${mean} in the mean`;
}

function printAgreement({ texts, heldOut, withoutPruning, pruned, kept }: Agreement): void {
  const which = heldOut
    ? `${texts} texts that were kept apart`
    : `the ${texts} texts that ranges and thresholds are from (too few to keep some apart)`;
  print(`compared with the model as it was (exact functions, all tokens), on ${which}:`);
  print(`  all tokens: ${comparisonText(withoutPruning, texts)}`);
  if (pruned === null || kept === null) return;
  const share = (100 * kept).toFixed(0);
  print(`  pruned by quantiles, not trained, ${share}% of tokens kept: ${comparisonText(pruned, texts)}`);
}

const OPTIONS = {
  checkpoint: {
    type: 'string',
    demandOption: true,
    describe: 'Checkpoint, the folder of a run, or a name on the hub',
  },
  out: { type: 'string', demandOption: true, describe: 'Folder of the artifact' },
  'weight-bits': {
    coerce: optional(wholeNumber('weight-bits', 4, 16)),
    describe: 'Bits of the weights',
  },
  'embedding-bits': {
    coerce: optional(wholeNumber('embedding-bits', 4, 16)),
    describe: 'Bits of the word vectors',
  },
  opens: opensOption,
  'schedule-quantile': {
    type: 'string',
    describe: `Of the schedule: this share of the texts keeps no more tokens by the thresholds; ${DEFAULT_SCHEDULE_QUANTILE} by default, ${KEEP_SCHEDULE_QUANTILE} with --keep`,
    coerce: optional(fraction('schedule-quantile')),
  },
  calibrate: {
    type: 'string',
    describe:
      'Texts to measure ranges on: .txt, .csv, .tsv, .jsonl, .json or .parquet; by default a sample of the training data',
  },
  text: columnOptions.text,
  'text-pair': columnOptions['text-pair'],
  format: formatOption,
  keep: {
    coerce: optional(fraction('keep')),
    describe:
      'Share of tokens that pruning layers keep, 0 to 1, by quantiles of scores on the calibration texts: for a model that was not trained to prune',
  },
  'max-tokens': {
    coerce: optional(wholeNumber('max-tokens', 3)),
    describe: 'Longest input in tokens, for a checkpoint that does not say; by default 128',
  },
  task: {
    type: 'string',
    requiresArg: true,
    describe: "What the model is for, by any name; a GLUE task's name gives the classes its names too",
  },
  'label-map': {
    ...labelMapOption,
    describe:
      "New names of the model's classes, or which is which of a GLUE task: MODEL=NAME with commas between",
  },
  data: { type: 'string', describe: "Folder with GLUE's TSV files, if it has moved" },
  json: {
    type: 'boolean',
    default: false,
    describe: 'The report as JSON',
  },
} as const;

export const command = defineCommand({
  command: 'export',
  describe: 'Turn a checkpoint, trained here or fine-tuned elsewhere, into an artifact',
  options: OPTIONS,
  handler: exportCheckpoint,
});
