/** Examples → batches of like length, in an order that depends on the seed, the phase and the epoch alone. */
import { splitmix32 } from '../../util/splitmix32.js';

/** A tokenized example. */
export interface EncodedExample {
  readonly index: number;
  readonly ids: Int32Array;
  readonly types: Int32Array;
  /** Class number, or the number itself of a regression; NaN without label. */
  readonly label: number;
}

/** `size` sequences padded to `tokens`; arrays are [size · tokens]. */
export interface Batch {
  readonly examples: readonly EncodedExample[];
  readonly size: number;
  readonly tokens: number;
  readonly ids: Int32Array;
  readonly types: Int32Array;
  /** 1 on real tokens. */
  readonly real: Float32Array;
  readonly lengths: readonly number[];
  /** Class numbers or numbers; NaN without label. */
  readonly labels: Float32Array;
}

export interface BatchLimits {
  /** Tokens of a batch at most, padding included. */
  readonly tokens: number;
  readonly examples: number;
}

/** Fisher and Yates, in place. */
export function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

/** Stacks examples, padded to the longest. */
export function makeBatch(examples: readonly EncodedExample[]): Batch {
  const size = examples.length;
  const lengths = examples.map(({ ids }) => ids.length);
  const tokens = Math.max(...lengths);
  const ids = new Int32Array(size * tokens);
  const types = new Int32Array(size * tokens);
  const real = new Float32Array(size * tokens);
  examples.forEach((example, row) => {
    ids.set(example.ids, row * tokens);
    types.set(example.types, row * tokens);
    real.fill(1, row * tokens, row * tokens + example.ids.length);
  });
  return {
    examples,
    size,
    tokens,
    ids,
    types,
    real,
    lengths,
    labels: Float32Array.from(examples, (e) => e.label),
  };
}

/** Cuts examples (already sorted by length) into groups within the limits. */
function cut(examples: readonly EncodedExample[], limits: BatchLimits): EncodedExample[][] {
  const groups: EncodedExample[][] = [];
  let group: EncodedExample[] = [];
  let longest = 0;
  for (const example of examples) {
    const length = Math.max(longest, example.ids.length);
    const full = group.length >= limits.examples || (group.length + 1) * length > limits.tokens;
    if (full && group.length > 0) {
      groups.push(group);
      group = [];
      longest = 0;
    }
    group.push(example);
    longest = Math.max(longest, example.ids.length);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Batches that are sorted by length together before they are cut: long enough for little padding, short enough to mix. */
const SORTED_TOGETHER = 50;

/** One epoch in a shuffled order: lists of examples, to be stacked when their turn comes. */
export function epochBatches(
  examples: readonly EncodedExample[],
  limits: BatchLimits,
  seed: number,
): EncodedExample[][] {
  const random = splitmix32(seed);
  const order = shuffle([...examples], random);
  const groups: EncodedExample[][] = [];
  const chunk = SORTED_TOGETHER * limits.examples;
  for (let from = 0; from < order.length; from += chunk) {
    const part = order.slice(from, from + chunk);
    part.sort((a, b) => a.ids.length - b.ids.length || a.index - b.index);
    groups.push(...cut(part, limits));
  }
  return shuffle(groups, random);
}

/** Batches for evaluation: by length, no order to keep. */
export const evaluationBatches = (
  examples: readonly EncodedExample[],
  limits: BatchLimits,
): EncodedExample[][] =>
  cut(
    [...examples].sort((a, b) => a.ids.length - b.ids.length),
    limits,
  );
