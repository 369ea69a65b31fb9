/** `inspect`: what an artifact is, after checking all of it. */
import type { Schedule } from '../../model/artifact/schedule.js';
import { megabytes } from '../../util/megabytes.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import type { Inspection } from '../inspection.js';
import { print, printJson, printTable } from '../output.js';

type InspectOptions = OptionsOf<typeof OPTIONS> & OptionsOf<typeof POSITIONALS>;

const short = (value: number): string => (value === 0 ? '0' : value.toPrecision(3));

function printSummary({
  task,
  config,
  parameters,
  maxTokens,
  method,
  fixedPoint,
  bytes,
  commitment,
  opens,
  digests,
}: Inspection): void {
  const heads = `${config.layers} layers, ${config.heads} heads, width ${config.hiddenSize}, inner ${config.intermediateSize}`;
  print(`task          ${task}: ${config.labels.join(', ')}`);
  print(`architecture  ${config.family}: ${heads}`);
  print(`input         up to ${maxTokens} tokens of ${config.vocabularySize}`);
  print(`method        ${method}`);
  print(`fixed point   ring of ${fixedPoint.ringBits} bits, ${fixedPoint.fractionBits} of them fraction`);
  print(
    `public part   ${megabytes(bytes.public)} MB, ${parameters.embedding} numbers, digest ${digests.public}`,
  );
  print(
    `opens         ${opens === 'counts' ? 'how many tokens each layer keeps, and the answer' : 'nothing but the answer'}`,
  );
  print(`commitment    ${commitment ?? 'none: exported by an older version'}`);
  if (bytes.private === null) print('private part  not here: weights and thresholds stay with the server');
  else
    print(
      `private part  ${megabytes(bytes.private)} MB, ${parameters.private} numbers, digest ${digests.private}`,
    );
}

/** One row a layer: thresholds if they are here, scales and ranges. */
function printLayers({ thresholds, thresholdSource, ranges, scales }: Inspection): void {
  if (thresholdSource === 'quantiles')
    print('thresholds    quantiles of scores on sample texts: not trained');
  const learned = thresholds === null ? [] : ['prune θ', 'reduce β'];
  const header = [
    'layer',
    ...learned,
    'weight bits',
    'q·k',
    'context',
    'GELU input',
    'variance 1',
    'variance 2',
  ];
  const rows = ranges.layers.map((layer, index) => {
    const pair = thresholds?.[index];
    const bits = new Set(Object.values(scales.layers[index] ?? {}).map(({ weightBits }) => weightBits));
    const variance = ({ min, max }: { min: number; max: number }): string => `${short(min)} - ${short(max)}`;
    return [
      index,
      ...(pair === undefined ? [] : [short(pair.prune), short(pair.reduce)]),
      [...bits].join('/'),
      short(layer.logits),
      short(layer.context),
      short(layer.geluInput),
      variance(layer.attentionVariance),
      variance(layer.outputVariance),
    ];
  });
  printTable(header, rows);
}

/** Kept tokens, and important ones where they are fewer: one row a padded length. */
function printSchedule(schedule: Schedule): void {
  const [first] = schedule;
  if (!first || first.layers.length === 0) return;
  printTable(
    ['tokens kept of', ...first.layers.map((_, layer) => `layer ${layer}`)],
    schedule.map(({ tokens, layers }) => [
      tokens,
      ...layers.map(({ kept, important }) => (important === kept ? kept : `${kept} (${important} high)`)),
    ]),
  );
  print();
}

const printFiles = ({ files }: Inspection): void =>
  printTable(
    ['file', 'bytes', 'SHA-256'],
    files.map(({ part, name, bytes, sha256 }) => [`${part}/${name}`, bytes, sha256]),
  );

async function inspect({ artifact, json }: GlobalOptions & InspectOptions): Promise<void> {
  const { inspectArtifact } = await import('../inspection.js');
  const inspection = await inspectArtifact(artifact);
  if (json) return printJson(inspection);
  printSummary(inspection);
  print();
  printLayers(inspection);
  print();
  if (inspection.schedule) printSchedule(inspection.schedule);
  printFiles(inspection);
}

const POSITIONALS = {
  artifact: { type: 'string', demandOption: true, describe: 'Directory of the artifact' },
} as const;

const OPTIONS = {
  json: { type: 'boolean', default: false, describe: 'Print one JSON object' },
} as const;

export const command = defineCommand({
  command: 'inspect <artifact>',
  describe: 'Show an artifact: architecture, thresholds, ranges, sizes, digests',
  positionals: POSITIONALS,
  options: OPTIONS,
  handler: inspect,
});
