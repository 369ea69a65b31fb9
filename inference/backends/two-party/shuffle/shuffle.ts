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
  type SeedMatrix,
  sampleMatrix,
} from '../../../crypto/ggm/punctured-matrix.js';
import { samplePermutation } from '../../../crypto/permutation.js';
import { type PartyContext, runStep } from '../context/party-context.js';

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
  async (party: PartyContext, rows: number, blocks: readonly RowBlock[]): Promise<RowBlock[]> => {
    if (rows < 2) return [...blocks];
    const { self, channel, random } = party.session;
    const isFirst = self === 'server';
    const permutation = samplePermutation(random, rows);
    const { known, columnSums, rowSums, masked } = await exchangeMatrices(party, permutation, blocks);
    const differences = await matrixDifferences(known, permutation, blocks);
    let received: Promise<Uint8Array> | Uint8Array | null = masked;
    let permuted: RowBlock[] = [];
    await runStep(party, {
      async begin() {
        if (isFirst) {
          const message = channel.receive(messageBytes(rows, blocks));
          message.catch(() => {}); // reported below
          received = message;
          return;
        }
        permuted = permuteRows(permutation, blocks, masked!, differences);
        channel.send(maskRows(rows, permuted, columnSums));
      },
      async finish() {
        await received;
      },
    });
    if (!isFirst) return withWords(blocks, rowSums);
    return permuteRows(permutation, withWords(blocks, rowSums), (await received)!, differences);
  },
);

/** A matrix of this party's and what it learns of the peer's; at the client the server's masked rows too. */
async function exchangeMatrices(party: PartyContext, permutation: Uint32Array, blocks: readonly RowBlock[]) {
  const { self, channel, random } = party.session;
  const rows = permutation.length;
  const matrix = sampleMatrix(random, rows, party.cots.suite);
  const count = puncturedMatrixCots(rows);
  const takeCots = () => Promise.all([party.cots.sender.take(count), party.cots.receiver.take(count)]);
  const sums = matrixSums(matrix, rows, blocks);
  sums.catch(() => {}); // reported below
  let cots: Awaited<ReturnType<typeof takeCots>>;
  let corrections: Promise<Uint8Array>;
  let known: SeedMatrix;
  let masked: Uint8Array | null = null;
  await runStep(party, {
    async begin() {
      cots = await takeCots();
      channel.send(correctionMessage(cots[1], permutation));
      corrections = channel.receive(correctionBytes(rows));
      corrections.catch(() => {}); // reported below
    },
    async answer() {
      channel.send(answerMessage(cots[0], matrix, await corrections));
      if (self === 'server') channel.send(maskRows(rows, blocks, (await sums).columnSums));
    },
    async finish() {
      known = openAnswer(cots[1], permutation, await channel.receive(answerBytes(rows)));
      if (self === 'client') masked = await channel.receive(messageBytes(rows, blocks));
    },
  });
  return { known: known!, masked: masked as Uint8Array | null, ...(await sums) };
}
