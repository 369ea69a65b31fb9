/**
 * Products of encrypted rows with plain weights, results shared: who has a secret key is encryptor and decryptor, the peer, who
 * has its evaluation keys, the evaluator. x [batch, rows, inputs] times w [batch, inputs, outputs]; the decrypted share is
 * x·w - mask modulo 2^ringBits, exactly (noise-budget.ts).
 */
import { kernels } from '#kernels';
import { ProtocolError } from '../../core/errors.js';
import { threadJob } from '../../core/span.js';
import { takeBytes } from '../../core/words.js';
import type { Random } from '../../session/session.js';
import { type EvaluationKeys, SEED_BYTES, type SecretKey } from './keys.js';
import { Pieces, type SendPiece } from '../pieces.js';
import { inputBytes, lastKIn, layoutWords, outputBytes, type PackedLayout } from './packed-layout.js';

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

/** Bytes of an encryptor's message: a seed and the b halves. */
export const encryptedBytes = (layout: PackedLayout): number => SEED_BYTES + inputBytes(layout);

export class Encryptor {
  constructor(
    readonly secretKey: SecretKey,
    readonly random: Random,
    readonly threads: number,
  ) {}

  /** x [batch, rows, inputs] → encryptedBytes, taken (core/words.ts) */
  async encrypt(layout: PackedLayout, x: StridedWords): Promise<Uint8Array> {
    const { parameters, data, suite } = this.secretKey;
    const message = takeBytes(encryptedBytes(layout)).fill(0);
    const publicSeed = this.random.bytes(SEED_BYTES);
    message.set(publicSeed);
    await threadJob(
      'encrypt',
      kernels.rlweEncryptPacked({
        primes: parameters.modulusChain,
        layout: layoutWords(layout),
        secret: data,
        x: x.data,
        strides: Uint32Array.from(x.strides),
        publicSeed,
        errorSeed: this.random.bytes(SEED_BYTES),
        suite,
        threads: this.threads,
        out: message.subarray(SEED_BYTES),
      }),
    );
    return message;
  }
}

export class Evaluator {
  constructor(
    readonly keys: EvaluationKeys,
    readonly random: Random,
    readonly threads: number,
  ) {}

  /** mask [batch, rows, outputs] must be uniform modulo 2^ringBits. Sends outputBytes, in pieces as they are ready: they travel while
   * the rest is computed.
   * @throws ProtocolError if a residue is not below its prime; then nothing is sent */
  async multiply(
    layout: PackedLayout,
    message: Uint8Array,
    weights: Weights,
    mask: StridedWords,
    send: SendPiece,
  ): Promise<void> {
    const pieces = new Pieces(outputBytes(layout), send);
    const invalid = await pieces.during(
      threadJob(
        'evaluate',
        kernels.rlweEvaluatePacked({
          primes: this.keys.parameters.modulusChain,
          layout: layoutWords(layout),
          publicKey: this.keys.publicKey,
          packingKeys: this.keys.packing.of(layout.kIn),
          lastPackingKeys: this.keys.packing.of(lastKIn(layout)),
          inputs: message.subarray(SEED_BYTES),
          publicSeed: message.subarray(0, SEED_BYTES),
          weights: weights.data,
          weightBits: weights.bits,
          weightStrides: Uint32Array.from(weights.strides),
          mask: mask.data,
          maskStrides: Uint32Array.from(mask.strides),
          floodBits: layout.budget.floodBits,
          secretSeed: this.random.bytes(SEED_BYTES),
          suite: this.keys.suite,
          threads: this.threads,
          out: pieces.bytes,
          ready: pieces.ready,
        }),
      ),
    );
    if (invalid > 0)
      throw new ProtocolError(`encrypted rows: expected residues below their primes, got ${invalid} above`);
    pieces.sendReady();
  }
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
