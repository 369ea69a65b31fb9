/**
 * What making material takes for a while, beside what it leaves behind: batches are cut so that it is bounded, whatever a peer
 * asks for. Estimates of this party's peak, from above.
 */
import { BATCH as BIT_BATCH } from './bit-products.js';
import { BATCH as CARRY_BATCH } from './carries.js';
import type { Correlation } from '../../../material/correlation.js';
import type { Demand } from '../../../material/demand.js';
import { BATCH_WORDS as CONJUNCTION_WORDS, WORDS as WORDS_A_CONJUNCTION } from './conjunctions.js';
import { BATCH_WORDS as EXPONENTIAL_WORDS, placesOf } from './exponentials.js';
import { BATCH as FACTOR_BATCH } from './factor-rows.js';
import { BATCH_WORDS as ROW_WORDS } from './linear-rows.js';
import { BATCH_WORDS as LOOK_UP_WORDS, wordsOf } from './look-ups.js';
import { BATCH as PRODUCT_BATCH } from './products.js';
import { BATCH as SELECTION_BATCH } from './selections.js';
import { BATCH_WORDS as SIGN_WORDS, wordsOf as signWordsOf } from './signs.js';
import { BATCH as SQUARE_BATCH } from './squares.js';
import { BATCH_PRODUCTS } from './triples.js';

const WORD_BYTES = 8;
/** Arrays of a step that live at the same time: operands, shares, masks, packed copies. */
const ARRAYS = 6;
/** Coefficients of a ciphertext, and its bytes with the transforms of it that exist for a while: five primes, three words each. */
const COEFFICIENTS = 8192;
const CIPHERTEXT_BYTES = COEFFICIENTS * 5 * 3 * 4;
/** Refills of COTs and windows of exchanges, which every kind uses. */
const EXCHANGE_BYTES = 8e6;

const powerOfTwo = (x: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, x)));
const ciphertexts = (rows: number, columns: number): number =>
  Math.ceil((powerOfTwo(rows) * powerOfTwo(columns)) / COEFFICIENTS);

export interface Extents {
  readonly inputs: number;
  readonly outputs: number;
}

const words = (count: number, most: number): number => ARRAYS * WORD_BYTES * Math.min(count, most);

/** Of `count` items; zero for what is unknown here. `weight` and `width` are of the item's weight or factors. */
function workBytes(correlation: Correlation, count: number, weight: Extents | null, width: number): number {
  switch (correlation.kind) {
    case 'linear': {
      if (!weight) return 0;
      const { inputs, outputs } = weight;
      const rows = Math.min(count, COEFFICIENTS, powerOfTwo(ROW_WORDS / (inputs + outputs) / 2));
      const encrypted = ciphertexts(rows, inputs) + ciphertexts(rows, outputs);
      return 2 * WORD_BYTES * rows * (inputs + outputs) + encrypted * CIPHERTEXT_BYTES;
    }
    case 'matmul': {
      const { batch, n, k, m } = correlation;
      const products = Math.min(BATCH_PRODUCTS, batch * count);
      const encrypted = products * (ciphertexts(n, k) + ciphertexts(k, m));
      return 3 * WORD_BYTES * batch * (n * k + k * m + n * m) + encrypted * CIPHERTEXT_BYTES;
    }
    case 'factors':
      return words(count * width, Math.max(width, FACTOR_BATCH));
    case 'product':
      return words(count * correlation.width, Math.max(correlation.width, PRODUCT_BATCH));
    case 'square':
      return words(count, SQUARE_BATCH);
    case 'bit':
      return words(count, BIT_BATCH);
    case 'carry':
      return words(count, CARRY_BATCH);
    case 'exponential':
      return words(count * placesOf(correlation), EXPONENTIAL_WORDS);
    case 'look-up':
      return words(count * wordsOf(correlation), LOOK_UP_WORDS);
    case 'selection':
      return words(2 * count, SELECTION_BATCH);
    case 'conjunction':
      return words(count * WORDS_A_CONJUNCTION, CONJUNCTION_WORDS);
    case 'sign':
      return words(count * signWordsOf(correlation), SIGN_WORDS);
    case 'comparison':
    case 'cots':
      return 0;
  }
}

type WorkOf = (correlation: Correlation, count: number) => number;

/** Of kinds that are made side by side, in all. */
const TOGETHER_BYTES = 16e6;
/** Made in many exchanges of few bytes each. */
const HAS_MANY_STEPS = new Set<Correlation['kind']>(['exponential', 'look-up', 'conjunction', 'sign']);

/** What is made at once: kinds side by side where each has many steps and little work, else one. */
export function groupsOf<T extends readonly [Correlation, number]>(
  entries: readonly T[],
  workOf: WorkOf,
): T[][] {
  const groups: T[][] = [];
  let small: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const work = workOf(...(entry as readonly [Correlation, number]));
    if (!HAS_MANY_STEPS.has(entry[0].kind) || work > TOGETHER_BYTES) {
      groups.push([entry]);
      continue;
    }
    if (small.length > 0 && bytes + work > TOGETHER_BYTES) {
      groups.push(small);
      [small, bytes] = [[], 0];
    }
    small.push(entry);
    bytes += work;
  }
  return small.length > 0 ? [...groups, small] : groups;
}

/** Of `count` items, where weights have extents and factors widths. */
export const workOf =
  (weightOf: (index: number) => Extents | null, widthOf: (factors: number) => number): WorkOf =>
  (correlation, count) =>
    workBytes(
      correlation,
      count,
      correlation.kind === 'linear' ? weightOf(correlation.weight) : null,
      correlation.kind === 'factors' ? widthOf(correlation.factors) : 0,
    );

/** Groups are made one after the other, so the largest counts. */
export function workBytesOf(demand: Demand, workOf: WorkOf): number {
  const groups = groupsOf(demand.entries, workOf).map((group) =>
    group.reduce((sum, [correlation, count]) => sum + workOf(correlation, count), 0),
  );
  return EXCHANGE_BYTES + Math.max(0, ...groups);
}
