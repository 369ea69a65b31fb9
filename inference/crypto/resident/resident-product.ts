/** The parties' halves of products with a weight that stays at the client, encrypted under a key of the server's. */
import { kernels } from '#kernels';
import { ProtocolError } from '../../core/errors.js';
import { threadJob } from '../../core/span.js';
import { giveBack, takeBytes, takeWords } from '../../core/words.js';
import { Pieces, type SendPiece } from '../pieces.js';
import type { Random } from '../../session/session.js';
import { SEED_BYTES } from '../rlwe/keys.js';
import {
  answerBlocksBytes,
  blockBytes,
  layoutWords,
  messageBytes,
  outputBlocks,
  type ResidentLayout,
  rowHalfBytes,
} from './resident-layout.js';

/** Rows of one call: what bounds the work space, some 100 kB a row. */
const MOST_ROWS = 256;
/** Blocks of outputs that the server decrypts at a time. */
const PIECE_BLOCKS = 8;

/** Seeds of one weight at the server: with them the same ciphertexts come again whenever they are asked for. */
export interface WeightSeeds {
  readonly publicSeed: Uint8Array;
  readonly secretSeed: Uint8Array;
}

/** Blocks first, …, first + count - 1 of outputs, as the client keeps them. */
export async function encryptBlocks(
  layout: ResidentLayout,
  { publicSeed, secretSeed }: WeightSeeds,
  matrix: Int16Array,
  blocks: { readonly first: number; readonly count: number },
  threads: number,
): Promise<Uint8Array> {
  const out = new Uint8Array(blocks.count * blockBytes(layout));
  await threadJob(
    'encrypt weights',
    kernels.residentEncrypt({
      primes: layout.parameters.modulusChain,
      layout: layoutWords(layout),
      publicSeed,
      secretSeed,
      matrix,
      ...blocks,
      threads,
      out,
    }),
  );
  return out;
}

/** Parts of rows that are worked on one after another. */
function* parts(rows: number): Generator<{ readonly first: number; readonly last: number }> {
  for (let first = 0; first < rows; first += MOST_ROWS)
    yield { first, last: Math.min(rows, first + MOST_ROWS) };
}

/** The client: encrypts x [rows, inputs] · W + mask [rows, outputs], mask uniform modulo 2^ringBits. Sends productBytes, in pieces as
 * they are ready.
 * @throws ProtocolError if the blocks hold what no server sends; then nothing that depends on it was sent */
export async function multiplyResident(
  layout: ResidentLayout,
  weight: { readonly publicSeed: Uint8Array; readonly blocks: Uint8Array },
  x: BigUint64Array,
  mask: BigUint64Array,
  random: Random,
  threads: number,
  send: SendPiece,
): Promise<void> {
  const { inputs, outputs } = layout;
  for (const { first, last } of parts(x.length / inputs)) {
    const pieces = new Pieces(messageBytes(layout, last - first), send);
    const product = kernels.residentMultiply({
      primes: layout.parameters.modulusChain,
      layout: layoutWords(layout),
      ...weight,
      x: x.subarray(first * inputs, last * inputs),
      mask: mask.subarray(first * outputs, last * outputs),
      rows: last - first,
      floodBits: layout.floodBits,
      secretSeed: random.bytes(SEED_BYTES),
      threads,
      out: pieces.bytes,
      ready: pieces.ready,
    });
    const invalid = await pieces.during(threadJob('multiply', product));
    if (invalid > 0)
      throw new ProtocolError(`resident weights: expected residues below their primes, got ${invalid} above`);
    pieces.sendReady();
  }
}

/** Some blocks of a part of the rows, or its halves a, which come first. */
interface Piece {
  readonly rows: { readonly first: number; readonly last: number };
  /** Null of halves. */
  readonly blocks: { readonly first: number; readonly last: number } | null;
  readonly byteLength: number;
}

/** What the server takes of a message at a time. */
export function productPieces(layout: ResidentLayout, rows: number): Piece[] {
  const pieces: Piece[] = [];
  for (const part of parts(rows)) {
    const count = part.last - part.first;
    pieces.push({ rows: part, blocks: null, byteLength: count * rowHalfBytes(layout) });
    for (let first = 0; first < outputBlocks(layout); first += PIECE_BLOCKS) {
      const last = Math.min(outputBlocks(layout), first + PIECE_BLOCKS);
      const byteLength = answerBlocksBytes(layout, count, first, last);
      pieces.push({ rows: part, blocks: { first, last }, byteLength });
    }
  }
  return pieces;
}

/** Of a client's message for so many rows. */
export const productBytes = (layout: ResidentLayout, rows: number): number =>
  productPieces(layout, rows).reduce((sum, { byteLength }) => sum + byteLength, 0);

/** The server: x · W + mask [rows, outputs], taken (core/words.ts), from the message in pieces (productPieces) as they come; `noise`: the largest distance to what it
 * was rounded to, as a fraction of 2^64. */
export async function decryptResident(
  layout: ResidentLayout,
  secretSeed: Uint8Array,
  rows: number,
  received: readonly Promise<Uint8Array>[],
  threads: number,
): Promise<{ readonly share: BigUint64Array; readonly noise: bigint }> {
  const { outputs, downLimbs, parameters } = layout;
  const common = { primes: parameters.modulusChain, layout: layoutWords(layout), threads };
  const share = takeWords(rows * outputs);
  let taken: Uint8Array | null = null;
  let halves: Uint32Array = new Uint32Array(0);
  let worst = 0n;
  for (const [index, { rows: part, blocks }] of productPieces(layout, rows).entries()) {
    const bytes = await received[index]!;
    const count = part.last - part.first;
    if (blocks === null) {
      giveBack(taken);
      const length = count * downLimbs * parameters.rank * parameters.n;
      taken = takeBytes(Uint32Array.BYTES_PER_ELEMENT * length);
      halves = new Uint32Array(taken.buffer, 0, length);
      await threadJob('decrypt', kernels.residentHalves({ ...common, bytes, rows: count, halves }));
    } else {
      const noise = new BigUint64Array(1);
      const job = kernels.residentDecrypt({
        ...common,
        secretSeed,
        halves,
        bytes,
        rows: count,
        first: blocks.first,
        count: blocks.last - blocks.first,
        out: share.subarray(part.first * outputs, part.last * outputs),
        noise,
      });
      await threadJob('decrypt', job);
      if (noise[0]! > worst) worst = noise[0]!;
    }
    giveBack(bytes);
  }
  giveBack(taken);
  return { share, noise: worst };
}
