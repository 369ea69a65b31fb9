/** The parties' halves of products with a weight that stays at the client, encrypted under a key of the server's. */
import { kernels } from '#kernels';
import { ProtocolError } from '../../core/errors.js';
import { threadJob } from '../../core/span.js';
import type { Random } from '../../session/session.js';
import { SEED_BYTES } from '../rlwe/keys.js';
import { blockBytes, layoutWords, type ResidentLayout, rowBytes } from './resident-layout.js';

/** Rows of one call: what bounds the work space, some 100 kB a row. */
const MOST_ROWS = 256;

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

/** The client: encrypts x [rows, inputs] · W + mask [rows, outputs], mask uniform modulo 2^ringBits. → rowBytes each
 * @throws ProtocolError if the blocks hold what no server sends */
export async function multiplyResident(
  layout: ResidentLayout,
  weight: { readonly publicSeed: Uint8Array; readonly blocks: Uint8Array },
  x: BigUint64Array,
  mask: BigUint64Array,
  random: Random,
  threads: number,
): Promise<Uint8Array> {
  const { inputs, outputs } = layout;
  const rows = x.length / inputs;
  const out = new Uint8Array(rows * rowBytes(layout));
  for (let first = 0; first < rows; first += MOST_ROWS) {
    const last = Math.min(rows, first + MOST_ROWS);
    const invalid = await threadJob(
      'multiply',
      kernels.residentMultiply({
        primes: layout.parameters.modulusChain,
        layout: layoutWords(layout),
        ...weight,
        x: x.subarray(first * inputs, last * inputs),
        mask: mask.subarray(first * outputs, last * outputs),
        rows: last - first,
        floodBits: layout.floodBits,
        secretSeed: random.bytes(SEED_BYTES),
        threads,
        out: out.subarray(first * rowBytes(layout), last * rowBytes(layout)),
      }),
    );
    if (invalid > 0)
      throw new ProtocolError(`resident weights: expected residues below their primes, got ${invalid} above`);
  }
  return out;
}

/** The server: x · W + mask [rows, outputs]; `noise`: the largest distance to what it was rounded to, as a fraction of 2^64. */
export async function decryptResident(
  layout: ResidentLayout,
  secretSeed: Uint8Array,
  bytes: Uint8Array,
  threads: number,
): Promise<{ readonly share: BigUint64Array; readonly noise: bigint }> {
  const rows = bytes.length / rowBytes(layout);
  const share = new BigUint64Array(rows * layout.outputs);
  const noise = new BigUint64Array(1);
  await threadJob(
    'decrypt',
    kernels.residentDecrypt({
      primes: layout.parameters.modulusChain,
      layout: layoutWords(layout),
      secretSeed,
      bytes,
      rows,
      threads,
      out: share,
      noise,
    }),
  );
  return { share, noise: noise[0]! };
}
