/** `insecure-compare`: every operation of both parties against the cleartext backend, with the shares in the clear. */
import type { ComparisonReport } from '../../inference/debug/compare-parties.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { cotsOption, jsonOption } from '../model-options.js';
import { fraction, wholeNumber } from '../options.js';
import { print, printJson, printTable } from '../output.js';
import { readTexts } from '../texts.js';

type InsecureCompareOptions = OptionsOf<typeof OPTIONS>;

async function compareText(options: InsecureCompareOptions): Promise<ComparisonReport> {
  const { text, textPair } = options;
  const given = {
    text: text === undefined ? [] : [text],
    textPair: textPair === undefined ? [] : [textPair],
  };
  const [input] = (await readTexts(given)).inputs;
  const { compareInsecurely } = await import('../../inference/debug/compare-parties.js');
  return compareInsecurely(options.artifact!, input!.text, input!.textPair);
}

/** Random weights of real shapes, and a random text. */
async function compareRandom(options: InsecureCompareOptions): Promise<ComparisonReport> {
  const { MODEL_NAMES, modelNameOf, modelConfigOf, ScheduleError } = await import(
    '../../bench/model-sizes.js'
  );
  const { tokens, schedule, important: importantRatio, seed, cots } = options;
  const model = modelNameOf(options.random!);
  if (!model)
    throw new UsageError(`--random: expected one of ${MODEL_NAMES.join(', ')}, got ${options.random}`);
  const { maxPositions } = modelConfigOf(model);
  if (tokens > maxPositions)
    throw new UsageError(`--tokens: expected at most ${maxPositions}, got ${tokens}`);
  note(`${model}, ${tokens} tokens: drawing weights, looking for thresholds`);
  const { randomCase } = await import('../../bench/random-case.js');
  const { artifact, text } = await randomCase({ model, tokens, schedule, importantRatio, seed }).catch(
    (error: Error) => {
      throw error instanceof ScheduleError ? new UsageError(`--schedule: ${error.message}`) : error;
    },
  );
  note('running both parties');
  const { compareModelInsecurely } = await import('../../inference/debug/compare-parties.js');
  return compareModelInsecurely(artifact, text, { extension: cots });
}

function printComparison({ places, layers, logits, cleartextLogits }: ComparisonReport): void {
  const keptIn = (place: string) => layers[Number(/^layer(\d+)$/.exec(place)?.[1])]?.kept ?? '';
  const rows = places.map(({ place, operations, elements, truncationDifference, mismatches }) => [
    place,
    keptIn(place),
    operations,
    elements,
    truncationDifference,
    mismatches.length,
  ]);
  const total = (pick: 'operations' | 'elements') => places.reduce((sum, place) => sum + place[pick], 0);
  const largest = Math.max(...places.map(({ truncationDifference }) => truncationDifference));
  const mismatches = places.reduce((sum, place) => sum + place.mismatches.length, 0);
  printTable(
    ['place', 'kept', 'operations', 'elements', 'largest truncation difference', 'mismatches'],
    [...rows, ['all', '', total('operations'), total('elements'), largest, mismatches]],
  );
  print(`logits: private ${logits.join(', ')}; cleartext ${cleartextLogits.join(', ')}`);
}

async function run(options: GlobalOptions & InsecureCompareOptions): Promise<void> {
  const { random, artifact, text } = options;
  const hasText = artifact !== undefined && text !== undefined;
  if (random === undefined ? !hasText : artifact !== undefined || text !== undefined)
    throw new UsageError('expected either --artifact and --text, or --random');
  note('INSECURE: both parties run here and their shares are put together. For debugging only.');
  const report = await (random === undefined ? compareText(options) : compareRandom(options));
  if (options.json) printJson(report);
  else printComparison(report);
  const mismatches = report.places.flatMap((place) => place.mismatches);
  if (mismatches.length > 0)
    throw new Error(`${mismatches.length} operations differ; the first: ${mismatches[0]}`);
  // A random model's logits may be as good as equal: its label says nothing.
  if (random === undefined && report.label !== report.cleartextLabel)
    throw new Error(`the private label is ${report.label}, the cleartext label ${report.cleartextLabel}`);
}

const OPTIONS = {
  artifact: { type: 'string', describe: 'Folder of the exported model', requiresArg: true },
  text: { type: 'string', describe: 'A text; both parties see it here', requiresArg: true },
  'text-pair': { type: 'string', describe: 'The second text of a pair' },
  random: {
    type: 'string',
    describe: 'In place of an artifact: random weights of tiny, mini, small, medium, base or large',
    requiresArg: true,
  },
  tokens: {
    type: 'string',
    default: '128',
    describe: 'random: length of the text, special tokens included',
    coerce: wholeNumber('tokens', 2),
  },
  schedule: {
    type: 'string',
    default: 'paper',
    describe: 'random: tokens that each layer computes on: paper, none, or 128-55-52-...',
    requiresArg: true,
  },
  important: {
    type: 'string',
    default: '0.5',
    describe: 'random: share of the kept tokens that stay in high degree',
    coerce: fraction('important'),
  },
  seed: {
    type: 'string',
    default: '1',
    describe: 'random: of the weights and the text',
    coerce: wholeNumber('seed', 0, 2 ** 31),
  },
  cots: cotsOption,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'insecure-compare',
  describe: 'INSECURE, for debugging: compare every private operation with plaintext, shares in the clear',
  options: OPTIONS,
  handler: run,
});
