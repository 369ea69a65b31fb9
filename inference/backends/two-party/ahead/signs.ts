/**
 * Top bits ahead of time, of one value with several public constants: shares of a random r = hi·2^a + lo and of ones at the places hi and lo
 * (unit-vectors.ts). Online x - r is opened, uniform. Then y = x + constant is d + r for a d that both know, and its top bit is
 *   A(hi) XOR B(hi)·C(lo),   A the top bit of hi + d's upper part, B whether one more would change that, C whether the lower parts carry,
 * three sums over vectors by public tables, and one AND of shared bits by a triple (Beaver, CRYPTO 1991) for each constant.
 *
 * Online 2k bits a value of k bits and 4 a constant, in two openings, in place of some 8k a constant.
 */
import { kernels } from '#kernels';
import { concatAxis, repeat } from '../../../core/layout.js';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { signItem, type SignCorrelation, type Use } from '../../../material/demand.js';
import { ROUNDING } from '../../local-backend.js';
import type { Compared } from '../comparison/comparison.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { uniformWords } from '../linear/product-session.js';
import { bitProducts } from '../products/bit-product.js';
import { PackedStore } from './packed-store.js';
import { openDifference, openDifferences } from './packed-words.js';
import { bitRows, unitBitVectors } from './unit-vectors.js';

/** Words of one batch, and values. */
export const BATCH_WORDS = 1 << 20;
const MOST_BATCH = 1 << 18;

export const signUse = (count: number, ringBits: number, copies: number): Use => {
  const item = signItem(ringBits, copies);
  return item ? [[item, count]] : [];
};

const lowBitsOf = ({ ringBits }: SignCorrelation): number => ringBits >> 1;

/** While a value's vectors are made. */
export const wordsOf = (c: SignCorrelation): number =>
  bitRows(lowBitsOf(c)).width + bitRows(c.ringBits - lowBitsOf(c)).width + c.copies;

/** 1 for the numbers of `bits` bits that are so. */
const tableOf = (bits: number, is: (v: number) => boolean): BigUint64Array =>
  BigUint64Array.from({ length: 2 ** bits }, (_, v) => (is(v) ? 1n : 0n));

/** Vectors of 2^indexBits bits as words of `bits` bits, as one stream. */
function streamOf(words: BigUint64Array, bits: number): Uint8Array {
  const stream = new Uint8Array(Math.ceil((words.length * bits) / 8));
  kernels.ringPack(words, bits, stream);
  return stream;
}

export class SignPool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #low: number;
  readonly #high: number;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: SignCorrelation,
  ) {
    const { ringBits, copies } = correlation;
    this.#low = lowBitsOf(correlation);
    this.#high = ringBits - this.#low;
    const triple = { width: copies, bits: 1 };
    this.store = new PackedStore([
      { width: 1, bits: ringBits },
      bitRows(this.#high),
      bitRows(this.#low),
      triple,
      triple,
      triple,
    ]);
  }

  async fill(count: number, turns: Turns): Promise<void> {
    const batch = Math.max(8, Math.min(MOST_BATCH, Math.floor(BATCH_WORDS / wordsOf(this.correlation))));
    while (this.store.available < count)
      await this.#make(Math.min(batch, count - this.store.available), turns);
  }

  readonly #make = protocol('signs ahead', async (items: number, turns: Turns): Promise<void> => {
    const { ringBits, copies } = this.correlation;
    const [low, high] = [this.#low, this.#high];
    const lower = await unitBitVectors(this.party, items, { indexBits: low, ringBits }, turns.take());
    const upper = await unitBitVectors(this.party, items, { indexBits: high, ringBits: high }, turns.take());
    kernels.ringAddScaled(upper.places, 1n << BigInt(low), ringBits, lower.places);
    const { random } = this.party.session;
    const [a, b] = [uniformWords(random, items * copies, 1), uniformWords(random, items * copies, 1)];
    const product = await bitProducts(this.party).both({ numbers: a, bits: b }, 1, turns.takeBothWays());
    const own = new BigUint64Array(a.length);
    kernels.ringMultiply(a, b, 1, own);
    kernels.ringAdd(product, own, 1, product);
    this.store.add(items, [lower.places, upper.vectors, lower.vectors, a, b, product]);
  });

  /** → this party's share of the top bits [copies, n], one byte each; n are used up */
  readonly topBits = protocol(
    'isNegative',
    async ({ x, copies, shifted }: Compared, take: () => PartyId): Promise<Uint8Array> => {
      const { ringBits } = this.correlation;
      const made = this.store.take(x.length);
      const [r, upper, lower] = made.slice(0, 3) as [BigUint64Array, BigUint64Array, BigUint64Array];
      const triples = made.slice(3) as [BigUint64Array, BigUint64Array, BigUint64Array];
      const opened = await openDifference(this.party, x, r, ringBits, take());
      const d = shifted().slice();
      kernels.ringSubtract(d, repeat(x, copies), ringBits, d);
      kernels.ringAdd(d, repeat(opened, copies), ringBits, d);
      const { top, changes, carries } = this.#sums(d, x.length, upper, lower);
      const both = await this.#and(changes, carries, triples, take());
      kernels.ringAdd(top, both, 1, top);
      const bits = new Uint8Array(top.length);
      kernels.ringSignBit(top, 1, bits);
      return bits;
    },
  );

  /** Shares of A, B and C for each of d [copies, n]. Local. */
  #sums(d: BigUint64Array, n: number, upper: BigUint64Array, lower: BigUint64Array) {
    const [low, high] = [this.#low, this.#high];
    const ofUpper = streamOf(upper, bitRows(high).bits);
    const ofLower = this.#padded(n, lower);
    const half = 2 ** (high - 1);
    const tables = {
      top: tableOf(high, (v) => v >= half),
      changes: tableOf(high, (v) => v === half - 1 || v === 2 * half - 1),
      carries: tableOf(low + 1, (v) => v >= 2 ** low),
    };
    const [upperParts, lowerParts] = [new BigUint64Array(d.length), new BigUint64Array(d.length)];
    kernels.ringShiftRight(d, this.correlation.ringBits, low, ROUNDING.floor, high, upperParts);
    kernels.ringMask(d, low, lowerParts);
    const sums = (indexBits: number, table: BigUint64Array, shifts: BigUint64Array, fields: Uint8Array) => {
      const out = new BigUint64Array(d.length);
      for (let begin = 0; begin < d.length; begin += n) {
        const part = (all: BigUint64Array) => all.subarray(begin, begin + n);
        kernels.unitVectorSums({
          indexBits,
          ringBits: 1,
          shifts: part(shifts),
          table,
          fields,
          out: part(out),
        });
      }
      return out;
    };
    return {
      top: sums(high, tables.top, upperParts, ofUpper),
      changes: sums(high, tables.changes, upperParts, ofUpper),
      carries: sums(low + 1, tables.carries, lowerParts, ofLower),
    };
  }

  /** Vectors of twice as many bits, so that a sum beyond them is a place of its own. */
  #padded(n: number, lower: BigUint64Array): Uint8Array {
    const { width, bits } = bitRows(this.#low);
    if (bits < 64) return streamOf(lower, 2 * bits);
    const shape = [n, width];
    const halves = [lower, new BigUint64Array(lower.length)].map((data) => ({ shape, data }));
    return streamOf(concatAxis(halves, 1).data, bits);
  }

  /** x·y of bits [copies, n], by triples in any order. */
  async #and(
    x: BigUint64Array,
    y: BigUint64Array,
    [a, b, c]: readonly [BigUint64Array, BigUint64Array, BigUint64Array],
    first: PartyId,
  ): Promise<BigUint64Array> {
    const [e, f] = await openDifferences(this.party, [x, a], [y, b], 1, first);
    // c + (a + [server] e)·f + e·b
    if (this.party.session.self === 'server') kernels.ringAdd(a, e, 1, a);
    kernels.ringMultiply(a, f, 1, a);
    kernels.ringMultiply(e, b, 1, e);
    kernels.ringAdd(c, a, 1, c);
    kernels.ringAdd(c, e, 1, c);
    return c;
  }
}
