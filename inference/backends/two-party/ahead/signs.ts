/**
 * Top bits ahead of time, of one value with several public constants: shares of a random r = hi·2^a + lo and of ones at the places hi and lo
 * (unit-vectors.ts). Online x - r is opened, uniform. Then y = x + constant is d + r for a d that both know, and its top bit is
 *   A(hi) XOR B(hi)·C(lo),   A the top bit of hi + d's upper part, B whether one more would change that, C whether the lower parts carry,
 * three sums over vectors by public tables, and one AND of shared bits by a triple (Beaver, CRYPTO 1991) for each constant.
 *
 * Online 2k bits a value of k bits and 4 a constant, in two openings, in place of some 8k a constant.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import { signItem, type SignCorrelation, type Use } from '../../../material/correlation.js';
import { type Compared, levelsUse } from '../comparison/comparison.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { uniformWords } from '../linear/product-session.js';
import { exchange } from '../exchange/cot-exchange.js';
import { bitPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import { PackedStore } from './packed-store.js';
import { openBitDifferences, openDifference } from './packed-words.js';
import { bitRows, unitBitVectors } from './unit-vectors.js';

/** Words of one batch, and values. */
export const BATCH_WORDS = 1 << 20;
const MOST_BATCH = 1 << 18;

export const signUse = (count: number, ringBits: number, copies: number): Use => {
  const item = signItem(ringBits, copies);
  return item ? [[item, count]] : [];
};

/** Of isNegative, in these turns: as a whole, or level by level. */
export function topBitUse(count: number, ringBits: number, turns: Turns): Use {
  const [levels, whole] = [levelsUse(count, ringBits, turns), signUse(count, ringBits, 1)];
  return whole.length === 0 ? levels : whole;
}

const lowBitsOf = ({ ringBits }: SignCorrelation): number => ringBits >> 1;

/** While a value's vectors are made. */
export const wordsOf = (c: SignCorrelation): number =>
  bitRows(lowBitsOf(c)).width + bitRows(c.ringBits - lowBitsOf(c)).width + c.copies;

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
    const triple = { width: copies, bits: 1, as: 'bits' } as const;
    this.store = new PackedStore([
      { width: 1, bits: ringBits },
      { ...bitRows(this.#high), as: 'stream' },
      { ...bitRows(this.#low), as: 'stream' },
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
    // c = a·b: this party's own product and those with the peer's
    const [a, b, c] = [
      uniformWords(random, items * copies, 1),
      takeWords(items * copies),
      takeWords(items * copies),
    ];
    const plan = { ...bitPlan(a.length, 1), choosesAtRandom: true };
    const [sending, receiving] = [new ProductSender(plan, a), new ProductReceiver(plan, b)];
    await exchange(this.party, sending, receiving);
    kernels.ringMultiply(a, b, 1, c);
    for (const { share } of [sending, receiving]) kernels.ringAdd(c, share, 1, c);
    const made = [lower.places, upper.vectors, lower.vectors, a, b, c];
    this.store.add(items, made);
    giveBack(...made, upper.places, sending.share, receiving.share);
  });

  /** → this party's share of the top bits [copies, n], one byte each; n are used up */
  readonly topBits = protocol(
    'isNegative',
    async ({ x, copies, shifted }: Compared, take: () => PartyId): Promise<Uint8Array> => {
      const { ringBits } = this.correlation;
      const made = this.store.take(x.length);
      const [r, upper, lower] = made.slice(0, 3) as [BigUint64Array, Uint8Array, Uint8Array];
      const triples = made.slice(3) as [Uint8Array, Uint8Array, Uint8Array];
      const opened = await openDifference(this.party, x, r, ringBits, take());
      // x repeats over the copies.
      const [given, d] = [shifted(), takeWords(copies * x.length)];
      kernels.ringSubtract(given, x, ringBits, d);
      kernels.ringAdd(d, opened, ringBits, d);
      giveBack(r, opened, given === x ? null : given);
      const bits = takeBytes(d.length);
      const [changes, carries] = [takeBytes(d.length), takeBytes(d.length)];
      const halves = { lowBits: this.#low, highBits: this.#high };
      kernels.topBitParts({ ...halves, d, upper, lower, top: bits, changes, carries });
      giveBack(d, upper, lower);
      const both = await this.#and(changes, carries, triples, take());
      kernels.bitsXor(bits, both, bits);
      giveBack(changes, carries, both);
      return bits;
    },
  );

  /** x·y of bits [copies, n], by triples in any order. */
  async #and(
    x: Uint8Array,
    y: Uint8Array,
    [a, b, c]: readonly [Uint8Array, Uint8Array, Uint8Array],
    first: PartyId,
  ): Promise<Uint8Array> {
    const [e, f] = await openBitDifferences(this.party, [x, a], [y, b], first);
    // c + (a + [server] e)·f + e·b
    if (this.party.session.self === 'server') kernels.bitsXor(a, e, a);
    kernels.bitsAnd(a, f, a);
    kernels.bitsAnd(e, b, e);
    kernels.bitsXor(c, a, c);
    kernels.bitsXor(c, e, c);
    // f is a part of e's array
    giveBack(a, b, e);
    return c;
  }
}
