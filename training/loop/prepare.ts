/** From a run configuration to a model to start from and tokenized examples. */
import type { RunConfig } from '../../config/schema.js';
import { cutTexts } from '../../data/augment/cutoff.js';
import { excerptPairs } from '../../data/augment/excerpts.js';
import { asExamples, type FurtherText } from '../../data/augment/further-texts.js';
import { joinedTexts } from '../../data/augment/joined-texts.js';
import { recombinedPairs } from '../../data/augment/recombine.js';
import { balanceWarnings, describeBalance } from '../../data/metrics/balance.js';
import { type Dataset, describeMalformed, type Example } from '../../data/sources/dataset.js';
import { loadSplit } from '../../data/sources/load.js';
import { taskOfRun } from '../../data/sources/own.js';
import { descriptionOf, type Task } from '../../data/sources/tasks.js';
import { methodNamed } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { type Checkpoint, readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { readTokenizerFiles } from '../../model/tokenizer/read-tokenizer-files.js';
import { type TokenizerFiles, tokenizerFilesFromVocabulary } from '../../model/tokenizer/tokenizer-files.js';
import { learnWordPieces } from '../../model/tokenizer/word-piece-learner.js';
import { answeredBy, checkFineTuned } from '../distil/fine-tuned.js';
import type { Teacher } from '../distil/teacher.js';
import { chunks } from '../../util/chunks.js';
import { TrainingError } from '../errors.js';
import { unwatched, type Watch } from '../evaluate/run-batches.js';
import type { ModelState } from '../network/model-state.js';
import { isTaught } from '../phases/epochs.js';
import { FURTHER_TEXTS_SEED } from '../seeds.js';
import type { EncodedExample } from './batches.js';
import { placeThresholds, pruningOf } from './pruning-start.js';
import { freshModel, labelScale, NO_SCALE, pretrainedModel } from './starting-model.js';

export interface PreparedRun {
  readonly state: ModelState;
  readonly task: Task;
  /** Standard deviation of the training numbers of a regression: the unit of its loss; 1 for classes. */
  readonly labelSpread: number;
  /** Of each class in the loss of the task; null where all weigh the same. */
  readonly classWeights: Float32Array | null;
  /** The fine-tuned model that the run begins with, where that is what all phases follow. */
  readonly teacher: Teacher | null;
  /** That model as it was, where its layers are followed too; or the one that prunes already; else null. */
  readonly original: ModelState | null;
  readonly train: readonly EncodedExample[];
  /** What distillation sees besides: no labels. */
  readonly unlabelled: readonly EncodedExample[];
  readonly dev: readonly EncodedExample[];
  /** Lines for the log: malformed rows, truncated texts, weights that were not in the checkpoint. */
  readonly notes: readonly string[];
}

/** Texts that are split into tokens in one piece. */
const TEXTS_AT_ONCE = 2_000;

async function encodeAll(
  { examples, malformed }: Dataset,
  tokenizer: Tokenizer,
  maxTokens: number,
  notes: string[],
  what: string,
  watch: Watch,
): Promise<EncodedExample[]> {
  let truncated = 0;
  const encoded: EncodedExample[] = [];
  const afterBatch = watch(`tokens of ${what}`, examples.length);
  for (const part of chunks(examples, TEXTS_AT_ONCE)) {
    for (const { index, text, textPair, label } of part) {
      const { ids, tokenTypes, droppedTokens } = tokenizer.encode(text, textPair, maxTokens);
      if (droppedTokens > 0) truncated++;
      encoded.push({
        index,
        ids: Int32Array.from(ids),
        types: Int32Array.from(tokenTypes),
        label: label ?? Number.NaN,
      });
    }
    await afterBatch(encoded.length);
  }
  notes.push(...describeMalformed(malformed));
  if (truncated > 0) notes.push(`${what}: ${truncated} texts truncated to ${maxTokens} tokens`);
  return encoded;
}

async function tokenizerFilesFor(
  config: RunConfig,
  train: Dataset,
  checkpoint: Checkpoint | null,
): Promise<TokenizerFiles> {
  const { source, path, vocabularySize } = config.model.tokenizer;
  if (source === 'learned') {
    const texts = train.examples.flatMap(({ text, textPair }) =>
      textPair === null ? [text] : [text, textPair],
    );
    return tokenizerFilesFromVocabulary(learnWordPieces(texts, { vocabularySize }));
  }
  if (source === 'file') {
    if (path === undefined)
      throw new TrainingError('model.tokenizer: source file: expected a path, got none');
    return readTokenizerFiles(path);
  }
  if (!checkpoint)
    throw new TrainingError(
      'model.tokenizer: source checkpoint: expected model.checkpoint, got an architecture',
    );
  return checkpoint.tokenizerFiles;
}

/** Further texts from those of a task, in the way that suits one text or two. */
const recombine = (examples: readonly Example[], each: number): FurtherText[] =>
  examples[0]?.textPair === null
    ? joinedTexts(examples, each, FURTHER_TEXTS_SEED)
    : recombinedPairs(examples, each);

/** Ways to make further texts, under their keys in the configuration. */
const FURTHER_TEXTS = {
  recombined: recombine,
  cutoff: (examples, each) => cutTexts(examples, each, FURTHER_TEXTS_SEED),
  excerpts: (examples, each) => excerptPairs(examples, each, FURTHER_TEXTS_SEED),
} satisfies Record<string, (examples: readonly Example[], each: number) => FurtherText[]>;

/** The texts of a configuration that only a teacher labels, as a data set without rows of its own. */
function unlabelledTexts({ distillation, masks }: RunConfig, train: Dataset): Dataset {
  const keys = Object.keys(FURTHER_TEXTS) as (keyof typeof FURTHER_TEXTS)[];
  const wanted = keys.filter((key) => distillation[key] > 0);
  if (wanted.length > 0 && distillation.weight === 0)
    throw new TrainingError(`distillation.${wanted[0]}: expected a weight above 0, got 0`);
  const made =
    masks.mode === 'none'
      ? []
      : wanted.flatMap((key) => FURTHER_TEXTS[key](train.examples, distillation[key]));
  const examples = asExamples(made, train.examples);
  return { ...train, examples, malformed: { count: 0, first: [] } };
}

/** How the labels are spread, and warnings where that leaves nothing to learn. */
function balanceNotes(names: readonly string[], { examples }: Dataset): string[] {
  const classes = examples.map(({ label }) => label);
  return [describeBalance(names, classes), ...balanceWarnings(names, classes)];
}

/** n / (classes · n of the class): 1 on average over the examples; classes without any weigh nothing. Null for numbers. */
function balancedWeights(
  { problem, labels }: Task,
  examples: readonly EncodedExample[],
): Float32Array | null {
  if (problem !== 'classes') return null;
  const counts = new Array<number>(labels.length).fill(0);
  for (const { label } of examples) if (!Number.isNaN(label)) counts[label] = counts[label]! + 1;
  const present = counts.filter((count) => count > 0).length;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : all / (present * count)));
}

/** @throws TrainingError that lists the names */
function methodOfRun({ method }: RunConfig): Method {
  try {
    return methodNamed(method);
  } catch (error) {
    throw error instanceof RangeError ? new TrainingError(error.message) : error;
  }
}

/**
 * Loads data, tokenizer and weights. `readModel` turns the configuration's checkpoint name into a checkpoint; `watch` sees texts as they are split,
 * and what a fine-tuned model answers.
 */
export async function prepareRun(
  config: RunConfig,
  readModel: (name: string) => Promise<Checkpoint> = readCheckpoint,
  watch: Watch = unwatched,
): Promise<PreparedRun> {
  const notes: string[] = [];
  const method = methodOfRun(config);
  const task = await taskOfRun(config);
  const [train, dev] = [await loadSplit(config, 'train'), await loadSplit(config, 'dev')];
  const checkpoint = config.model.checkpoint === undefined ? null : await readModel(config.model.checkpoint);
  const tokenizerFiles = await tokenizerFilesFor(config, train, checkpoint);
  const tokenizer = createTokenizer(tokenizerFiles, checkpoint?.config);
  const isAnswered = config.distillation.fromStart;
  if (isAnswered) checkFineTuned(checkpoint);
  const scale = isAnswered ? NO_SCALE : labelScale(train);
  if (task.problem === 'classes' && !isAnswered) notes.push(...balanceNotes(task.labels, train));
  const { model, parameters } = checkpoint
    ? pretrainedModel(config, checkpoint, task, scale, notes)
    : freshModel(config, tokenizer.vocabularySize, task, scale);
  const { maxTokens } = config.model;
  if (maxTokens > model.maxPositions)
    throw new TrainingError(
      `model.maxTokens: expected at most the model's ${model.maxPositions} positions, got ${maxTokens}`,
    );
  if (tokenizer.vocabularySize > model.vocabularySize)
    throw new TrainingError(
      `model.tokenizer: expected at most the model's ${model.vocabularySize} tokens, got ${tokenizer.vocabularySize}`,
    );
  const { keep, mode } = config.masks;
  if (mode !== 'none' && method.learns !== 'nothing' && model.layers < 2)
    throw new TrainingError(
      'masks.mode: expected none, or a model of two layers or more: the last layer prunes nothing, and this one has no other',
    );
  if (Array.isArray(keep) && keep.length !== model.layers - 1)
    throw new TrainingError(
      `masks.keep: expected ${model.layers - 1} shares, one for every layer of the model but the last, got ${keep.length}`,
    );
  const pruning = config.masks.low === null ? null : pruningOf(config, method, checkpoint);
  const unlabelled = unlabelledTexts(config, train);
  const state: ModelState = {
    config: model,
    tokenizerFiles,
    task: descriptionOf(task),
    maxTokens,
    parameters,
    spread: pruning?.map(() => 1) ?? null,
    reduces: config.masks.mode === 'prune-reduce' && method.learns === 'prune-reduce',
    method: method.name,
  };
  if (pruning) placeThresholds(state, pruning);
  const parts = {
    train: await encodeAll(train, tokenizer, maxTokens, notes, train.split, watch),
    unlabelled: await encodeAll(unlabelled, tokenizer, maxTokens, notes, 'further texts', watch),
    dev: await encodeAll(dev, tokenizer, maxTokens, notes, dev.split, watch),
  };
  const { teacher, ...examples } = isAnswered
    ? await answeredBy(state, parts, watch)
    : { ...parts, teacher: null };
  if (isAnswered)
    notes.push(`labels are the answers of ${config.model.checkpoint}: accuracy is agreement with it`);
  const classWeights = config.classWeights === 'balanced' ? balancedWeights(task, examples.train) : null;
  const isFollowed = isAnswered && (config.distillation.layers > 0 || isTaught(config));
  const original = isFollowed || pruning ? { ...copyOf(state), reduces: false } : null;
  return { state, task, labelSpread: scale.spread, classWeights, teacher, original, ...examples, notes };
}

/** With weights of its own, which training does not change. */
const copyOf = (state: ModelState): ModelState => ({
  ...state,
  parameters: new Map(
    [...state.parameters].map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]),
  ),
});
