/**
 * Oblivious punctured matrices (Chase, Ghosh, Poburinnaya, ASIACRYPT 2020, section 4): the sender knows an n × n matrix of
 * seeds, the receiver all of them but entry (i, π(i)) of each row i, where only the receiver knows π. Each row is a GGM
 * tree; the receiver learns, by one chosen OT for each level, the sum of the nodes on the side that its path leaves.
 *
 * Two messages: the receiver's corrections turn random choice bits into its own, the sender's answer holds a public salt
 * and both sums of every level, masked. Everything here is local; whoever runs it sends the messages.
 */
import { kernels } from '#kernels';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import { threadJob } from '../../core/span.js';
import { takeWords } from '../../core/words.js';
import type { Random } from '../../session/session.js';
import type { ReceiverCots, SenderCots } from '../ot/cot.js';

const BLOCK_BYTES = 16;

/** Levels below the root of a tree with n leaves. */
const treeDepth = (n: number): number => Math.ceil(Math.log2(n));

/** COTs for an n × n matrix. */
export const puncturedMatrixCots = (n: number): number => n * treeDepth(n);

/** The receiver's message. */
export const correctionBytes = (n: number): number => Math.ceil(puncturedMatrixCots(n) / 8);

/** The sender's message. */
export const answerBytes = (n: number): number => BLOCK_BYTES + 2 * BLOCK_BYTES * puncturedMatrixCots(n);

/** Seeds [n · n · 16] and the salt under which they expand. */
export interface SeedMatrix {
  readonly seeds: Uint8Array;
  readonly salt: Uint8Array;
  readonly suite: SuiteCode;
}

/** The sender's whole matrix with the sums that the receiver will choose from. */
export interface FullMatrix extends SeedMatrix {
  /** [n · depth · 2 · 16] */
  readonly levelSums: Uint8Array;
}

export function sampleMatrix(random: Random, n: number, suite: SuiteCode): FullMatrix {
  const salt = random.bytes(BLOCK_BYTES);
  const roots = random.bytes(n * BLOCK_BYTES);
  const seeds = new Uint8Array(n * n * BLOCK_BYTES);
  const levelSums = new Uint8Array(2 * BLOCK_BYTES * puncturedMatrixCots(n));
  kernels.seedMatrixGrow(roots, n, salt, seeds, levelSums, suite);
  return { salt, seeds, levelSums, suite };
}

/** Bit i · depth + l is the side that row i's path to π(i) leaves at level l. Most significant bit of π(i) first. */
function siblingSides(permutation: Uint32Array): Uint8Array {
  const depth = treeDepth(permutation.length);
  const sides = new Uint8Array(permutation.length * depth);
  permutation.forEach((point, row) => {
    for (let level = 0; level < depth; level++) {
      sides[row * depth + level] = 1 ^ ((point >>> (depth - 1 - level)) & 1);
    }
  });
  return sides;
}

/** Receiver → sender: choice XOR random bit for every COT, packed. */
export function correctionMessage(cots: ReceiverCots, permutation: Uint32Array): Uint8Array {
  const message = new Uint8Array(correctionBytes(permutation.length));
  siblingSides(permutation).forEach((side, index) => {
    message[index >>> 3]! |= (side ^ cots.choices[index]!) << (index & 7);
  });
  return message;
}

/** Sender → receiver: salt, then for every COT the left and the right sum, each under the pad of its choice. */
export function answerMessage(cots: SenderCots, matrix: FullMatrix, corrections: Uint8Array): Uint8Array {
  const count = cots.blocks.length / BLOCK_BYTES;
  const zeroPads = new Uint8Array(cots.blocks.length);
  const onePads = new Uint8Array(cots.blocks.length);
  kernels.hashPairs(cots.blocks, cots.delta, cots.tweak, zeroPads, onePads, cots.suite);
  const message = new Uint8Array(BLOCK_BYTES + matrix.levelSums.length);
  message.set(matrix.salt);
  const masked = message.subarray(BLOCK_BYTES);
  for (let cot = 0; cot < count; cot++) {
    // The receiver holds the pad of its random bit: choice XOR correction.
    const correction = (corrections[cot >>> 3]! >>> (cot & 7)) & 1;
    const pads = correction === 0 ? [zeroPads, onePads] : [onePads, zeroPads];
    for (let side = 0; side < 2; side++) {
      const at = (2 * cot + side) * BLOCK_BYTES;
      masked.set(pads[side]!.subarray(cot * BLOCK_BYTES, (cot + 1) * BLOCK_BYTES), at);
    }
  }
  kernels.bitsXor(masked, matrix.levelSums, masked);
  return message;
}

/** The receiver's matrix from the answer; the missing seeds are zero. */
export function openAnswer(cots: ReceiverCots, permutation: Uint32Array, answer: Uint8Array): SeedMatrix {
  const n = permutation.length;
  const salt = answer.slice(0, BLOCK_BYTES);
  const sums = new Uint8Array(cots.blocks.length);
  kernels.hashBlocks(cots.blocks, cots.tweak, sums, cots.suite);
  const chosen = new Uint8Array(cots.blocks.length);
  siblingSides(permutation).forEach((side, cot) => {
    const at = BLOCK_BYTES + (2 * cot + side) * BLOCK_BYTES;
    chosen.set(answer.subarray(at, at + BLOCK_BYTES), cot * BLOCK_BYTES);
  });
  kernels.bitsXor(sums, chosen, sums);
  const seeds = new Uint8Array(n * n * BLOCK_BYTES);
  kernels.seedMatrixPuncture(sums, permutation, n, salt, seeds, cots.suite);
  return { salt, seeds, suite: cots.suite };
}

/** Columns of a row that share a ring of 1 to 64 bits. */
export interface RowSegment {
  readonly columns: number;
  readonly ringBits: number;
}

const segmentArrays = (segments: readonly RowSegment[]) => ({
  columns: Uint32Array.from(segments, ({ columns }) => columns),
  ringBits: Uint32Array.from(segments, ({ ringBits }) => ringBits),
});

const wordsOf = (n: number, segments: readonly RowSegment[]): BigUint64Array =>
  takeWords(n * segments.reduce((sum, { columns }) => sum + columns, 0));

/** [n · columns] for each segment: views of words in which they follow each other, so that one gives all of them back. */
function bySegment(words: BigUint64Array, n: number, segments: readonly RowSegment[]): BigUint64Array[] {
  let begin = 0;
  return segments.map(({ columns }) => {
    const end = begin + n * columns;
    const part = words.subarray(begin, end);
    begin = end;
    return part;
  });
}

/** Σ_i v[i,j] and Σ_j v[i,j] of the expanded rows of a full matrix, [n · columns] for each segment. */
export async function matrixSums(
  { seeds, salt, suite }: SeedMatrix,
  n: number,
  segments: readonly RowSegment[],
) {
  const [columnSums, rowSums] = [wordsOf(n, segments), wordsOf(n, segments)];
  const outputs = { columnSums, rowSums };
  await threadJob(
    'sums of seeds',
    kernels.seedMatrixSums({ seeds, rows: n, salt, suite, ...segmentArrays(segments), ...outputs }),
  );
  return { columnSums: bySegment(columnSums, n, segments), rowSums: bySegment(rowSums, n, segments) };
}

/** Σ_i' v[i',π(i)] - Σ_j v[i,j] from a matrix that lacks v[i,π(i)], [n · columns] for each segment. */
export async function matrixDifferences(
  { seeds, salt, suite }: SeedMatrix,
  permutation: Uint32Array,
  segments: readonly RowSegment[],
): Promise<BigUint64Array[]> {
  const n = permutation.length;
  const differences = wordsOf(n, segments);
  await threadJob(
    'differences of seeds',
    kernels.seedMatrixDifferences({
      seeds,
      permutation,
      salt,
      suite,
      ...segmentArrays(segments),
      differences,
    }),
  );
  return bySegment(differences, n, segments);
}
