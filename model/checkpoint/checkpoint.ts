/**
 * Checkpoints in Hugging Face's layout: a directory with config.json, model.safetensors (or shards with an index) and
 * the tokenizer's files. Ours have one file more, cipherprune.json, with the thresholds and what they were trained for.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { ModelConfig } from '../config.js';
import { recoverDirectory, replaceDirectory } from '../replace-directory.js';
import { storedTaskSchema, type TaskDescription } from '../task.js';
import type { LayerThresholds } from '../thresholds.js';
import { readTokenizerFiles } from '../tokenizer/read-tokenizer-files.js';
import type { TokenizerFiles } from '../tokenizer/tokenizer-files.js';
import { CheckpointError } from './checkpoint-error.js';
import { type FloatTensors, readCheckpointTensors, storeCheckpointTensors } from './checkpoint-tensors.js';
import { parseHuggingFaceConfig, toHuggingFaceConfig } from './hugging-face-config.js';
import { checkNotPointer, serializeSafetensors } from './safetensors.js';
import { readSafetensors, readShardedSafetensors } from './safetensors-file.js';
import { checkSeal, sealed } from './seal.js';

export { CheckpointError } from './checkpoint-error.js';
export type { FloatTensor, FloatTensors } from './checkpoint-tensors.js';

/** What cipherprune.json adds to a Hugging Face checkpoint. */
export interface CheckpointDetails {
  readonly task: TaskDescription | null;
  /** The name of the method that it was trained for; absent in older ones, which knew one only. */
  readonly method?: string | undefined;
  /** Longest input that it was trained on, in tokens. */
  readonly maxTokens: number;
  readonly prunes: boolean;
  readonly reduces: boolean;
  /** One pair a layer, on n·S; null before they are learned. */
  readonly thresholds: readonly LayerThresholds[] | null;
}

export interface Checkpoint {
  readonly config: ModelConfig;
  /** Names as in checkpoint-tensors.ts; without pooler or classifier if the stored model has none. */
  readonly tensors: FloatTensors;
  readonly tokenizerFiles: TokenizerFiles;
  /** Null for a checkpoint that this project did not write. */
  readonly details: CheckpointDetails | null;
  /** Stored tensors that a classifier does not use. */
  readonly ignored: readonly string[];
  /** The head's tensors that are not stored: a pretrained encoder has none. */
  readonly missing: readonly string[];
}

/** Longest input in tokens of a checkpoint that does not say. */
const USUAL_MAX_TOKENS = 128;

/** Longest input of a checkpoint, in tokens: what every command cuts texts at that is not told another. */
export const maxTokensOf = ({ config, details }: Pick<Checkpoint, 'config' | 'details'>): number =>
  details?.maxTokens ?? Math.min(USUAL_MAX_TOKENS, config.maxPositions);

/** What is written: a classifier with all its weights. */
export type WholeCheckpoint = Omit<Checkpoint, 'ignored' | 'missing'>;

const DETAILS_NAME = 'cipherprune.json';
const CONFIG_NAME = 'config.json';
/** In one file, or the index of several. */
const WEIGHT_NAMES = ['model.safetensors', 'model.safetensors.index.json'] as const;
const thresholdSchema = z.strictObject({ prune: z.number(), reduce: z.number() });
const detailsSchema = z.object({
  formatVersion: z.literal(1),
  task: storedTaskSchema,
  method: z.string().max(64).optional(),
  maxTokens: z.number().int().positive(),
  prunes: z.boolean(),
  reduces: z.boolean(),
  thresholds: z.array(thresholdSchema).nullable(),
});

async function readText(directory: string, name: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(join(directory, name), 'utf8');
  } catch (error) {
    throw new CheckpointError(`checkpoint ${directory}: ${name}: ${(error as Error).message}`);
  }
  checkNotPointer(text, join(directory, name));
  return text;
}

async function readDetails(directory: string, layers: number): Promise<CheckpointDetails | null> {
  if (!existsSync(join(directory, DETAILS_NAME))) return null;
  const file = join(directory, DETAILS_NAME);
  let literal: unknown;
  try {
    literal = JSON.parse(await readText(directory, DETAILS_NAME));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${file}: not JSON`);
  }
  const parsed = detailsSchema.safeParse(literal);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new CheckpointError(`${file}: ${issue?.path.map(String).join('.')}: ${issue?.message}`);
  }
  const { formatVersion: _, ...details } = parsed.data;
  if (details.thresholds !== null && details.thresholds.length !== layers)
    throw new CheckpointError(
      `${file}: thresholds: expected ${layers} layers, got ${details.thresholds.length}`,
    );
  return details;
}

const CONVERT = `Convert it once, in Python:
  from transformers import AutoModelForSequenceClassification
  AutoModelForSequenceClassification.from_pretrained("DIRECTORY").save_pretrained("DIRECTORY", safe_serialization=True)`;

/** The weights' file of a checkpoint directory: single, or the index of shards. */
async function readWeights(directory: string) {
  const [single, index] = WEIGHT_NAMES.map((name) => join(directory, name)) as [string, string];
  if (existsSync(single)) return { file: single, ...(await readSafetensors(single)) };
  if (existsSync(index)) return { file: index, ...(await readShardedSafetensors(index)) };
  const pickled = ['pytorch_model.bin', 'pytorch_model.bin.index.json'].find((name) =>
    existsSync(join(directory, name)),
  );
  throw new CheckpointError(
    `checkpoint ${directory}: expected model.safetensors or model.safetensors.index.json${pickled ? `, got only ${pickled}, which may run code when it is read. ${CONVERT}` : ''}`,
  );
}

/** Throws CheckpointError for a folder that is none, and names the checkpoint within it if that is a run's (which may have a config.json of its own). */
function checkIsCheckpoint(directory: string): void {
  const result = join(directory, 'final');
  const isRun =
    existsSync(join(result, CONFIG_NAME)) && WEIGHT_NAMES.every((name) => !existsSync(join(directory, name)));
  const hasConfig = existsSync(join(directory, CONFIG_NAME));
  if (hasConfig && !isRun) return;
  throw new CheckpointError(
    `checkpoint ${directory}: expected ${CONFIG_NAME}, model.safetensors and the tokenizer's files, found no ${hasConfig ? WEIGHT_NAMES[0] : CONFIG_NAME}${isRun ? `; ${result} is one` : ''}`,
  );
}

async function readConfig(directory: string) {
  checkIsCheckpoint(directory);
  return parseHuggingFaceConfig(await readText(directory, CONFIG_NAME), join(directory, CONFIG_NAME));
}

/** What a checkpoint says about itself, without its weights. Throws CheckpointError. */
export async function readCheckpointHead(directory: string): Promise<Pick<Checkpoint, 'config' | 'details'>> {
  const { config } = await readConfig(directory);
  return { config, details: await readDetails(directory, config.layers) };
}

/** Reads a checkpoint directory. Throws CheckpointError, SafetensorsError or TokenizerError, each naming the file. */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  await recoverDirectory(directory);
  const { config, foreignArchitecture } = await readConfig(directory);
  const { file, tensors: stored } = await readWeights(directory);
  const read = readCheckpointTensors(stored, config, file, foreignArchitecture === null);
  const details = await readDetails(directory, config.layers);
  const tokenizerFiles = await readTokenizerFiles(directory);
  if (details !== null) await checkSeal(directory, join(directory, DETAILS_NAME));
  return { config, ...read, tokenizerFiles, details };
}

/** The files of a checkpoint by name, as Hugging Face's library knows them. */
function checkpointFiles({ config, tensors, tokenizerFiles }: WholeCheckpoint) {
  const files = new Map<string, Uint8Array | string>();
  files.set(
    'model.safetensors',
    serializeSafetensors(storeCheckpointTensors(tensors, config), { format: 'pt' }),
  );
  files.set(CONFIG_NAME, toHuggingFaceConfig(config));
  for (const [name, text] of Object.entries(tokenizerFiles)) files.set(name, text);
  return files;
}

/**
 * Writes a checkpoint with all its weights; an older one in the same place is replaced only when this one is complete.
 * `extra` holds further files for the directory, for example the optimizer's state.
 */
export async function writeCheckpoint(
  directory: string,
  checkpoint: WholeCheckpoint,
  extra: ReadonlyMap<string, Uint8Array | string> = new Map(),
): Promise<void> {
  const files = new Map([...checkpointFiles(checkpoint), ...extra]);
  const { details } = checkpoint;
  if (details !== null) files.set(DETAILS_NAME, sealed({ formatVersion: 1, ...details }, files));
  await replaceDirectory(directory, files);
}
