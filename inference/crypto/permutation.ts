/** Secret permutations. */
import type { Random } from '../session/session.js';

/** Indices are drawn from 32-bit words; more rows than this have no use here. */
const MAX_SIZE = 2 ** 16;

/** Draws numbers below changing bounds without bias: words in the incomplete last cycle are thrown away. */
class BoundedSampler {
  #words = new Uint32Array(0);
  #next = 0;

  constructor(
    private readonly random: Random,
    private readonly batch: number,
  ) {}

  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = this.#word();
      if (word < limit) return word % bound;
    }
  }

  #word(): number {
    if (this.#next === this.#words.length) {
      const bytes = this.random.bytes(4 * this.batch);
      this.#words = new Uint32Array(bytes.slice().buffer);
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }
}

/** Uniform among all permutations of 0 ... size - 1 (Fisher and Yates). */
export function samplePermutation(random: Random, size: number): Uint32Array<ArrayBuffer> {
  if (!Number.isInteger(size) || size < 0 || size > MAX_SIZE) {
    throw new RangeError(`permutation: expected a size from 0 to ${MAX_SIZE}, got ${size}`);
  }
  const sampler = new BoundedSampler(random, Math.max(1, size));
  const permutation = Uint32Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last--) {
    const other = sampler.below(last + 1);
    const moved = permutation[last]!;
    permutation[last] = permutation[other]!;
    permutation[other] = moved;
  }
  return permutation;
}
