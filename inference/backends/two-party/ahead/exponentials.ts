/**
 * e^x ahead of time (backends/exponential.ts): a random r = h·2^low + l_0 + l_1, whose low parts the parties draw themselves, below 2 in value
 * each, and shares of e^(l_0 + l_1) at place h of a vector. Online x - r is opened, uniform to both; e^x is the
 * sum over all places k of E(x - r + k·2^low) times the vector's entry there: one opening, 2 ringBits bits, and no COT.
 *
 * Errors: the factors have 2 fraction bits more than the result, their product is cut to as many, an entry has 6 more; all are cut
 * once more to the ring that exponentials on demand leave in, so that the result is off by up to two units as there.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeWords } from '../../../core/words.js';
import { type ExponentialCorrelation, exponentialItem, type Use } from '../../../material/correlation.js';
import { type Exponent, exponentialPlan, exponentialTables, powersBelow } from '../../exponential.js';
import { ROUNDING, type Rounding } from '../../local-backend.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { oneWay } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import { type ProductPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import { PackedStore } from './packed-store.js';
import { openDifference } from './packed-words.js';
import { unitVectors } from './unit-vectors.js';

/** Words of one batch. */
export const BATCH_WORDS = 1 << 20;

/** A low part is below 2. */
const LOW_INTEGER_BITS = 1;
/** e² < 2³ */
const FACTOR_INTEGER_BITS = 3;
/** Fraction bits beyond the result's. */
const GUARD_BITS = 2;

function planOf({ ringBits, fractionBits, resultBits }: ExponentialCorrelation) {
  const lowBits = fractionBits + LOW_INTEGER_BITS;
  const onDemand = exponentialPlan({ ringBits, fractionBits }, resultBits);
  const factorFraction = resultBits + GUARD_BITS;
  return {
    lowBits,
    indexBits: ringBits - lowBits,
    factorFraction,
    factorBits: factorFraction + FACTOR_INTEGER_BITS,
    /** Of a vector and of the sum; so many bits more than what leaves. */
    vectorBits: onDemand.productBits + GUARD_BITS,
    productBits: onDemand.productBits,
  };
}

export const placesOf = (correlation: ExponentialCorrelation): number => 2 ** planOf(correlation).indexBits;

export function exponentialUse(count: number, exponent: Exponent, resultBits: number): Use {
  const item = exponentialItem(exponent.ringBits, exponent.fractionBits, resultBits);
  return item ? [[item, count]] : [];
}

export class ExponentialPool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #plan: ReturnType<typeof planOf>;
  /** The server's share rounds down, the client's up. */
  readonly #rounding: Rounding;
  /** Made before a text comes. */
  readonly #entries: BigUint64Array;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: ExponentialCorrelation,
  ) {
    this.#plan = planOf(correlation);
    this.#entries = exponentialTables(correlation, correlation.resultBits).entries;
    this.#rounding = party.session.self === 'server' ? ROUNDING.floor : ROUNDING.ceil;
    const entry = { width: 1, bits: this.#plan.vectorBits };
    const entries = Array.from({ length: placesOf(correlation) }, () => entry);
    this.store = new PackedStore([{ width: 1, bits: correlation.ringBits }, ...entries]);
  }

  async fill(count: number, turns: Turns): Promise<void> {
    const batch = Math.max(8, Math.floor(BATCH_WORDS / placesOf(this.correlation)));
    while (this.store.available < count)
      await this.#make(Math.min(batch, count - this.store.available), turns);
  }

  readonly #make = protocol('exponentials ahead', async (items: number, turns: Turns): Promise<void> => {
    const { lowBits, indexBits, vectorBits } = this.#plan;
    const { ringBits } = this.correlation;
    const low = uniformWords(this.party.session.random, items, lowBits);
    const powers = await this.#powers(low, turns.take());
    const { places, vectors } = await unitVectors(
      this.party,
      powers,
      { indexBits, ringBits: vectorBits },
      turns.take(),
    );
    // r = place·2^low + low parts
    kernels.ringAddScaled(places, 1n << BigInt(lowBits), ringBits, low);
    const columns = takeWords(vectors.length);
    kernels.ringPermute(vectors, Uint32Array.of(items, 2 ** indexBits), Uint32Array.of(1, 0), columns);
    const planes = Array.from({ length: 2 ** indexBits }, (_, k) =>
      columns.subarray(k * items, (k + 1) * items),
    );
    this.store.add(items, [low, ...planes]);
    giveBack(low, places, powers, vectors, columns);
  });

  /** low [n], this party's → e^(low_0 + low_1) [n] at factorFraction, modulo 2^vectorBits */
  async #powers(low: BigUint64Array, receiver: PartyId): Promise<BigUint64Array> {
    const { factorBits, factorFraction, lowBits, vectorBits } = this.#plan;
    const factors = takeWords(low.length);
    const table = powersBelow(lowBits, this.correlation.fractionBits, factorFraction);
    kernels.lookUpPlain({ table, x: low, out: factors });
    const ringBits = vectorBits + factorFraction;
    const plan: ProductPlan = { items: low.length, bits: factorBits, ringBits, width: 1, signed: false };
    const { share } = await oneWay(this.party, receiver, {
      sender: () => new ProductSender(plan, factors),
      receiver: () => new ProductReceiver(plan, factors),
    });
    kernels.ringShiftRight(share, ringBits, factorFraction, this.#rounding, vectorBits, share);
    giveBack(factors);
    return share;
  }

  /** x [n] → e^x [n] as on demand, modulo 2^productBits; n are used up */
  readonly exponential = protocol(
    'exponential',
    async (x: BigUint64Array, first: PartyId): Promise<BigUint64Array> => {
      const { ringBits } = this.correlation;
      const { lowBits, vectorBits, productBits } = this.#plan;
      const [r, ...planes] = this.store.take(x.length) as [BigUint64Array, ...BigUint64Array[]];
      const at = await openDifference(this.party, x, r, ringBits, first);
      const step = BigUint64Array.of(1n << BigInt(lowBits));
      const [sum, entry] = [takeWords(x.length).fill(0n), takeWords(x.length)];
      for (const plane of planes) {
        kernels.lookUpPlain({ table: this.#entries, x: at, out: entry });
        kernels.ringMultiply(plane, entry, vectorBits, plane);
        kernels.ringAdd(sum, plane, vectorBits, sum);
        kernels.ringAdd(at, step, ringBits, at);
      }
      giveBack(r, at, entry, ...planes);
      kernels.ringShiftRight(sum, vectorBits, GUARD_BITS, this.#rounding, productBits, sum);
      return sum;
    },
  );
}
