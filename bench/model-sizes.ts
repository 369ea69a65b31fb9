/** The BERT family's shapes, MiniLM's (Wang et al., NeurIPS 2020) among them, and the kept-token schedules that CipherPrune published (ICLR 2025) for three of them. */
import { BERT_ARCHITECTURE, type ModelConfig } from '../model/config.js';

interface Size {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly headSize?: number;
}

/** Turc et al., arXiv 1908.08962; Devlin et al., NAACL 2019. Heads are 64 wide unless given, feed-forward layers four times the width. */
const SIZES = {
  'bert-tiny': { layers: 2, hiddenSize: 128 },
  'bert-mini': { layers: 4, hiddenSize: 256 },
  'bert-small': { layers: 4, hiddenSize: 512 },
  'bert-medium': { layers: 8, hiddenSize: 512 },
  'bert-base': { layers: 12, hiddenSize: 768 },
  'bert-large': { layers: 24, hiddenSize: 1024 },
  minilm: { layers: 6, hiddenSize: 384, headSize: 32 },
} as const satisfies Record<string, Size>;

export type ModelName = keyof typeof SIZES;

export const MODEL_NAMES = Object.keys(SIZES) as ModelName[];

/** `base` and `bert-base` alike; null for anything else. */
export function modelNameOf(text: string): ModelName | null {
  return MODEL_NAMES.find((known) => known === text || known === `bert-${text}`) ?? null;
}

const HEAD_SIZE = 64;
const BERT_VOCABULARY = 30522;
const BERT_POSITIONS = 512;

export function modelConfigOf(name: ModelName): ModelConfig {
  const { layers, hiddenSize, headSize = HEAD_SIZE }: Size = SIZES[name];
  return {
    ...BERT_ARCHITECTURE,
    vocabularySize: BERT_VOCABULARY,
    hiddenSize,
    layers,
    heads: hiddenSize / headSize,
    intermediateSize: 4 * hiddenSize,
    maxPositions: BERT_POSITIONS,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    labels: ['negative', 'positive'],
  };
}

/** Tokens that each layer computes on, of 128: what the layer before left. */
const PUBLISHED: Partial<Record<ModelName, readonly number[]>> = {
  'bert-medium': [128, 55, 52, 49, 45, 24, 14, 5],
  'bert-base': [128, 55, 54, 52, 49, 45, 24, 14, 5, 2, 1, 1],
  'bert-large': [128, 55, 55, 55, 55, 55, 54, 43, 39, 35, 28, 21, 16, 10, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1],
};

const PUBLISHED_TOKENS = 128;

/**
 * The published schedule, scaled to the input's length. Smaller models have none: they take BERT-medium's, resampled over
 * their layers.
 */
function paperSchedule(name: ModelName, tokens: number): number[] {
  const { layers } = SIZES[name];
  const schedule = PUBLISHED[name] ?? PUBLISHED['bert-medium']!;
  return Array.from({ length: layers }, (_, layer) => {
    const source = Math.round((layer * (schedule.length - 1)) / (layers - 1));
    return Math.max(1, Math.round((schedule[source]! * tokens) / PUBLISHED_TOKENS));
  });
}

/** Thrown for a schedule that does not fit the model or the input. */
export class ScheduleError extends Error {
  override name = 'ScheduleError';
}

/**
 * `none` (null: a model that does not prune), `paper`, or a list like 128-55-52: tokens that each layer computes on, which are
 * those that the layer before left. A list that does not begin with the text's length begins with what the first layer
 * leaves; a shorter one goes on with its last number.
 */
export function parseSchedule(text: string, name: ModelName, tokens: number): number[] | null {
  if (text === 'none') return null;
  if (text === 'paper') return paperSchedule(name, tokens);
  const numbers = text.split(/[-,]/).map(Number);
  const { layers } = SIZES[name];
  const counts = numbers[0] === tokens ? numbers : [tokens, ...numbers];
  const isFalling = counts.every((count, layer) => layer === 0 || count <= counts[layer - 1]!);
  const isCount = (count: number) => Number.isInteger(count) && count >= 1;
  if (!counts.every(isCount) || !isFalling || numbers.length > layers)
    throw new ScheduleError(
      `schedule: expected none, paper, or at most ${layers} falling numbers from ${tokens} to 1 like 128-55-52, got ${JSON.stringify(text)}`,
    );
  return Array.from({ length: layers }, (_, layer) => counts[Math.min(layer, counts.length - 1)]!);
}

/** Tokens that leave each layer's pruning. The last layer prunes nothing. */
export const leavingCounts = (schedule: readonly number[]): number[] => [
  ...schedule.slice(1),
  schedule.at(-1)!,
];
