/**
 * A checkpoint → an artifact on disk: what `export` and `measure` do, and the library. One of ours has its thresholds; one that was
 * fine-tuned elsewhere is exported as it is, or with thresholds at quantiles, and compared with itself.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DEFAULT_SCHEDULE_QUANTILE, KEEP_SCHEDULE_QUANTILE } from '../../config/schedule-quantile.js';
import { type RunConfig, runConfigSchema } from '../../config/schema.js';
import { loadSplit } from '../../data/sources/load.js';
import { splitmix32 } from '../../util/splitmix32.js';
import type { Artifact } from '../../model/artifact/artifact.js';
import { type ArtifactParts, writeArtifact } from '../../model/artifact/artifact-file.js';
import { type Checkpoint, CheckpointError, readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { resolveCheckpoint } from '../../model/checkpoint/hub.js';
import type { LabelMap } from '../../model/label-map.js';
import { recoverDirectory } from '../../model/replace-directory.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { UsageError } from '../../util/errors.js';
import { checkWritable } from '../../util/make-directory.js';
import { useBackend } from '../backend/setup.js';
import { watchedBy } from '../evaluate/run-batches.js';
import { type EncodedExample, shuffle } from '../loop/batches.js';
import { findRunConfig } from '../loop/run-config.js';
import { type ModelState, stateOfCheckpoint } from '../network/model-state.js';
import { calibrationSeed } from '../seeds.js';
import { agreement } from './agreement.js';
import { exportArtifact } from './export.js';
import type { Agreement, RangeWarning } from './export-report.js';
import { withDetails, withTask } from './name-task.js';
import type { KeptShares } from './measure-schedule.js';
import { quantileThresholds } from './quantile-thresholds.js';
import type { QuantizationReport } from './quantize.js';

/** A text, or a pair of texts. */
export interface CalibrationText {
  readonly text: string;
  readonly textPair?: string | null;
}

export interface ExportModelOptions {
  /** A checkpoint, its name on the hub, or the folder of a run, which stands for its result. */
  readonly checkpoint: string;
  /** Folder of the artifact; an older artifact there is replaced. */
  readonly out: string;
  /** Significant bits of the weights, 4 to 16; by default as the run's configuration says, or 16. */
  readonly weightBits?: number | undefined;
  /** Bits of the word vectors, 4 to 16; by default as the run's configuration says, or 16. */
  readonly embeddingBits?: number | undefined;
  /**
   * Share of the tokens that the pruning layers keep, by thresholds at quantiles of the scores on the calibration texts: for a model
   * that nobody trained to prune. By default the checkpoint's own thresholds, or none.
   */
  readonly keep?: number | undefined;
  /** Longest input in tokens of a checkpoint that does not say; by default 128, or as many positions as it has. */
  readonly maxTokens?: number | undefined;
  /** What the model is for: a GLUE task, whose names of the classes it then gets, or any name; by default the checkpoint's own. */
  readonly task?: string | undefined;
  /** New names of classes, by their names in the checkpoint; with a GLUE task, which class is which of the task's. */
  readonly labelMap?: LabelMap | undefined;
  /** Texts to measure ranges on; by default a sample of the run's own training data. */
  readonly calibration?: readonly CalibrationText[] | undefined;
  /**
   * What both parties learn of a text besides the answer: with `schedule` nothing, since public numbers of tokens stay in each
   * layer; with `counts` how many tokens the thresholds keep. Schedule unless given, for a model that prunes.
   */
  readonly opens?: 'schedule' | 'counts' | undefined;
  /** Of the schedule: so many of the calibration's texts keep no more tokens by the thresholds; 0.95 unless given, 0.5 with `keep`. */
  readonly scheduleQuantile?: number | undefined;
  /** Folder of the run's data, if it has moved. */
  readonly data?: string | undefined;
  /** Told what is measured, and of how many texts. */
  readonly onProgress?: ((what: string, done: number, texts: number) => void) | undefined;
}

export interface ExportedModel {
  readonly out: string;
  readonly parts: ArtifactParts;
  readonly tensors: readonly QuantizationReport[];
  readonly warnings: readonly RangeWarning[];
  readonly weightBits: number;
  readonly embeddingBits: number;
  /** On how many texts ranges were measured. */
  readonly calibrationTexts: number;
  /** Share of the calibration's tokens that public numbers keep, and that the thresholds would; null without such numbers. */
  readonly kept: KeptShares | null;
  /** Where the thresholds are from; null without any. */
  readonly thresholds: 'trained' | 'quantiles' | null;
  /** With the model as it was, where it was fine-tuned elsewhere or got its thresholds here; null for one of ours. */
  readonly agreement: Agreement | null;
  /** Stored tensors that a classifier does not use. */
  readonly ignored: readonly string[];
}

/** Texts from which one in five is kept apart; with fewer, all are used for everything. */
const FEWEST_TO_HOLD_OUT = 10;
const HELD_OUT_PART = 5;

/** The run's own training texts, in an order of their own that depends on its seed. */
async function sampleOfRun(config: RunConfig, data: string | undefined): Promise<CalibrationText[]> {
  const directory = data ?? config.data.directory;
  const { examples } = await loadSplit({ ...config, data: { ...config.data, directory } }, 'train');
  const sample = shuffle([...examples], splitmix32(calibrationSeed(config.seed)));
  return sample.slice(0, config.export.calibrationExamples);
}

/** A checkpoint with its head. Throws CheckpointError for an encoder alone. */
async function readClassifier(directory: string): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(directory);
  const { missing, ignored } = checkpoint;
  if (missing.length === 0) return checkpoint;
  const others = ignored.length === 0 ? '' : `; stored and not used: ${ignored.slice(0, 6).join(', ')}`;
  throw new CheckpointError(
    `checkpoint ${directory}: expected a classifier, got an encoder without ${missing.join(', ')}${others}; train it first (train --model)`,
  );
}

/** For a checkpoint from elsewhere: nobody has said how long its texts are. */
function withMaxTokens(checkpoint: Checkpoint, maxTokens: number | undefined): Checkpoint {
  const most = checkpoint.config.maxPositions;
  if (maxTokens === undefined) return checkpoint;
  if (maxTokens > most)
    throw new UsageError(
      `export: maxTokens: expected at most the model's ${most} positions, got ${maxTokens}`,
    );
  return withDetails(checkpoint, { maxTokens });
}

/** Every fifth text is kept apart: files are often sorted. */
function splitTexts(examples: readonly EncodedExample[]) {
  if (examples.length < FEWEST_TO_HOLD_OUT) return { calibration: examples, heldOut: [] };
  const isHeldOut = ({ index }: EncodedExample): boolean => index % HELD_OUT_PART === HELD_OUT_PART - 1;
  return {
    calibration: examples.filter((example) => !isHeldOut(example)),
    heldOut: examples.filter(isHeldOut),
  };
}

/** The checkpoint with thresholds at quantiles, where that is asked for. */
async function withQuantiles(
  checkpoint: Checkpoint,
  state: ModelState,
  examples: readonly EncodedExample[],
  keep: number | undefined,
): Promise<Checkpoint> {
  if (keep === undefined) return checkpoint;
  if (!(keep > 0 && keep < 1))
    throw new UsageError(`export: keep: expected a share between 0 and 1, got ${keep}`);
  const thresholds = await quantileThresholds(state, examples, keep);
  return withDetails(checkpoint, { prunes: true, reduces: false, thresholds });
}

function sourceOfThresholds({ details }: Checkpoint, keep: number | undefined): ExportedModel['thresholds'] {
  if (keep !== undefined) return 'quantiles';
  return details?.prunes ? 'trained' : null;
}

/** Thresholds that were not trained are labelled in the artifact. */
const withSource = (artifact: Artifact, source: ExportedModel['thresholds']): Artifact =>
  source === 'quantiles'
    ? { ...artifact, private: { ...artifact.private, thresholdSource: source } }
    : artifact;

/**
 * Quantizes, calibrates and writes. Throws UsageError without texts to calibrate on, CheckpointError for a checkpoint that cannot
 * be read, LabelError for classes that a task does not have, ArtifactError if `out` holds something else; what stood in `out` is then untouched.
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  await checkWritable(options.out);
  const final = join(options.checkpoint, 'final');
  await recoverDirectory(final);
  const directory = existsSync(final) ? final : await resolveCheckpoint(options.checkpoint);
  const config = await findRunConfig(dirname(resolve(directory)));
  if (!options.calibration && !config)
    throw new UsageError(
      `export: ${options.checkpoint} is not in the folder of a run; expected texts to calibrate on (--calibrate FILE)`,
    );
  const texts = options.calibration ?? (await sampleOfRun(config!, options.data));
  await useBackend('native');
  const read = await readClassifier(directory);
  const isForeign = read.details === null || options.keep !== undefined;
  const named = withTask(read, options.task, options.labelMap ?? null);
  const checkpoint = withMaxTokens(named, options.maxTokens);
  const original = stateOfCheckpoint(checkpoint);
  const { maxTokens } = original;
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
  const { opens = 'schedule' } = options;
  const usualQuantile = options.keep === undefined ? DEFAULT_SCHEDULE_QUANTILE : KEEP_SCHEDULE_QUANTILE;
  const scheduleQuantile = options.scheduleQuantile ?? usualQuantile;
  const quantization = {
    weightBits,
    embeddingBits,
    fixedPoint,
    scheduleQuantile: opens === 'schedule' ? scheduleQuantile : null,
  };
  const { calibration, heldOut } = isForeign ? splitTexts(examples) : { calibration: examples, heldOut: [] };
  const pruned = await withQuantiles(checkpoint, original, calibration, options.keep);
  const { artifact, state, tensors, warnings, kept } = await exportArtifact(
    pruned,
    calibration,
    quantization,
    watchedBy(options.onProgress),
  );
  const thresholds = sourceOfThresholds(pruned, options.keep);
  const compared = heldOut.length > 0 ? heldOut : calibration;
  const parts = await writeArtifact(options.out, withSource(artifact, thresholds));
  return {
    out: options.out,
    parts,
    tensors,
    warnings,
    weightBits,
    embeddingBits,
    calibrationTexts: calibration.length,
    kept,
    thresholds,
    agreement: isForeign ? await agreement(original, state, compared, heldOut.length > 0) : null,
    ignored: checkpoint.ignored,
  };
}
