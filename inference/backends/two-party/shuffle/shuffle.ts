/**
 * Secret-shared shuffle (Chase, Ghosh, Poburinnaya, ASIACRYPT 2020): rows by a permutation that neither party knows. Two
 * passes, in each of which one party permutes (π, its own secret) and the other translates its share.
 *
 * A pass: the translating party knows rows v[i,j] (grown from n² seeds, crypto/ggm), a[j] = Σ_i v[i,j] and b[i] = Σ_j v[i,j];
 * the permuting party knows all but the v[i,π(i)], hence Δ[i] = a[π(i)] - b[i], from which the missing rows cancel. The
 * translating party sends x - a and keeps b; the permuting party keeps (its x + received)[π(i)] + Δ[i]: together x[π(i)].
 *
 * Rows are masked by sums of pseudo-random rows, so the messages look uniform; each party knows one of the two
 * permutations and nothing of their product. Two rounds: corrections of both directions; masked sums of both directions
 * and the first pass's rows; the second pass's rows.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import {
  answerBytes,
  answerMessage,
  correctionBytes,
  correctionMessage,
  matrixDifferences,
  matrixSums,
  openAnswer,
  puncturedMatrixCots,
  type RowSegment,
  sampleMatrix,
} from '../../../crypto/ggm/punctured-matrix.js';
import { samplePermutation } from '../../../crypto/permutation.js';
import type { PartyContext } from '../context/party-context.js';

/** A party's shares of some columns: words [rows · columns], reduced modulo 2^ringBits. Bits are rings of one bit. */
export interface RowBlock extends RowSegment {
  readonly words: BigUint64Array;
}

const packedBytes = (rows: number, { columns, ringBits }: RowSegment): number =>
  Math.ceil((rows * columns * ringBits) / 8);

export const messageBytes = (rows: number, segments: readonly RowSegment[]): number =>
  segments.reduce((sum, segment) => sum + packedBytes(rows, segment), 0);

const withWords = (segments: readonly RowSegment[], words: readonly BigUint64Array[]): RowBlock[] =>
  segments.map(({ columns, ringBits }, index) => ({ columns, ringBits, words: words[index]! }));

/** x - a, packed at each block's ring width. */
function maskRows(
  rows: number,
  blocks: readonly RowBlock[],
  columnSums: readonly BigUint64Array[],
): Uint8Array {
  const message = new Uint8Array(messageBytes(rows, blocks));
  let begin = 0;
  blocks.forEach((block, index) => {
    const end = begin + packedBytes(rows, block);
    const masked = new BigUint64Array(block.words.length);
    kernels.ringSubtract(block.words, columnSums[index]!, block.ringBits, masked);
    kernels.ringPack(masked, block.ringBits, message.subarray(begin, end));
    begin = end;
  });
  return message;
}

/** (x + received)[π(i)] + Δ[i] for every block. */
function permuteRows(
  permutation: Uint32Array,
  blocks: readonly RowBlock[],
  message: Uint8Array,
  differences: readonly BigUint64Array[],
): RowBlock[] {
  let begin = 0;
  const permuted = blocks.map(({ columns, ringBits, words }, index) => {
    const end = begin + packedBytes(permutation.length, { columns, ringBits });
    const opened = new BigUint64Array(words.length);
    kernels.ringUnpack(message.subarray(begin, end), ringBits, opened);
    kernels.ringAdd(opened, words, ringBits, opened);
    const moved = new BigUint64Array(words.length);
    kernels.ringGatherRows(opened, columns, permutation, moved);
    kernels.ringAdd(moved, differences[index]!, ringBits, moved);
    begin = end;
    return moved;
  });
  return withWords(blocks, permuted);
}

/** blocks: `rows` rows each; the result's rows are in an order that no party knows. The server translates first. */
export const shuffleRows = protocol(
  'shuffle',
  async ({ session, cots }: PartyContext, rows: number, blocks: readonly RowBlock[]): Promise<RowBlock[]> => {
    if (rows < 2) return [...blocks];
    const { self, channel, random } = session;
    const permutation = samplePermutation(random, rows);
    const matrix = sampleMatrix(random, rows);
    const count = puncturedMatrixCots(rows);
    const [senderCots, receiverCots] = await Promise.all([
      cots.sender.take(count),
      cots.receiver.take(count),
    ]);

    channel.send(correctionMessage(receiverCots, permutation));
    const sums = matrixSums(matrix, rows, blocks);
    const corrections = await channel.receive(correctionBytes(rows));
    channel.send(answerMessage(senderCots, matrix, corrections));
    const { columnSums, rowSums } = await sums;
    if (self === 'server') channel.send(maskRows(rows, blocks, columnSums));

    const known = openAnswer(receiverCots, permutation, await channel.receive(answerBytes(rows)));
    const differences = await matrixDifferences(known, permutation, blocks);
    const masked = await channel.receive(messageBytes(rows, blocks));
    if (self === 'server') return permuteRows(permutation, withWords(blocks, rowSums), masked, differences);
    const permuted = permuteRows(permutation, blocks, masked, differences);
    channel.send(maskRows(rows, permuted, columnSums));
    return withWords(blocks, rowSums);
  },
);
