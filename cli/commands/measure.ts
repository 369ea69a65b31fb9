/** `measure`: what a trained run is worth: accuracy, kept tokens, cost; written into its folder for `report`. */
import type { Measured, RunResult } from '../../experiments/measure/run-result.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { jsonOption, limitOption } from '../model-options.js';
import { optional, wholeNumber } from '../options.js';
import { print, printJson, printTable } from '../output.js';

type MeasureOptions = OptionsOf<typeof OPTIONS>;

const share = (value: number): string => `${(100 * value).toFixed(1)}%`;

function rowOf(name: string, { examples, metrics, meanKeptRatio, cost }: Measured): (string | number)[] {
  const values = Object.values(metrics).map((value) => value.toFixed(4));
  const sent = cost
    ? `${megabytes(cost.bytes)} MB, ${cost.rounds} rounds, ${Math.round(cost.milliseconds)} ms`
    : '';
  return [name, examples, ...values, share(meanKeptRatio), sent];
}

function printResult({ name, task, float, fixedPoint, secure, estimate }: RunResult): void {
  print(`${name}: ${task}`);
  const rows = [rowOf('float', float)];
  if (fixedPoint) rows.push(rowOf('fixed point', fixedPoint));
  if (secure) rows.push(rowOf('private', secure));
  printTable(['', 'examples', ...Object.keys(float.metrics), 'kept', 'measured per text'], rows);
  const { bytes, rounds, seconds } = estimate;
  print(
    `estimated per text: ${megabytes(bytes)} MB, ${Math.round(rounds)} rounds; ${Object.entries(seconds)
      .map(([network, value]) => `${value.toFixed(2)} s ${network}`)
      .join(', ')}`,
  );
}

async function run(options: GlobalOptions & MeasureOptions): Promise<void> {
  const { measureRun } = await import('../../experiments/measure/measure.js');
  const result = await measureRun({
    run: options.run,
    evaluate: options.evaluate,
    secure: options.secure ?? 0,
    limit: options.limit ?? null,
  });
  if (options.json) printJson(result);
  else printResult(result);
  note(`written to ${options.run}/result.json, tokens.jsonl and artifact`);
}

const OPTIONS = {
  run: { type: 'string', demandOption: true, describe: 'Folder of the run' },
  evaluate: {
    type: 'boolean',
    default: false,
    describe: 'Also in fixed point: the exported artifact on the cleartext backend',
  },
  secure: {
    type: 'string',
    describe: 'Also privately, on the first N dev examples',
    coerce: optional(wholeNumber('secure', 0)),
  },
  limit: limitOption,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'measure',
  describe: 'Measure a trained run: accuracy, kept tokens and cost, for report',
  options: OPTIONS,
  handler: run,
});
