/**
 * Numbers selected by up to three shared bits at once, ahead of time: b_1·b_2·b_3·x in one opening. There are shares of random bits r_k and a
 * random number rho, and of (1, rho) at place r of a vector of 2^3 pairs of zeros, made by doubling (unit-vectors.ts). Online b_k XOR r_k and x - rho are
 * opened, both uniform; the product of the bits is 1 where r is the complement of what was opened, so that
 * the pair (e, f) at that place gives e·(x - rho) + f.
 *
 * Online 2 (3 + k) bits a number of k bits; made with 6 COTs and 28k + 6 bits.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import { type ConjunctionCorrelation, MOST_CONJUNCTS, type Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { exchangeInTurn } from '../exchange/in-turn.js';
import { uniformWords } from '../linear/product-session.js';
import { bitProducts } from '../products/bit-product.js';
import type { Conjunctions } from '../products/multiplications.js';
import { multiplex } from '../products/multiplex.js';
import { PackedStore, type Take } from './packed-store.js';
import { packedBits, packedDifference, receiveBits, receiveWords, sendPacked } from './packed-words.js';
import { xorWords } from './selected-rows.js';
import { doubled, drawnBits, sideBySide } from './unit-vectors.js';

const PLACES = 2 ** MOST_CONJUNCTS;
/** Words of an item while it is made. */
export const WORDS = 2 * PLACES;
/** Of one batch. */
export const BATCH_WORDS = 1 << 20;

export const conjunctionUse = (count: number, ringBits: number): Use => [
  [{ kind: 'conjunction', ringBits }, count],
];

export class ConjunctionPool {
  /** To be kept over connections. */
  readonly store: PackedStore;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: ConjunctionCorrelation,
  ) {
    const number = { width: 1, bits: correlation.ringBits };
    const bit = { width: 1, bits: 1, as: 'bits' } as const;
    const bits = Array.from({ length: MOST_CONJUNCTS }, () => bit);
    this.store = new PackedStore([...bits, number, ...Array.from({ length: WORDS }, () => number)]);
  }

  async fill(count: number, turns: Turns): Promise<void> {
    while (this.store.available < count)
      await this.#make(Math.min(BATCH_WORDS / WORDS, count - this.store.available), turns);
  }

  readonly #make = protocol('conjunctions ahead', async (items: number, turns: Turns): Promise<void> => {
    const { ringBits } = this.correlation;
    const { session } = this.party;
    const turn = turns.takeTurn();
    const drawn = drawnBits(this.party, items, MOST_CONJUNCTS);
    const rho = uniformWords(session.random, items, ringBits);
    const [one, number] = [takeWords(items).fill(session.self === 'server' ? 1n : 0n), takeWords(items)];
    number.set(rho);
    let vectors = sideBySide(one, number, items);
    for (const level of drawn) {
      const selected = await multiplex(level, vectors, ringBits, (factors, bits) =>
        bitProducts(this.party).both(factors, bits, turn),
      );
      vectors = doubled(vectors, selected, items, ringBits);
    }
    const columns = takeWords(vectors.length);
    kernels.ringPermute(vectors, Uint32Array.of(items, WORDS), Uint32Array.of(1, 0), columns);
    const planes = Array.from({ length: WORDS }, (_, k) => columns.subarray(k * items, (k + 1) * items));
    const bits = drawn.map((level) => {
      const words = takeWords(items);
      kernels.ringFromBits(level, words);
      return words;
    });
    this.store.add(items, [...bits, rho, ...planes]);
    giveBack(...bits, rho, vectors, columns);
  });

  /** bits: up to three of [n], one byte each; x [n] → their product [n]; of all calls, so many are used up */
  claim(items: number): Conjunctions {
    const take = this.store.claim(items);
    return (bits, x, first) => this.#multiply(take, bits, x, first);
  }

  readonly #multiply = protocol(
    'multiplex',
    async (
      take: Take,
      bits: readonly Uint8Array[],
      x: BigUint64Array,
      first: PartyId,
    ): Promise<BigUint64Array> => {
      const { ringBits } = this.correlation;
      const { session } = this.party;
      const n = x.length;
      const taken = take(n);
      const random = taken.slice(0, MOST_CONJUNCTS) as Uint8Array[];
      const [rho, ...planes] = taken.slice(MOST_CONJUNCTS) as [BigUint64Array, ...BigUint64Array[]];
      // Places of the vector: the complement of what is opened. A bit that is not given is 1.
      const [at, distance] = [takeBytes(MOST_CONJUNCTS * n), takeWords(n)];
      const complement = session.self === 'server' ? 1 : 0;
      for (const [k, own] of random.entries()) {
        const part = at.subarray(k * n, (k + 1) * n);
        const given = bits[k];
        if (!given) part.set(own);
        else {
          kernels.bitsXor(given, own, part);
          if (complement) kernels.bitsNot(part, part);
        }
      }
      kernels.ringSubtract(x, rho, ringBits, distance);
      const [flips, differences] = [packedBits(at), packedDifference(x, rho, ringBits)];
      const [theirs, words] = await exchangeInTurn(
        this.party,
        () => {
          sendPacked(session.channel, flips);
          sendPacked(session.channel, differences);
        },
        () =>
          Promise.all([
            receiveBits(session.channel, at.length),
            receiveWords(session.channel, n, ringBits),
          ] as const),
        first,
      );
      kernels.bitsXor(at, theirs, at);
      kernels.ringAdd(distance, words, ringBits, distance);
      const pairs = placed(planes, at, n);
      const [one, number] = pairs as [BigUint64Array, BigUint64Array];
      kernels.ringMultiply(one, distance, ringBits, one);
      kernels.ringAdd(number, one, ringBits, number);
      giveBack(...random, rho, at, distance, theirs, words, ...planes.filter((plane) => plane !== number));
      return number;
    },
  );
}

/** planes: pairs of [n] for each place; at [3, n], the bits of a public place each → the pair there. Overwrites planes. */
function placed(planes: readonly BigUint64Array[], at: Uint8Array, n: number): readonly BigUint64Array[] {
  let left = planes;
  for (let k = MOST_CONJUNCTS - 1; k >= 0; k--) {
    const bits = at.subarray(k * n, (k + 1) * n);
    const half = left.length / 2;
    for (let i = 0; i < half; i++) {
      const [low, high] = [left[i]!, left[half + i]!];
      xorWords(low, high, high);
      kernels.ringSelect(bits, high, high);
      xorWords(low, high, low);
    }
    left = left.slice(0, half);
  }
  return left;
}
