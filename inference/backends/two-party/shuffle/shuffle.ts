/**
 * Secret-shared shuffle (Chase, Ghosh, Poburinnaya, ASIACRYPT 2020): rows by a permutation that neither party knows. Two
 * passes, in each of which one party permutes (π, its own secret) and the other translates its share.
 *
 * A pass: the translating party knows rows v[i,j] (grown from n² seeds, crypto/ggm), a[j] = Σ_i v[i,j] and b[i] = Σ_j v[i,j];
 * the permuting party knows all but the v[i,π(i)], hence Δ[i] = a[π(i)] - b[i], from which the missing rows cancel. The
 * translating party sends x - a and keeps b; the permuting party keeps (its x + received)[π(i)] + Δ[i]: together x[π(i)].
 *
 * Rows are masked by sums of pseudo-random rows, so the messages look uniform; each party knows one of the two
 * permutations and nothing of their product. The matrices are learnt before the rows are there (corrections, then masked sums); then the first pass's rows go one way, the second pass's back.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import {
  answerBytes,
  answerMessage,
  correctionBytes,
  correctionMessage,
  type FullMatrix,
  matrixDifferences,
  matrixSums,
  openAnswer,
  puncturedMatrixCots,
  type RowSegment,
  type SeedMatrix,
  sampleMatrix,
} from '../../../crypto/ggm/punctured-matrix.js';
import type { ClaimedCots, ReceiverCots } from '../../../crypto/ot/cot.js';
import { samplePermutation } from '../../../crypto/permutation.js';
import { sendTaken } from '../../../net/channel.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import { posted } from '../exchange/in-turn.js';

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

/** x - a, packed at each block's ring width; a is given back. */
function maskRows(
  rows: number,
  blocks: readonly RowBlock[],
  columnSums: readonly BigUint64Array[],
): Uint8Array {
  const message = takeBytes(messageBytes(rows, blocks));
  let begin = 0;
  blocks.forEach((block, index) => {
    const end = begin + packedBytes(rows, block);
    const packed = message.subarray(begin, end);
    kernels.ringPackDifference(block.words, columnSums[index]!, block.ringBits, packed);
    begin = end;
  });
  giveBack(columnSums[0] ?? null);
  return message;
}

/** (x + received)[π(i)] + Δ[i] for every block; what came and Δ are given back. */
function permuteRows(
  permutation: Uint32Array,
  blocks: readonly RowBlock[],
  message: Uint8Array,
  differences: readonly BigUint64Array[],
): RowBlock[] {
  let begin = 0;
  const permuted = blocks.map(({ columns, ringBits, words }, index) => {
    const end = begin + packedBytes(permutation.length, { columns, ringBits });
    const opened = takeWords(words.length);
    kernels.ringUnpackAdd(message.subarray(begin, end), ringBits, words, opened);
    const moved = takeWords(words.length);
    kernels.ringGatherRows(opened, columns, permutation, moved);
    kernels.ringAdd(moved, differences[index]!, ringBits, moved);
    giveBack(opened);
    begin = end;
    return moved;
  });
  giveBack(message, differences[0] ?? null);
  return withWords(blocks, permuted);
}

/** Both parties' matrices, for one shuffle. */
export interface ShuffleMatrices {
  readonly permutation: Uint32Array;
  /** This party's own, and what it knows of the peer's. */
  readonly matrix: FullMatrix;
  readonly known: SeedMatrix;
}

/**
 * For a shuffle of so many rows, at least 2: `first` sends corrections, the other one its own and its sums, then `first` its sums. So
 * what runs beside this in turns waits for nothing.
 */
export const exchangeMatrices = protocol(
  'shuffle',
  async (party: PartyContext, rows: number, first: PartyId): Promise<ShuffleMatrices> => {
    const { channel, random, self } = party.session;
    const permutation = samplePermutation(random, rows);
    const matrix = sampleMatrix(random, rows, party.cots.suite);
    const count = puncturedMatrixCots(rows);
    // Claimed, not taken: what runs beside this may have claims of its own that are used first.
    let claimed: () => Promise<ClaimedCots>;
    let own: ReceiverCots;
    let corrections: Promise<Uint8Array>;
    let sums: Promise<Uint8Array>;
    const takeCots = async (): Promise<void> => {
      claimed = party.cots.sender.claim(count);
      own = await party.cots.receiver.take(count);
    };
    const sendCorrections = (): void => channel.send(correctionMessage(own, permutation));
    const sendSums = async (): Promise<void> => {
      const cots = await claimed();
      channel.send(answerMessage(cots, matrix, await corrections));
      cots.done();
    };
    const receiveSums = (): void => {
      sums = posted(channel.receive(answerBytes(rows)));
    };
    const receiveCorrections = (): void => {
      corrections = posted(channel.receive(correctionBytes(rows)));
    };
    if (self === first) {
      await runStep(party, {
        async begin() {
          await takeCots();
          sendCorrections();
        },
        async finish() {
          receiveCorrections();
          receiveSums();
          await sums;
        },
      });
      await runStep(party, { begin: sendSums });
    } else {
      await runStep(party, {
        async begin() {
          await takeCots();
          receiveCorrections();
        },
        async answer() {
          sendCorrections();
          await sendSums();
        },
      });
      await runStep(party, {
        begin() {
          receiveSums();
        },
        finish: () => sums,
      });
    }
    return { permutation, matrix, known: openAnswer(own!, permutation, await sums!) };
  },
);

/**
 * blocks: rows as many as the matrices have; the result's rows are in an order that no party knows. `first` translates in the first pass, so
 * that it sends first and the other one answers.
 */
export const shuffleRows = protocol(
  'shuffle',
  async (
    party: PartyContext,
    { permutation, matrix, known }: ShuffleMatrices,
    blocks: readonly RowBlock[],
    first: PartyId,
  ): Promise<RowBlock[]> => {
    const { self, channel } = party.session;
    const rows = permutation.length;
    const bytes = messageBytes(rows, blocks);
    const { columnSums, rowSums } = await matrixSums(matrix, rows, blocks);
    const differences = await matrixDifferences(known, permutation, blocks);
    const own = withWords(blocks, rowSums);
    if (self === first) {
      let message: Uint8Array;
      await runStep(party, {
        begin() {
          sendTaken(channel, maskRows(rows, blocks, columnSums));
        },
        async finish() {
          message = await channel.receive(bytes);
        },
      });
      const permuted = permuteRows(permutation, own, message!, differences);
      giveBack(rowSums[0] ?? null);
      return permuted;
    }
    let received: Promise<Uint8Array>;
    await runStep(party, {
      async begin() {
        received = channel.receive(bytes);
        received.catch(() => {}); // reported below
      },
      async answer() {
        const permuted = permuteRows(permutation, blocks, await received, differences);
        sendTaken(channel, maskRows(rows, permuted, columnSums));
        giveBack(...permuted.map(({ words }) => words));
      },
    });
    return own;
  },
);
