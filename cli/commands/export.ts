/** `export`: a trained checkpoint → an artifact that serve and infer read. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { RunConfig } from '../../config/schema.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import type { Command, GlobalOptions } from '../command.js';
import { wholeNumber } from '../options.js';
import { print, printJson, printTable } from '../output.js';
import { parseTexts, type TextInput } from '../texts.js';

interface ExportOptions {
  readonly checkpoint: string;
  readonly out: string;
  readonly weightBits?: number;
  readonly embeddingBits?: number;
  readonly calibrate?: string;
  readonly data?: string;
  readonly json: boolean;
}

/** The configuration of the run that a checkpoint belongs to, from the run's folder; null elsewhere. */
async function runConfigOf(checkpoint: string): Promise<RunConfig | null> {
  const file = join(dirname(resolve(checkpoint)), 'run.json');
  if (!existsSync(file)) return null;
  const { parseRunConfig } = await import('../../config/load.js');
  return parseRunConfig(JSON.parse(await readFile(file, 'utf8')), file);
}

/** Sentences to measure ranges on: a file's, or a sample of the run's own training data. */
async function calibrationTexts(options: ExportOptions, config: RunConfig | null): Promise<TextInput[]> {
  if (options.calibrate !== undefined) {
    const content = await readFile(options.calibrate, 'utf8');
    return parseTexts(content, options.calibrate, options.calibrate.endsWith('.jsonl'));
  }
  if (!config)
    throw new UsageError(
      `export: ${options.checkpoint} is not in the folder of a run; expected --calibrate FILE with sentences`,
    );
  const { loadSplit } = await import('../../data/sources/load.js');
  const { mixSeeds, shuffle } = await import('../../training/loop/batches.js');
  const { splitmix32 } = await import('../../data/sources/synthetic.js');
  const directory = options.data ?? config.data.directory;
  const { examples } = await loadSplit({ ...config, data: { ...config.data, directory } }, 'train');
  const sample = shuffle([...examples], splitmix32(mixSeeds(config.seed, 5)));
  return sample
    .slice(0, config.export.calibrationExamples)
    .map(({ text, textPair, index }) => ({ text, textPair, source: `train row ${index}` }));
}

async function exportCheckpoint(options: ExportOptions): Promise<void> {
  // A run's folder stands for its result.
  const final = join(options.checkpoint, 'final');
  const directory = existsSync(final) ? final : options.checkpoint;
  const config = await runConfigOf(directory);
  const texts = await calibrationTexts(options, config);
  const { runConfigSchema } = await import('../../config/schema.js');
  const { readCheckpoint } = await import('../../model/checkpoint/checkpoint.js');
  const { createTokenizer } = await import('../../model/tokenizer/tokenizer.js');
  const { writeArtifact } = await import('../../model/artifact/artifact-file.js');
  const { useBackend } = await import('../../training/backend/setup.js');
  const { exportArtifact } = await import('../../training/export/export.js');
  const { stateOfCheckpoint } = await import('../../training/network/model-state.js');
  await useBackend('native');
  const checkpoint = await readCheckpoint(directory);
  const { maxTokens } = stateOfCheckpoint(checkpoint);
  const tokenizer = createTokenizer(checkpoint.tokenizerFiles);
  const examples = texts.map(({ text, textPair }, index) => {
    const { ids, tokenTypes } = tokenizer.encode(text, textPair, maxTokens);
    return { index, ids: Int32Array.from(ids), types: Int32Array.from(tokenTypes), label: Number.NaN };
  });
  const defaults = config?.export ?? runConfigSchema.shape.export.parse(undefined);
  const { ringBits, fractionBits } = defaults;
  const embeddingBits = options.embeddingBits ?? defaults.embeddingBits;
  const weightBits = options.weightBits ?? defaults.weightBits;
  const result = exportArtifact(checkpoint, examples, {
    weightBits,
    embeddingBits,
    fixedPoint: { ringBits, fractionBits },
  });
  await writeArtifact(options.out, result.artifact);
  for (const { name, value, limit } of result.warnings)
    note(
      `warning: ${name} reaches ${value.toFixed(1)}, the fixed-point ring holds less than ${limit}: it will saturate`,
    );
  if (options.json) {
    const { tensors, warnings } = result;
    printJson({
      artifact: options.out,
      weightBits,
      embeddingBits,
      calibrationTexts: texts.length,
      tensors,
      warnings,
    });
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
  print(`${options.out}: ranges measured on ${texts.length} texts`);
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
      .option('calibrate', {
        type: 'string',
        describe: 'Texts to measure ranges on, one a line; by default a sample of the training data',
      })
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
