/**
 * Multiplications from pools that were filled before the text came, on demand where they lack: the same results, exactly; of e^x within its bound.
 * Whether a pool has enough follows from public shapes and from what was taken before, so both parties decide alike. Counts
 * what is used, by the same classes, so that pools can be filled for texts like it (demand.ts).
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../../core/errors.js';
import { protocol } from '../../../core/span.js';
import { type PartyId, type PrivateTensor, peerOf, type RingTensor } from '../../../core/tensors.js';
import type { KeptItems, Material, Stock } from '../../../material/material.js';
import type { Sign, Weight } from '../../backend.js';
import type { Exponent } from '../../exponential.js';
import {
  type CarryLevel,
  type Compared,
  comparedWords,
  comparisonUse,
  topBitsOfCopies,
} from '../comparison/comparison.js';
import type { PartyContext } from '../context/party-context.js';
import { Turns } from '../context/turns.js';
import type { LinearProtocols, MatmulShape, RowShares } from '../linear/linear-protocols.js';
import { type PreparedWeight, preparedWeight } from '../linear/prepared-weight.js';
import { type BitProducts, bitUse, bothBitsUse } from '../products/bit-product.js';
import { type Factors, type Multiplications, OnDemand } from '../products/multiplications.js';
import { multiplyPrivateUse, productUse } from '../products/multiply.js';
import { squareUse } from '../products/narrow-product.js';
import { matmulUse } from '../products/small-matmul.js';
import { widen } from '../products/widen.js';
import { BitPool, runHalves } from './bit-products.js';
import { ComparisonPool } from './comparisons.js';
import { CotReserves } from './cot-reserves.js';
import { type Correlation, Demand, formatCorrelation, type Use } from '../../../material/demand.js';
import { ExponentialPool, exponentialUse } from './exponentials.js';
import { FactorPool } from './factor-rows.js';
import { hasRows, linearUse, RowPool } from './linear-rows.js';
import { LookUpPool, lookUpUse } from './look-ups.js';
import type { PackedStore } from './packed-store.js';
import { ProductPool } from './products.js';
import { SignPool, signUse } from './signs.js';
import { SquarePool } from './squares.js';
import { TriplePool } from './triples.js';
import { groupsOf, workBytesOf, workOf } from './work.js';

/** Correlations of one kind. */
interface Pool {
  readonly store: PackedStore;
  /** Makes what is missing to `count`; both parties at the same place, with equal turns. */
  fill(count: number, turns: Turns): Promise<void>;
}

/** x [n] → [n, width] */
function repeatedEach(x: BigUint64Array, width: number): BigUint64Array {
  if (width === 1) return x;
  const out = new BigUint64Array(x.length * width);
  const ones = new BigUint64Array(out.length).fill(1n);
  kernels.ringMultiplyRows(ones, x, 1, out);
  return out;
}

const sliceRows = ({ rows, ringBits, data }: RowShares, begin: number, end: number): RowShares => {
  const width = data.length / rows;
  return { rows: end - begin, ringBits, data: data.subarray(begin * width, end * width) };
};

function joined(first: BigUint64Array, second: BigUint64Array): BigUint64Array {
  const all = new BigUint64Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

type PoolClass<P extends Pool> = abstract new (...args: never[]) => P;

/** The same with the parties' roles exchanged. */
function reversed(correlation: Correlation): Correlation {
  switch (correlation.kind) {
    case 'square':
      return { ...correlation, first: peerOf(correlation.first) };
    case 'comparison':
    case 'bit':
      return { ...correlation, sender: peerOf(correlation.sender) };
    default:
      return correlation;
  }
}

export class Ahead implements Multiplications, Material {
  /** The party with COTs that count. */
  readonly party: PartyContext;
  readonly #protocols: LinearProtocols;
  readonly #onDemand: OnDemand;
  readonly #cots: CotReserves;
  readonly #pools = new Map<string, { readonly correlation: Correlation; readonly pool: Pool }>();
  readonly #weights: PreparedWeight[] = [];
  /** Of private products, in the order in which they were announced or first met. */
  readonly #factors: PrivateTensor[] = [];
  readonly #turns: Turns;
  #used = new Demand();

  readonly #workOf = workOf(
    (index) => this.#weights.find((weight, at) => at === index && hasRows(weight)) ?? null,
    (index) => this.#factors[index]?.shape[0] ?? 0,
  );

  constructor({ session, cots, steps }: PartyContext, protocols: LinearProtocols, turns: Turns) {
    this.#cots = new CotReserves(cots, session.self);
    this.party = { session, cots: this.#cots.counted, ...(steps && { steps }) };
    this.#protocols = protocols;
    this.#onDemand = new OnDemand(this.party, protocols);
    this.#turns = turns;
  }

  demand(): Demand {
    return this.#used.plus(this.#cots.used);
  }

  resetDemand(): void {
    this.#used = new Demand();
    this.#cots.reset();
  }

  stock(): Stock {
    const items = this.#cots.stock;
    let bytes = this.#cots.bytes;
    for (const { correlation, pool } of this.#pools.values()) {
      items.add(correlation, pool.store.available);
      bytes += pool.store.available * pool.store.bytesPerItem;
    }
    return { items, bytes: Math.ceil(bytes) };
  }

  /** Bytes of this party's memory that `demand` takes when all of it is there; what is unknown here takes nothing. */
  bytesOf(demand: Demand): number {
    const bytes = demand.entries.map(([correlation, count]) =>
      correlation.kind === 'cots'
        ? this.#cots.bytesOf(count)
        : count * (this.#poolOf(correlation)?.store.bytesPerItem ?? 0),
    );
    return Math.ceil(bytes.reduce((sum, each) => sum + each, 0));
  }

  workBytesOf(demand: Demand): number {
    return workBytesOf(demand, this.#workOf);
  }

  /** Fills every pool up to `demand`, with turns of its own; the next text begins as the first one of a connection. */
  readonly prepareAhead = protocol('ahead', async (demand: Demand): Promise<void> => {
    const turns = new Turns();
    await this.#cots.uncounted(async () => {
      const made = demand.entries.filter(([{ kind }]) => kind !== 'cots');
      for (const group of groupsOf(made, this.#workOf)) await this.#fillTogether(group, turns);
    });
    // Last, since the others take COTs.
    for (const [correlation, count] of demand.entries)
      if (correlation.kind === 'cots') await this.#cots.fill(correlation.sender, count);
    this.#turns.restart();
  });

  async #fillTogether(group: Demand['entries'], turns: Turns): Promise<void> {
    const fills = group.map(
      ([correlation, count]) =>
        async () =>
          this.#poolOf(correlation)?.fill(count, turns),
    );
    const { steps } = this.party;
    if (steps && fills.length > 1) await steps.together(fills, turns);
    else for (const fill of fills) await fill();
  }

  /**
   * Takes everything out of the pools that does not depend on the connection: all but COTs, whose delta ends with it. Shares of
   * random numbers and of their products fit any later connection of the same two parties and weights.
   */
  drainAhead(): KeptItems[] {
    return [...this.#pools.values()].flatMap(({ correlation, pool }) =>
      pool.store.drain().map((items) => ({ correlation, ...items })),
    );
  }

  /**
   * Puts back what `drainAhead` gave, in its order; both parties at the same place.
   * @throws TensorMismatchError if something fits no pool of this connection
   */
  restoreAhead(kept: readonly KeptItems[]): void {
    for (const { correlation, ...items } of kept) {
      const pool = this.#poolOf(correlation);
      if (!pool)
        throw new TensorMismatchError(
          `pools: expected no ${formatCorrelation(correlation)} on this connection`,
        );
      pool.store.addPacked(items);
    }
  }

  /** Weights count in the order in which they were prepared. */
  registerWeight(weight: Weight): void {
    if (this.#protocols.rowProducts) this.#weights.push(preparedWeight(weight));
  }

  /** Factors that come again in every text. */
  registerFactors(factors: PrivateTensor): number {
    const known = this.#factors.indexOf(factors);
    return known >= 0 ? known : this.#factors.push(factors) - 1;
  }

  async linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = this.#weights.indexOf(w as PreparedWeight);
    const use = weight < 0 ? [] : this.#use(linearUse(weight, x.rows, x.ringBits));
    const pool = use[0] ? this.#withItems(RowPool, use[0][0], 0) : null;
    const rows = pool?.usable(x.rows) ?? 0;
    if (!pool || rows === 0) return this.#onDemand.linear(x, w, fractionBits);
    const first = await pool.linear(sliceRows(x, 0, rows), fractionBits);
    if (rows === x.rows) return first;
    return joined(first, await this.#onDemand.linear(sliceRows(x, rows, x.rows), w, fractionBits));
  }

  matmul(
    x: BigUint64Array,
    y: BigUint64Array,
    shape: MatmulShape,
    receiver: PartyId,
  ): Promise<BigUint64Array> {
    const use = this.#use(matmulUse(shape));
    const pool = this.#bestTriples(shape);
    if (pool) return pool.multiply(x, y, shape, receiver);
    return this.#otherwise(use, () => this.#onDemand.matmul(x, y, shape, receiver));
  }

  /** Whose turn it is to receive COTs begins, so that parties take turns in a chain; else the other way round. */
  square(
    x: BigUint64Array,
    bits: number,
    ringBits: number,
    sign: Sign,
    receiver: PartyId,
  ): Promise<BigUint64Array> {
    const use = this.#use(squareUse(x.length, bits, ringBits, receiver));
    const pool = this.#filled(SquarePool, use);
    if (pool) return pool.square(x, sign);
    return this.#otherwise(use, () => this.#onDemand.square(x, bits, ringBits, sign, receiver));
  }

  async carryShares(compared: Compared, ringBits: number, receiver: PartyId): Promise<CarryLevel> {
    const use = this.#use(comparisonUse(compared.x.length, ringBits, compared.copies, receiver));
    const pool = this.#filled(ComparisonPool, use);
    if (!pool) return this.#otherwise(use, () => this.#onDemand.carryShares(compared, ringBits, receiver));
    const words = comparedWords(compared, pool.correlation.sender === this.party.session.self);
    return { words, share: await pool.carryShares(words) };
  }

  topBits(compared: Compared, ringBits: number, take: () => PartyId): Promise<Uint8Array> {
    const use = this.#use(signUse(compared.x.length, ringBits, compared.copies));
    if (use.length === 0)
      return topBitsOfCopies(this.party, compared, ringBits, (level, bits) =>
        this.carryShares(level, bits, take()),
      );
    const pool = this.#filled(SignPool, use);
    if (pool) return pool.topBits(compared, take);
    return this.#otherwise(use, () => this.#onDemand.topBits(compared, ringBits, take));
  }

  exponential(
    x: BigUint64Array,
    exponent: Exponent,
    fractionBits: number,
    receiver: PartyId,
  ): Promise<BigUint64Array> {
    const use = this.#use(exponentialUse(x.length, exponent, fractionBits));
    const pool = this.#filled(ExponentialPool, use);
    if (pool) return pool.exponential(x, receiver);
    return this.#otherwise(use, () => this.#onDemand.exponential(x, exponent, fractionBits, receiver));
  }

  lookUp(
    x: BigUint64Array,
    indexBits: number,
    table: RingTensor,
    receiver: PartyId,
  ): Promise<BigUint64Array> {
    const use = this.#use(lookUpUse(x.length, indexBits, table.ringBits));
    const pool = this.#filled(LookUpPool, use);
    if (pool) return pool.lookUp(x, table, receiver);
    return this.#otherwise(use, () => this.#onDemand.lookUp(x, indexBits, table, receiver));
  }

  readonly bitProducts: BitProducts = {
    oneWay: (factors, ringBits, receiver) => {
      const use = this.#use(bitUse(factors.bits.length, ringBits, receiver));
      const pool = this.#filled(BitPool, use);
      if (pool) return runHalves(this.party, [pool.half(factors)], ringBits);
      return this.#otherwise(use, () => this.#onDemand.bitProducts.oneWay(factors, ringBits, receiver));
    },
    both: async (factors, ringBits) => {
      const width = factors.numbers.length / factors.bits.length;
      const use = this.#use(bothBitsUse(factors.bits.length, width, ringBits));
      const pools = use.map(([correlation, items]) => this.#withItems(BitPool, correlation, items));
      const ready = pools.filter((pool) => pool !== null);
      if (ready.length === 0 || ready.length < pools.length)
        return this.#otherwise(use, () => this.#onDemand.bitProducts.both(factors, ringBits));
      const single = { numbers: factors.numbers, bits: repeatedEach(factors.bits, width) };
      return runHalves(
        this.party,
        ready.map((pool) => pool.half(single)),
        ringBits,
      );
    },
  };

  async product(x: BigUint64Array, ringBits: number, y: Factors, receiver: PartyId): Promise<BigUint64Array> {
    const rows = y.data.length;
    const width = rows === 0 ? 0 : x.length / rows;
    const use = this.#use(productUse(rows, width, ringBits));
    const pool = use.length === 0 ? null : this.#narrowestRows(ringBits, width, rows);
    if (!pool) return this.#otherwise(use, () => this.#onDemand.product(x, ringBits, y, receiver));
    // Every message takes a turn, also where on demand both directions are at once.
    const isTaken = rows === x.length && y.ringBits === ringBits;
    const factors = y.ringBits === ringBits ? y.data : await this.#widened(y, ringBits, this.#turns.take());
    return pool.multiply(x, factors, ringBits, isTaken ? receiver : this.#turns.take());
  }

  multiplyPrivate(x: BigUint64Array, ringBits: number, y: PrivateTensor): Promise<BigUint64Array> {
    const rows = x.length / Math.max(1, y.shape[0]!);
    const use = this.#use(multiplyPrivateUse(this.registerFactors(y), rows, ringBits));
    const pool = x.length > 0 ? this.#filled(FactorPool, use) : null;
    return pool
      ? pool.multiply(x)
      : this.#otherwise(use, () => this.#onDemand.multiplyPrivate(x, ringBits, y));
  }

  #use(use: Use): Use {
    this.#used.addAll(use);
    return use;
  }

  /** COTs of what a pool would have served are not wanted ahead. */
  #otherwise<T>(use: Use, onDemand: () => Promise<T>): Promise<T> {
    return use.length === 0 ? onDemand() : this.#cots.uncounted(onDemand);
  }

  /** The pool that serves all of a use: made for one direction or for the other, which makes no difference to the result. */
  #filled<P extends Pool>(kind: PoolClass<P>, use: Use): P | null {
    for (const [correlation, items] of use) {
      const served =
        this.#withItems(kind, correlation, items) ?? this.#withItems(kind, reversed(correlation), items);
      if (served) return served;
    }
    return null;
  }

  #withItems<P extends Pool>(kind: PoolClass<P>, correlation: Correlation, items: number): P | null {
    const pool = this.#existing(correlation);
    return pool instanceof kind && pool.store.available >= items ? pool : null;
  }

  /** The triples that open least; of equal ones those made for less. */
  #bestTriples(shape: MatmulShape): TriplePool | null {
    let best: TriplePool | null = null;
    const cost = (pool: TriplePool) => [pool.opened(shape), pool.store.bytesPerItem] as const;
    for (const { pool } of this.#pools.values()) {
      if (!(pool instanceof TriplePool) || pool.store.available === 0) continue;
      const [opened, bytes] = cost(pool);
      if (opened === Number.POSITIVE_INFINITY) continue;
      const [least, fewest] = best ? cost(best) : [Number.POSITIVE_INFINITY, 0];
      if (opened < least || (opened === least && bytes < fewest)) best = pool;
    }
    return best;
  }

  /** The narrowest rows, in the smallest ring. */
  #narrowestRows(ringBits: number, width: number, rows: number): ProductPool | null {
    let best: ProductPool | null = null;
    for (const { pool } of this.#pools.values()) {
      if (!(pool instanceof ProductPool) || pool.store.available < rows) continue;
      if (pool.ringBits < ringBits || pool.width < width) continue;
      if (!best || pool.width < best.width || (pool.width === best.width && pool.ringBits < best.ringBits))
        best = pool;
    }
    return best;
  }

  /** One COT a factor; a non-negative one needs less headroom if it is moved down by half. */
  async #widened({ data, ringBits, sign }: Factors, to: number, receiver: PartyId): Promise<BigUint64Array> {
    const half =
      sign === 'non-negative' && this.party.session.self === 'server' ? 1n << BigInt(ringBits - 2) : 0n;
    const moved = new BigUint64Array(data.length);
    kernels.ringSubtract(data, BigUint64Array.of(half), ringBits, moved);
    const wide = await widen(this.party, moved, ringBits, to, (factors, bits) =>
      this.#onDemand.bitProducts.oneWay(factors, bits, receiver),
    );
    kernels.ringAdd(wide, BigUint64Array.of(half), to, wide);
    return wide;
  }

  #existing(correlation: Correlation): Pool | undefined {
    return this.#pools.get(formatCorrelation(correlation))?.pool;
  }

  /** Made when first asked for; null for what this connection does not know. */
  #poolOf(correlation: Correlation): Pool | null {
    const known = this.#existing(correlation);
    if (known) return known;
    const pool = this.#newPool(correlation);
    if (pool) this.#pools.set(formatCorrelation(correlation), { correlation, pool });
    return pool;
  }

  #newPool(correlation: Correlation): Pool | null {
    switch (correlation.kind) {
      case 'linear': {
        const weight = this.#weights[correlation.weight];
        const { rowProducts } = this.#protocols;
        if (!weight || !rowProducts || !hasRows(weight)) return null;
        return new RowPool(this.party, rowProducts, weight, correlation.ringBits);
      }
      case 'factors': {
        const factors = this.#factors[correlation.factors];
        return factors ? new FactorPool(this.party, factors, correlation.ringBits) : null;
      }
      case 'matmul':
        return new TriplePool(this.party, (...product) => this.#onDemand.matmul(...product), correlation);
      case 'square':
        return new SquarePool(this.party, correlation);
      case 'comparison':
        return new ComparisonPool(this.party, correlation);
      case 'sign':
        return new SignPool(this.party, correlation);
      case 'bit':
        return new BitPool(this.party, correlation);
      case 'exponential':
        return new ExponentialPool(this.party, correlation);
      case 'look-up':
        return new LookUpPool(this.party, correlation);
      case 'product':
        return new ProductPool(this.party, correlation.ringBits, correlation.width);
      case 'cots':
        return null;
    }
  }
}
