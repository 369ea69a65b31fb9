/**
 * What was made ahead, a pool for each kind of correlation: finding what serves an operation, making pools, what they hold, and
 * what is kept of them over connections. Both parties' pools hold the same counts.
 */
import { TensorMismatchError } from '../../../core/errors.js';
import { type PrivateTensor, peerOf } from '../../../core/tensors.js';
import type { Correlation, Use } from '../../../material/correlation.js';
import { formatCorrelation } from '../../../material/correlation-text.js';
import { Demand } from '../../../material/demand.js';
import type { KeptItems, Stock } from '../../../material/material.js';
import type { Weight } from '../../backend.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import type { LinearProtocols, MatmulShape } from '../linear/linear-protocols.js';
import { type PreparedWeight, preparedWeight } from '../linear/prepared-weight.js';
import type { Multiplications } from '../products/multiplications.js';
import { BitPool } from './bit-products.js';
import { CarryPool } from './carries.js';
import { ComparisonPool } from './comparisons.js';
import { ConjunctionPool } from './conjunctions.js';
import { ExponentialPool } from './exponentials.js';
import { FactorPool } from './factor-rows.js';
import { hasRows, RowPool } from './linear-rows.js';
import { LookUpPool } from './look-ups.js';
import type { PackedStore } from './packed-store.js';
import { ProductPool } from './products.js';
import { SelectionPool } from './selections.js';
import { SignPool } from './signs.js';
import { SquarePool } from './squares.js';
import { TriplePool } from './triples.js';
import { workOf } from './work.js';

/** Correlations of one kind. */
export interface Pool {
  readonly store: PackedStore;
  /** Makes what is missing to `count`; both parties at the same place, with equal turns. */
  fill(count: number, turns: Turns): Promise<void>;
}

export type PoolClass<P extends Pool> = abstract new (...args: never[]) => P;

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

export class Pools {
  readonly #party: PartyContext;
  readonly #protocols: LinearProtocols;
  readonly #matmul: Multiplications['matmul'];
  readonly #pools = new Map<string, { readonly correlation: Correlation; readonly pool: Pool }>();
  readonly #weights: PreparedWeight[] = [];
  /** Of private products, in the order in which they were announced or first met. */
  readonly #factors: PrivateTensor[] = [];

  /** What making so many of a kind takes for a while. */
  readonly workOf = workOf(
    (index) => this.#weights.find((weight, at) => at === index && hasRows(weight)) ?? null,
    (index) => this.#factors[index]?.shape[0] ?? 0,
  );

  /** `matmul`: products of random matrices, on demand. */
  constructor(party: PartyContext, protocols: LinearProtocols, matmul: Multiplications['matmul']) {
    this.#party = party;
    this.#protocols = protocols;
    this.#matmul = matmul;
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

  /** Null for one that was not registered. */
  indexOfWeight(weight: Weight): number | null {
    const index = this.#weights.indexOf(weight as PreparedWeight);
    return index < 0 ? null : index;
  }

  /** What lies there. */
  stock(): Stock {
    const items = new Demand();
    let bytes = 0;
    for (const { correlation, pool } of this.#pools.values()) {
      items.add(correlation, pool.store.available);
      bytes += pool.store.available * pool.store.bytesPerItem;
    }
    return { items, bytes };
  }

  /** Of this party's memory, about; what is unknown here takes nothing. */
  bytesPerItem(correlation: Correlation): number {
    return this.of(correlation)?.store.bytesPerItem ?? 0;
  }

  /**
   * Takes everything out of the pools that does not depend on the connection: all but COTs, whose delta ends with it. Shares of
   * random numbers and of their products fit any later connection of the same two parties and weights.
   */
  drain(): KeptItems[] {
    return [...this.#pools.values()].flatMap(({ correlation, pool }) =>
      pool.store.drain().map((items) => ({ correlation, ...items })),
    );
  }

  /**
   * Puts back what `drain` gave, in its order; both parties at the same place.
   * @throws TensorMismatchError if something fits no pool of this connection
   */
  restore(kept: readonly KeptItems[]): void {
    for (const { correlation, ...items } of kept) {
      const pool = this.of(correlation);
      if (!pool)
        throw new TensorMismatchError(
          `pools: expected no ${formatCorrelation(correlation)} on this connection`,
        );
      pool.store.addPacked(items);
    }
  }

  /** The pool that serves all of a use: made for one direction or for the other, which makes no difference to the result. */
  filled<P extends Pool>(kind: PoolClass<P>, use: Use): P | null {
    for (const [correlation, items] of use) {
      const served =
        this.withItems(kind, correlation, items) ?? this.withItems(kind, reversed(correlation), items);
      if (served) return served;
    }
    return null;
  }

  /** Is there anything? */
  holdAny(): boolean {
    for (const { pool } of this.#pools.values()) if (pool.store.available > 0) return true;
    return false;
  }

  /** Is there enough of everything? */
  hold(use: Use): boolean {
    return Demand.of(use).entries.every(([correlation, items]) => {
      if (correlation.kind === 'product')
        return this.narrowestRows(correlation.ringBits, correlation.width, items) !== null;
      const [same, other] = [correlation, reversed(correlation)].map((one) => this.#existing(one));
      return Math.max(same?.store.available ?? 0, other?.store.available ?? 0) >= items;
    });
  }

  /** The pool of this very correlation, if it has so many. */
  withItems<P extends Pool>(kind: PoolClass<P>, correlation: Correlation, items: number): P | null {
    const pool = this.#existing(correlation);
    return pool instanceof kind && pool.store.available >= items ? pool : null;
  }

  /** The triples that open least; of equal ones those made for less. */
  bestTriples(shape: MatmulShape): TriplePool | null {
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
  narrowestRows(ringBits: number, width: number, rows: number): ProductPool | null {
    let best: ProductPool | null = null;
    for (const { pool } of this.#pools.values()) {
      if (!(pool instanceof ProductPool) || pool.store.available < rows) continue;
      if (pool.ringBits < ringBits || pool.width < width) continue;
      if (!best || pool.width < best.width || (pool.width === best.width && pool.ringBits < best.ringBits))
        best = pool;
    }
    return best;
  }

  #existing(correlation: Correlation): Pool | undefined {
    return this.#pools.get(formatCorrelation(correlation))?.pool;
  }

  /** Made when first asked for; null for what this connection does not know. */
  of(correlation: Correlation): Pool | null {
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
        return new RowPool(this.#party, rowProducts, weight, correlation.ringBits);
      }
      case 'factors': {
        const factors = this.#factors[correlation.factors];
        return factors ? new FactorPool(this.#party, factors, correlation.ringBits) : null;
      }
      case 'matmul':
        return new TriplePool(this.#party, this.#matmul, correlation);
      case 'square':
        return new SquarePool(this.#party, correlation);
      case 'comparison':
        return new ComparisonPool(this.#party, correlation);
      case 'sign':
        return new SignPool(this.#party, correlation);
      case 'bit':
        return new BitPool(this.#party, correlation);
      case 'carry':
        return new CarryPool(this.#party, correlation);
      case 'exponential':
        return new ExponentialPool(this.#party, correlation);
      case 'look-up':
        return new LookUpPool(this.#party, correlation);
      case 'selection':
        return new SelectionPool(this.#party, correlation);
      case 'conjunction':
        return new ConjunctionPool(this.#party, correlation);
      case 'product':
        return new ProductPool(this.#party, correlation.ringBits, correlation.width);
      case 'cots':
        return null;
    }
  }
}
