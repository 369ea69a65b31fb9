/**
 * Products of encrypted rows with plain weights, results shared: who has a secret key is encryptor and decryptor, the peer, who
 * has its evaluation keys, the evaluator. x [batch, rows, inputs] times w [batch, inputs, outputs]; the decrypted share is
 * x·w - mask modulo 2^ringBits, exactly (noise-budget.ts).
 */
import { kernelKind, kernels } from '#kernels';
import { ProtocolError } from '../../core/errors.js';
import { threadJob } from '../../core/span.js';
import { giveBack, takeBytes } from '../../core/words.js';
import type { Random } from '../../session/session.js';
import { type EvaluationKeys, SEED_BYTES, type SecretKey } from './keys.js';
import { Pieces, type SendPiece } from '../pieces.js';
import {
  inputBytes,
  keptWords,
  lastKIn,
  layoutWords,
  outputABytes,
  outputBBytes,
  outputBytes,
  type PackedLayout,
} from './packed-layout.js';

/** Distances of neighbours along [batch, row, column], in words: a transposed tensor needs no copy. */
export type Strides = readonly [batch: number, row: number, column: number];

export interface StridedWords {
  readonly data: BigUint64Array;
  readonly strides: Strides;
}

/** Signed integers: 16 bits, or words modulo 2^bits (at most 32) in two's complement. */
export interface Weights {
  readonly data: Int16Array | BigUint64Array;
  readonly bits: number;
  readonly strides: Strides;
}

/** Row-major [batch, rows, columns]. */
export const rowMajor = (rows: number, columns: number): Strides => [rows * columns, columns, 1];

export class Encryptor {
  constructor(
    readonly secretKey: SecretKey,
    readonly random: Random,
    readonly threads: number,
  ) {}

  /** x [batch, rows, inputs] → the b halves, inputBytes, taken (core/words.ts) */
  async encrypt(layout: PackedLayout, x: StridedWords): Promise<Uint8Array> {
    const { parameters, data, rowSeeds, suite } = this.secretKey;
    const message = takeBytes(inputBytes(layout)).fill(0);
    await threadJob(
      'encrypt',
      kernels.rlweEncryptPacked({
        primes: parameters.modulusChain,
        layout: layoutWords(layout),
        secret: data,
        x: x.data,
        strides: Uint32Array.from(x.strides),
        publicSeed: rowSeeds.take(),
        errorSeed: this.random.bytes(SEED_BYTES),
        suite,
        threads: this.threads,
        out: message,
      }),
    );
    return message;
  }
}

/** Half a of an answer is made ahead where no more than this is kept of it: 6 MiB for 768 x 3,072 and 128 rows. */
const MOST_KEPT_BYTES = 2 ** 25;

export class Evaluator {
  constructor(
    readonly keys: EvaluationKeys,
    readonly random: Random,
    readonly threads: number,
  ) {}

  /**
   * The product with the rows that the peer encrypts next. The answer leaves in pieces as they are ready: they travel while the rest is
   * computed. Half a, all key switches included, follows from the seed that both know, and begins at once, in threads of its own; weights must not
   * change until the end.
   */
  begin(layout: PackedLayout, weights: Weights, send: SendPiece): Product {
    return new Product(this, layout, weights, send);
  }
}

/** One call of a kernel, the answer or a half of it. */
interface Half {
  readonly pieces: Pieces;
  readonly work: Promise<number>;
}

const HALVES = { both: 0, a: 1, b: 2 } as const;

/** Of one seed, and answered once. */
export class Product {
  readonly #common;
  readonly #kept: Uint8Array | null;
  readonly #halfA: Half | null = null;

  constructor(
    evaluator: Evaluator,
    private readonly layout: PackedLayout,
    weights: Weights,
    private readonly send: SendPiece,
  ) {
    const { keys, random, threads } = evaluator;
    this.#common = {
      primes: keys.parameters.modulusChain,
      layout: layoutWords(layout),
      publicKey: keys.publicKey,
      packingKeys: keys.packing.of(layout.kIn),
      lastPackingKeys: keys.packing.of(lastKIn(layout)),
      publicSeed: keys.rowSeeds.take(),
      weights: weights.data,
      weightBits: weights.bits,
      weightStrides: Uint32Array.from(weights.strides),
      floodBits: layout.budget.floodBits,
      secretSeed: random.bytes(SEED_BYTES),
      suite: keys.suite,
      threads,
    };
    const keptBytes = 4 * keptWords(layout);
    // WebAssembly's jobs hold up everything else.
    const isAhead = kernelKind === 'native' && keptBytes <= MOST_KEPT_BYTES;
    this.#kept = isAhead ? takeBytes(keptBytes) : null;
    if (isAhead) this.#halfA = this.#evaluate('a', NO_ROWS);
  }

  /** mask [batch, rows, outputs] must be uniform modulo 2^ringBits.
   * @throws ProtocolError if a residue is not below its prime; then nothing of half b is sent */
  async answer(message: Promise<Uint8Array>, mask: StridedWords): Promise<void> {
    if (this.#halfA) await sent(this.#halfA);
    const inputs = await message;
    const rest = this.#evaluate(this.#halfA ? 'b' : 'both', { inputs, mask });
    const invalid = await sent(rest);
    if (invalid > 0)
      throw new ProtocolError(`encrypted rows: expected residues below their primes, got ${invalid} above`);
    giveBack(this.#kept);
  }

  #evaluate(which: keyof typeof HALVES, { inputs, mask }: Rows): Half {
    const { layout } = this;
    const byteLength = { both: outputBytes, a: outputABytes, b: outputBBytes }[which](layout);
    const pieces = new Pieces(byteLength, this.send);
    const kept = this.#kept;
    const work = threadJob(
      which === 'a' ? 'half a' : 'evaluate',
      kernels.rlweEvaluatePacked({
        ...this.#common,
        halves: HALVES[which],
        kept: kept ? new Uint32Array(kept.buffer, kept.byteOffset, kept.length / 4) : new Uint32Array(0),
        inputs,
        mask: mask.data,
        maskStrides: Uint32Array.from(mask.strides),
        out: pieces.bytes,
        ready: pieces.ready,
      }),
      which === 'a',
    );
    work.catch(() => {}); // reported by who waits for it
    return { pieces, work };
  }
}

interface Rows {
  readonly inputs: Uint8Array;
  readonly mask: StridedWords;
}

const NO_ROWS: Rows = {
  inputs: new Uint8Array(0),
  mask: { data: new BigUint64Array(0), strides: [0, 0, 0] },
};

/** Sends what is ready while it is made. Of invalid rows nothing is. → how many residues were invalid */
async function sent({ pieces, work }: Half): Promise<number> {
  const invalid = await pieces.during(work);
  if (invalid === 0) pieces.sendReady();
  return invalid;
}

export class Decryptor {
  /** log2 of the largest noise met, as a fraction of the modulus. */
  worstNoiseBits = Number.NEGATIVE_INFINITY;

  constructor(
    readonly secretKey: SecretKey,
    readonly threads: number,
  ) {}

  /** → out [batch, rows, outputs]
   * @throws ProtocolError if a residue is not below its prime */
  async decrypt(layout: PackedLayout, message: Uint8Array, out: StridedWords): Promise<void> {
    const { parameters, data } = this.secretKey;
    const noise = new BigUint64Array(1);
    const invalid = await threadJob(
      'decrypt',
      kernels.rlweDecryptPacked({
        primes: parameters.modulusChain,
        layout: layoutWords(layout),
        secret: data,
        bytes: message,
        threads: this.threads,
        out: out.data,
        strides: Uint32Array.from(out.strides),
        noise,
      }),
    );
    if (invalid > 0)
      throw new ProtocolError(
        `encrypted product: expected residues below their primes, got ${invalid} above`,
      );
    this.worstNoiseBits = Math.max(this.worstNoiseBits, Math.log2(Number(noise[0])) - 64);
  }
}
