/**
 * Pruning that opens no count: a public number of tokens stays, those with the largest scores. Scores become distinct keys, rows
 * are shuffled with their keys by a permutation that nobody knows, all pairs of keys are compared at once, and the comparisons
 * are opened: the order of the rows *after* the shuffle, from which rows are chosen in public. [CLS] stays row 0 and important.
 *
 * What the order says: n distinct numbers have exactly one order, and after a permutation that is uniform and independent of them it
 * is a uniformly random one, whatever the scores are (docs/threat-model.md). So keys must be distinct, or the order would tell
 * of ties: the row's number before the shuffle is their lowest bits. And they must be ordered in any case, also where scores
 * left their range: keys are numbers modulo 2^k lifted exactly to 0 .. 2^k - 1.
 */
import type { Backend, ShuffleMaterial } from '../backends/backend.js';
import { ProtocolError } from '../core/errors.js';
import { protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { integerBits, shrink } from './fixed-point.js';
import { sideBySide } from './side-by-side.js';

export interface KeptCounts {
  /** Rows that stay, [CLS] included, and those of them that are important. */
  readonly kept: number;
  readonly important: number;
}

/** The given tensors, kept rows only. */
export interface Kept extends KeptCounts {
  readonly rows: readonly SharedTensor[];
}

/** Two exchanges are enough for comparisons of so many bits. */
const USUAL_KEY_BITS = 20;
/** Steps of a score that uniform attention gives: at least so many, bits. */
const LEAST_STEP_BITS = 4;
const MOST_FRACTION_BITS = 9;
/** Scores are sums of probabilities that are off by little. */
export const SCORE_MARGIN = 1 + 2 ** -4;

export interface KeyFormat {
  readonly fractionBits: number;
  readonly scoreBits: number;
  readonly indexBits: number;
}

/** How scores up to `largest` of `rows` rows become keys; uniform attention gives a row `heads`. */
export function keyFormat(rows: number, largest: number, heads: number): KeyFormat {
  const whole = integerBits(largest * SCORE_MARGIN);
  const indexBits = Math.max(1, Math.ceil(Math.log2(rows)));
  const least = Math.max(0, LEAST_STEP_BITS - Math.floor(Math.log2(heads)));
  const fits = USUAL_KEY_BITS - indexBits - whole;
  const fractionBits = Math.min(MOST_FRACTION_BITS, Math.max(least, fits));
  return { fractionBits, scoreBits: whole + fractionBits, indexBits };
}

/** scores [rows] → distinct keys [rows] from 0 to 2^k - 1 in a ring of k + 1 bits; of equal scores the first row wins */
async function distinctKeys(mpc: Backend, scores: SharedTensor, format: KeyFormat): Promise<SharedTensor> {
  const rows = scores.shape[0]!;
  const { fractionBits, scoreBits, indexBits } = format;
  const coarse = shrink(mpc, scores, { ringBits: scoreBits + 1, fractionBits });
  const unit = 2 ** -(fractionBits + indexBits);
  const places = Float64Array.from({ length: rows }, (_, row) => (rows - 1 - row) * unit);
  const keys = mpc.addPublic(mpc.expand(coarse, indexBits), places);
  // The top bit, where a score left its range, leaves too: as a number it is worth half of the ring, in either sharing.
  const top = await mpc.toArithmetic(await mpc.isNegative(keys), 1);
  const weight = mpc.reinterpret(mpc.expand(top, keys.ringBits - 1), keys.fractionBits);
  return mpc.subtract(keys, weight);
}

/** All pairs of rows, the lower number first. */
function pairsOf(rows: number): { readonly first: Uint32Array; readonly second: Uint32Array } {
  const count = (rows * (rows - 1)) / 2;
  const [first, second] = [new Uint32Array(count), new Uint32Array(count)];
  let pair = 0;
  for (let a = 0; a < rows; a++)
    for (let b = a + 1; b < rows; b++) {
      first[pair] = a;
      second[pair++] = b;
    }
  return { first, second };
}

/**
 * Rows from the largest key to the smallest, from the opened bits `isBelow` of `pairsOf`.
 * @throws ProtocolError if the bits are no order: a party deviated
 */
export function orderOf(rows: number, isBelow: Uint8Array): Uint32Array {
  const ranks = new Uint32Array(rows);
  let pair = 0;
  for (let a = 0; a < rows; a++) for (let b = a + 1; b < rows; b++) ranks[isBelow[pair++] ? a : b]!++;
  const order = new Uint32Array(rows);
  const seen = new Uint8Array(rows);
  ranks.forEach((rank, row) => {
    order[rank] = row;
    seen[rank] = 1;
  });
  if (seen.includes(0)) throw new ProtocolError('keep-best: expected comparisons of an order, got others');
  return order;
}

/** What is chosen by, and what is chosen from: neither waits for the other. */
export interface Candidates {
  /** → [tokens] from 0 to `largest` */
  readonly scores: (mpc: Backend) => Promise<SharedTensor>;
  /** → [tokens, ...] */
  readonly tensors: (mpc: Backend) => Promise<readonly SharedTensor[]>;
}

/** → the tensors' rows [kept, ...]: [CLS], then by falling score */
export const keepBest = protocol(
  'keepBest',
  async (
    mpc: Backend,
    { largest, heads }: { readonly largest: number; readonly heads: number },
    { kept, important }: KeptCounts,
    tokens: number,
    candidates: Candidates,
  ): Promise<Kept> => {
    const rows = tokens - 1;
    const rest = (x: SharedTensor) => mpc.slice(x, 0, 1, tokens);
    // Nothing is chosen, since all stay and all alike; or one row beside [CLS] stays or leaves, and there is no order to hide.
    if ((kept === tokens && important === tokens) || rows < 2) {
      const all = await candidates.tensors(mpc);
      return { rows: all.map((x) => mpc.slice(x, 0, 0, kept)), kept, important };
    }
    const [keys, tensors, material] = await sideBySide<
      SharedTensor,
      [readonly SharedTensor[], ShuffleMaterial | null]
    >(
      mpc,
      async (lane) =>
        distinctKeys(lane, rest(await candidates.scores(lane)), keyFormat(rows, largest, heads)),
      candidates.tensors,
      async (lane) => (await lane.prepareShuffle?.(rows)) ?? null,
    );
    const shuffled = await mpc.shuffle({ tensors: [keys, ...tensors.map(rest)], bits: [] }, material);
    const [shuffledKeys, ...shuffledTensors] = shuffled.tensors as [SharedTensor, ...SharedTensor[]];
    const { first, second } = pairsOf(rows);
    const below = await mpc.isNegative(
      mpc.subtract(mpc.gatherRows(shuffledKeys, first), mpc.gatherRows(shuffledKeys, second)),
    );
    const opened = await mpc.revealBits(below, 'all', 'shuffled-order');
    const best = orderOf(rows, opened!).subarray(0, kept - 1);
    return {
      rows: tensors.map((x, i) =>
        mpc.concat([mpc.slice(x, 0, 0, 1), mpc.gatherRows(shuffledTensors[i]!, best)], 0),
      ),
      kept,
      important,
    };
  },
);
