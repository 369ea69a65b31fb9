/**
 * Secret randomness: AES-128 in counter mode, or ChaCha8 where this machine has no instructions for AES, under a seed from the operating
 * system. One generator serves one party for one run. What several parties know the seed of is of the suite that they agreed on.
 */
import { kernels } from '#kernels';
import type { SuiteCode } from '../../kernels/types/prg.js';
import { acceptedSuites, codeOf, DEFAULT_SUITE, type Suite } from '../core/suite.js';
import type { Random } from '../session/session.js';

const SEED_BYTES = 16;
const BLOCK_BYTES = 16;

/** A piece of a generator's stream, for kernels that make it where they use it: as secret as the seed. */
export interface StreamPlace {
  readonly seed: Uint8Array;
  readonly firstBlock: number;
  readonly suite: SuiteCode;
}

export class Prg implements Random {
  readonly #seed: Uint8Array;
  readonly #suite: SuiteCode;
  #nextBlock = 0;

  private constructor(seed: Uint8Array, suite: SuiteCode = 0) {
    this.#suite = suite;
    if (seed.length !== SEED_BYTES) {
      throw new RangeError(`Prg: expected a seed of ${SEED_BYTES} bytes, got ${seed.length}`);
    }
    this.#seed = seed.slice();
  }

  /** Seeded by the operating system. */
  static create(): Prg {
    const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
    return new Prg(seed, codeOf(acceptedSuites()[0]!));
  }

  /** From a seed that is itself secret and uniform: the output of a key exchange, of an OT, of another generator. */
  static fromSecretSeed(seed: Uint8Array, suite: Suite = DEFAULT_SUITE): Prg {
    return new Prg(seed, codeOf(suite));
  }

  /** A second generator at the same place of the same stream: for bytes that are cheaper to make again than to keep. */
  copy(): Prg {
    const copy = new Prg(this.#seed, this.#suite);
    copy.#nextBlock = this.#nextBlock;
    return copy;
  }

  /** As if `bytes(byteLength)` had been called. */
  skip(byteLength: number): void {
    this.#nextBlock += Math.ceil(byteLength / BLOCK_BYTES);
  }

  /** The same bytes on every run. For tests only: whoever knows the number knows every secret. */
  static insecureForTests(seed: number): Prg {
    const bytes = new Uint8Array(SEED_BYTES);
    new DataView(bytes.buffer).setFloat64(0, seed);
    return new Prg(bytes);
  }

  /** The next `byteLength` bytes; every call starts at a fresh block. */
  bytes(byteLength: number): Uint8Array {
    const out = new Uint8Array(byteLength);
    kernels.prgFill(this.#seed, this.#nextBlock, out, this.#suite);
    this.#nextBlock += Math.ceil(byteLength / BLOCK_BYTES);
    return out;
  }

  /** The next `byteLength` bytes, which a kernel makes: as if `bytes(byteLength)` had been called. */
  place(byteLength: number): StreamPlace {
    const place = { seed: this.#seed, firstBlock: this.#nextBlock, suite: this.#suite };
    this.skip(byteLength);
    return place;
  }

  /** An independent generator, seeded from this one's stream. */
  fork(): Prg {
    return new Prg(this.bytes(SEED_BYTES), this.#suite);
  }
}
