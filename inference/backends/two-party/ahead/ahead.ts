/**
 * Multiplications from pools that were filled before the text came, on demand where they lack: the same results, exactly; of e^x within its bound.
 * Whether a pool has enough follows from public shapes and from what was taken before, so both parties decide alike. Counts
 * what is used, by the same classes, so that pools can be filled for texts like it (demand.ts).
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { type PrivateTensor, peerOf, type RingTensor } from '../../../core/tensors.js';
import type { KeptItems, Material, Stock } from '../../../material/material.js';
import type { Weight } from '../../backend.js';
import type { Exponent } from '../../exponential.js';
import {
  type CarryLevel,
  type Compared,
  comparedWords,
  comparisonUse,
  topBitsOfCopies,
} from '../comparison/comparison.js';
import type { PartyContext } from '../context/party-context.js';
import { type Turn, Turns } from '../context/turns.js';
import type { LinearProtocols, MatmulShape, RowShares } from '../linear/linear-protocols.js';
import { type BitProducts, bothBitsUse, carryUse } from '../products/bit-product.js';
import {
  type Conjunctions,
  type Factors,
  type LongTable,
  type Multiplications,
  OnDemand,
  type Selections,
} from '../products/multiplications.js';
import { joined, multiplyPrivateUse, productUse } from '../products/multiply.js';
import { type NarrowPlan, squareUse } from '../products/narrow-product.js';
import { matmulUse } from '../products/small-matmul.js';
import { widen } from '../products/widen.js';
import { BitPool, runHalves } from './bit-products.js';
import { CarryPool } from './carries.js';
import { ConjunctionPool, conjunctionUse } from './conjunctions.js';
import { ComparisonPool } from './comparisons.js';
import { CotReserves } from './cot-reserves.js';
import type { Use } from '../../../material/correlation.js';
import { Demand } from '../../../material/demand.js';
import { ExponentialPool, exponentialUse } from './exponentials.js';
import { FactorPool } from './factor-rows.js';
import { linearUse, RowPool } from './linear-rows.js';
import { LookUpPool, lookUpUse } from './look-ups.js';
import { Pools } from './pools.js';
import { SelectionPool, selectionUse } from './selections.js';
import { SignPool, signUse } from './signs.js';
import { SquarePool } from './squares.js';
import { groupsOf, workBytesOf } from './work.js';

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

export class Ahead implements Multiplications, Material {
  /** The party with COTs that count. */
  readonly party: PartyContext;
  readonly beside: { readonly party: PartyContext; readonly multiplications: Multiplications };
  readonly #onDemand: OnDemand;
  readonly #cots: CotReserves;
  readonly #pools: Pools;
  readonly #turns: Turns;
  #used = new Demand();

  constructor({ session, cots, steps }: PartyContext, protocols: LinearProtocols, turns: Turns) {
    this.#cots = new CotReserves(cots, session.self);
    this.party = { session, cots: this.#cots.counted, ...(steps && { steps }) };
    this.#onDemand = new OnDemand(this.party, protocols);
    const uncounted: PartyContext = { ...this.party, cots: this.#cots.uncountedPair };
    this.beside = { party: uncounted, multiplications: new OnDemand(uncounted, protocols) };
    this.#pools = new Pools(this.party, protocols, (...product) => this.#onDemand.matmul(...product));
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
    const { items, bytes } = this.#pools.stock();
    return { items: this.#cots.stock.plus(items), bytes: Math.ceil(this.#cots.bytes + bytes) };
  }

  /** Bytes of this party's memory that `demand` takes when all of it is there; what is unknown here takes nothing. */
  bytesOf(demand: Demand): number {
    const bytes = demand.entries.map(([correlation, count]) =>
      correlation.kind === 'cots' ? this.#cots.bytesOf(count) : count * this.#pools.bytesPerItem(correlation),
    );
    return Math.ceil(bytes.reduce((sum, each) => sum + each, 0));
  }

  workBytesOf(demand: Demand): number {
    return workBytesOf(demand, this.#pools.workOf);
  }

  /** Fills every pool up to `demand`, with turns of its own; the next text begins as the first one of a connection. */
  readonly prepareAhead = protocol('ahead', async (demand: Demand): Promise<void> => {
    const turns = new Turns();
    await this.#cots.uncounted(async () => {
      const made = demand.entries.filter(([{ kind }]) => kind !== 'cots');
      for (const group of groupsOf(made, this.#pools.workOf)) await this.#fillTogether(group, turns);
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
          this.#pools.of(correlation)?.fill(count, turns),
    );
    const { steps } = this.party;
    if (steps && fills.length > 1) await steps.together(fills, turns);
    else for (const fill of fills) await fill();
  }

  /** As Pools.drain and Pools.restore. */
  drainAhead(): KeptItems[] {
    return this.#pools.drain();
  }

  restoreAhead(kept: readonly KeptItems[]): void {
    this.#pools.restore(kept);
  }

  registerWeight(weight: Weight): void {
    this.#pools.registerWeight(weight);
  }

  registerFactors(factors: PrivateTensor): number {
    return this.#pools.registerFactors(factors);
  }

  async linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = this.#pools.indexOfWeight(w);
    const use = weight === null ? [] : this.#use(linearUse(weight, x.rows, x.ringBits));
    const pool = use[0] ? this.#pools.withItems(RowPool, use[0][0], 0) : null;
    const rows = pool?.usable(x.rows) ?? 0;
    if (!pool || rows === 0) return this.#onDemand.linear(x, w, fractionBits);
    const first = await pool.linear(sliceRows(x, 0, rows), fractionBits);
    if (rows === x.rows) return first;
    return joined(first, await this.#onDemand.linear(sliceRows(x, rows, x.rows), w, fractionBits));
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape, turn: Turn): Promise<BigUint64Array> {
    const use = this.#use(matmulUse(shape));
    const pool = this.#pools.bestTriples(shape);
    if (pool) return pool.multiply(x, y, shape, turn.first);
    return this.#otherwise(use, () => this.#onDemand.matmul(x, y, shape, turn));
  }

  /** Whose turn it is to receive COTs begins, so that parties take turns in a chain; else the other way round. */
  square(x: BigUint64Array, plan: NarrowPlan, turn: Turn): Promise<BigUint64Array> {
    const { bits, ringBits, sign } = plan;
    const use = this.#use(squareUse(x.length, bits, ringBits, turn.first));
    const pool = this.#pools.filled(SquarePool, use);
    if (pool) return pool.square(x, sign);
    return this.#otherwise(use, () => this.#onDemand.square(x, plan, turn));
  }

  async carryShares(compared: Compared, ringBits: number, turn: Turn): Promise<CarryLevel> {
    const use = this.#use(comparisonUse(compared.x.length, ringBits, compared.copies, turn.first));
    const pool = this.#pools.filled(ComparisonPool, use);
    if (!pool) return this.#otherwise(use, () => this.#onDemand.carryShares(compared, ringBits, turn));
    const words = comparedWords(compared, pool.correlation.sender === this.party.session.self);
    return { words, share: await pool.carryShares(words) };
  }

  topBits(compared: Compared, ringBits: number, take: () => Turn): Promise<Uint8Array> {
    const use = this.#use(signUse(compared.x.length, ringBits, compared.copies));
    if (use.length === 0)
      return topBitsOfCopies(this.party, compared, ringBits, (level, bits) =>
        this.carryShares(level, bits, take()),
      );
    const pool = this.#pools.filled(SignPool, use);
    if (pool) return pool.topBits(compared, () => take().first);
    return this.#otherwise(use, () => this.#onDemand.topBits(compared, ringBits, take));
  }

  exponential(
    x: BigUint64Array,
    exponent: Exponent,
    fractionBits: number,
    turn: Turn,
  ): Promise<BigUint64Array> {
    const use = this.#use(exponentialUse(x.length, exponent, fractionBits));
    const pool = this.#pools.filled(ExponentialPool, use);
    if (pool) return pool.exponential(x, turn.first);
    return this.#otherwise(use, () => this.#onDemand.exponential(x, exponent, fractionBits, turn));
  }

  lookUp(x: BigUint64Array, indexBits: number, table: RingTensor, turn: Turn): Promise<BigUint64Array> {
    const use = this.#use(lookUpUse(x.length, indexBits, table.ringBits));
    const pool = this.#pools.filled(LookUpPool, use);
    if (pool) return pool.lookUp(x, table, turn.first);
    return this.#otherwise(use, () => this.#onDemand.lookUp(x, indexBits, table, turn));
  }

  longTable(indexBits: number, count: number, others: Use): LongTable | null {
    const use = this.#use(lookUpUse(count, indexBits, 1));
    const pool = this.#pools.filled(LookUpPool, use);
    if (pool) return pool.claimEntries(count);
    this.#use(others);
    return null;
  }

  conjunctions(ringBits: number, count: number, others: Use): Conjunctions | null {
    const use = this.#use(conjunctionUse(count, ringBits));
    const pool = this.#pools.filled(ConjunctionPool, use);
    if (pool) return pool.claim(count);
    this.#use(others);
    return null;
  }

  selections(bits: number, ringBits: number, count: number): Selections | null {
    const use = this.#use(selectionUse(count, bits, ringBits));
    return this.#pools.filled(SelectionPool, use)?.claim(count) ?? null;
  }

  holdsAny(): boolean {
    return this.#pools.holdAny();
  }

  isReady(use: Use): boolean {
    const isReady = use.length === 0 ? this.holdsAny() : this.#pools.hold(use);
    if (!isReady) this.#use(use);
    return isReady;
  }

  readonly bitProducts: BitProducts = {
    carries: (bits, ringBits, turn) => {
      const use = this.#use(carryUse(bits.length, ringBits));
      const pool = this.#pools.filled(CarryPool, use);
      if (pool) return pool.carries(bits, turn.first);
      return this.#otherwise(use, () => this.#onDemand.bitProducts.carries(bits, ringBits, turn));
    },
    both: async (factors, ringBits, turn) => {
      const width = factors.numbers.length / factors.bits.length;
      const use = this.#use(bothBitsUse(factors.bits.length, width, ringBits));
      const pools = use.map(([correlation, items]) => this.#pools.withItems(BitPool, correlation, items));
      const ready = pools.filter((pool) => pool !== null);
      if (ready.length === 0 || ready.length < pools.length)
        return this.#otherwise(use, () => this.#onDemand.bitProducts.both(factors, ringBits, turn));
      const single = { numbers: factors.numbers, bits: repeatedEach(factors.bits, width) };
      return runHalves(
        this.party,
        ready.map((pool) => pool.half(single)),
        ringBits,
        turn.first,
      );
    },
  };

  async product(
    x: BigUint64Array,
    ringBits: number,
    y: Factors,
    turn: Turn,
    dropped: number,
  ): Promise<BigUint64Array> {
    const rows = y.data.length;
    const width = rows === 0 ? 0 : x.length / rows;
    const use = this.#use(productUse(rows, width, ringBits));
    const pool = use.length === 0 ? null : this.#pools.narrowestRows(ringBits, width, rows);
    if (!pool) return this.#otherwise(use, () => this.#onDemand.product(x, ringBits, y, turn, dropped));
    const multiply = pool.claim(rows);
    if (y.ringBits === ringBits) return multiply(x, y.data, ringBits, turn.first);
    return multiply(x, await this.#widened(y, ringBits, turn), ringBits, peerOf(turn.first));
  }

  multiplyPrivate(
    x: BigUint64Array,
    ringBits: number,
    y: PrivateTensor,
    dropped: number,
  ): Promise<BigUint64Array> {
    const rows = x.length / Math.max(1, y.shape[0]!);
    const use = this.#use(multiplyPrivateUse(this.registerFactors(y), rows, ringBits));
    const pool = x.length > 0 ? this.#pools.filled(FactorPool, use) : null;
    return pool
      ? pool.multiply(x)
      : this.#otherwise(use, () => this.#onDemand.multiplyPrivate(x, ringBits, y, dropped));
  }

  #use(use: Use): Use {
    this.#used.addAll(use);
    return use;
  }

  /** COTs of what a pool would have served are not wanted ahead. */
  #otherwise<T>(use: Use, onDemand: () => Promise<T>): Promise<T> {
    return use.length === 0 ? onDemand() : this.#cots.uncounted(onDemand);
  }

  /** One COT a factor; a non-negative one needs less headroom if it is moved down by half. */
  async #widened({ data, ringBits, sign }: Factors, to: number, turn: Turn): Promise<BigUint64Array> {
    const half =
      sign === 'non-negative' && this.party.session.self === 'server' ? 1n << BigInt(ringBits - 2) : 0n;
    const moved = new BigUint64Array(data.length);
    kernels.ringSubtract(data, BigUint64Array.of(half), ringBits, moved);
    const wide = await widen(this.party, moved, ringBits, to, (own, bits) =>
      this.#onDemand.bitProducts.carries(own, bits, { ...turn, receiver: turn.first }),
    );
    kernels.ringAdd(wide, BigUint64Array.of(half), to, wide);
    return wide;
  }
}
