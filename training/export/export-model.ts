/** A trained checkpoint on disk → an artifact on disk: what `export` and `measure` do, and the library. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type RunConfig, runConfigSchema } from '../../config/schema.js';
import { loadSplit } from '../../data/sources/load.js';
import { splitmix32 } from '../../data/sources/synthetic.js';
import { type ArtifactParts, writeArtifact } from '../../model/artifact/artifact-file.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { recoverDirectory } from '../../model/replace-directory.js';
import { UsageError } from '../../util/errors.js';
import { checkWritable } from '../../util/make-directory.js';
import { useBackend } from '../backend/setup.js';
import { shuffle } from '../loop/batches.js';
import { findRunConfig } from '../loop/run-config.js';
import { stateOfCheckpoint } from '../network/model-state.js';
import { calibrationSeed } from '../seeds.js';
import { type ExportResult, exportArtifact } from './export.js';
import { DEFAULT_SCHEDULE_QUANTILE } from './schedule-quantile.js';

/** A text, or a pair of texts. */
export interface CalibrationText {
  readonly text: string;
  readonly textPair?: string | null;
}

export interface ExportModelOptions {
  /** A checkpoint, or the folder of a run, which stands for its result. */
  readonly checkpoint: string;
  /** Folder of the artifact; an older artifact there is replaced. */
  readonly out: string;
  /** Significant bits of the weights, 4 to 16; by default as the run's configuration says, or 8. */
  readonly weightBits?: number | undefined;
  /** Bits of the word vectors, 4 to 16; by default as the run's configuration says, or 12. */
  readonly embeddingBits?: number | undefined;
  /** Texts to measure ranges on; by default a sample of the run's own training data. */
  readonly calibration?: readonly CalibrationText[] | undefined;
  /**
   * What both parties learn of a text besides the answer: with `schedule` nothing, since public numbers of tokens stay in each
   * layer; with `counts` how many tokens the thresholds keep. Schedule unless given, for a model that prunes.
   */
  readonly opens?: 'schedule' | 'counts' | undefined;
  /** Of the schedule: so many of the calibration's texts keep no more tokens by the thresholds; 0.95 unless given. */
  readonly scheduleQuantile?: number | undefined;
  /** Folder of the run's data, if it has moved. */
  readonly data?: string | undefined;
}

export interface ExportedModel extends Omit<ExportResult, 'artifact' | 'state'> {
  readonly out: string;
  readonly parts: ArtifactParts;
  readonly weightBits: number;
  readonly embeddingBits: number;
  /** On how many texts ranges were measured. */
  readonly calibrationTexts: number;
}

/** The run's own training texts, in an order of their own that depends on its seed. */
async function sampleOfRun(config: RunConfig, data: string | undefined): Promise<CalibrationText[]> {
  const directory = data ?? config.data.directory;
  const { examples } = await loadSplit({ ...config, data: { ...config.data, directory } }, 'train');
  const sample = shuffle([...examples], splitmix32(calibrationSeed(config.seed)));
  return sample.slice(0, config.export.calibrationExamples);
}

/**
 * Quantizes, calibrates and writes. Throws UsageError without texts to calibrate on, CheckpointError for a checkpoint that cannot
 * be read, ArtifactError if `out` holds something else; what stood in `out` is then untouched.
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  await checkWritable(options.out);
  const final = join(options.checkpoint, 'final');
  await recoverDirectory(final);
  const directory = existsSync(final) ? final : options.checkpoint;
  const config = await findRunConfig(dirname(resolve(directory)));
  if (!options.calibration && !config)
    throw new UsageError(
      `export: ${options.checkpoint} is not in the folder of a run; expected texts to calibrate on (--calibrate FILE)`,
    );
  const texts = options.calibration ?? (await sampleOfRun(config!, options.data));
  await useBackend('native');
  const checkpoint = await readCheckpoint(directory);
  const { maxTokens } = stateOfCheckpoint(checkpoint);
  const tokenizer = createTokenizer(checkpoint.tokenizerFiles, checkpoint.config);
  const examples = texts.map(({ text, textPair = null }, index) => {
    const { ids, tokenTypes } = tokenizer.encode(text, textPair, maxTokens);
    return { index, ids: Int32Array.from(ids), types: Int32Array.from(tokenTypes), label: Number.NaN };
  });
  const defaults = config?.export ?? runConfigSchema.shape.export.parse(undefined);
  const { ringBits, fractionBits } = defaults;
  const weightBits = options.weightBits ?? defaults.weightBits;
  const embeddingBits = options.embeddingBits ?? defaults.embeddingBits;
  const fixedPoint = { ringBits, fractionBits };
  const { opens = 'schedule', scheduleQuantile = DEFAULT_SCHEDULE_QUANTILE } = options;
  const quantization = {
    weightBits,
    embeddingBits,
    fixedPoint,
    scheduleQuantile: opens === 'schedule' ? scheduleQuantile : null,
  };
  const { artifact, tensors, warnings } = exportArtifact(checkpoint, examples, quantization);
  const parts = await writeArtifact(options.out, artifact);
  const { out } = options;
  return { out, parts, tensors, warnings, weightBits, embeddingBits, calibrationTexts: texts.length };
}
