/**
 * Multiplications from pools that were filled before the text came, on demand where they lack: the same results, exactly.
 * Whether a pool has enough follows from public shapes and from what was taken before, so both parties decide alike. Counts
 * what is used, by the same classes, so that pools can be filled for texts like it (demand.ts).
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../../core/errors.js';
import type { PartyId, PrivateTensor } from '../../../core/tensors.js';
import { pipelined } from '../../../net/channel.js';
import type { Sign, Weight } from '../../backend.js';
import { type Carry, type Compared, comparedWords } from '../comparison/comparison.js';
import type { TwoParty } from '../exchange/cot-exchange.js';
import type { LinearProtocols, MatmulShape, RowShares } from '../linear/linear-protocols.js';
import type { BitFactors, BitProducts } from '../products/bit-product.js';
import { type Factors, type Multiplications, OnDemand } from '../products/multiplications.js';
import { isSmallMatmul } from '../products/small-matmul.js';
import { widen } from '../products/widen.js';
import { BitPool } from './bit-products.js';
import { ComparisonPool, MOST_COMPARED_BITS } from './comparisons.js';
import { CotReserves } from './cot-reserves.js';
import { type Correlation, Demand, formatCorrelation } from './demand.js';
import { FactorPool } from './factor-rows.js';
import type { PackedItems, PackedStore } from './packed-store.js';
import { ProductPool } from './products.js';
import { SquarePool } from './squares.js';
import { TriplePool } from './triples.js';
import { workBytesOf } from './work.js';

/** Correlations of one kind. */
interface Pool {
  readonly store: PackedStore;
  /** Makes what is missing to `count`; both parties at the same place. */
  fill(count: number): Promise<void>;
}

/** What lies in the pools. */
export interface Stock {
  readonly items: Demand;
  /** Of this party's memory. */
  readonly bytes: number;
}

/** Items of one kind as they are kept over connections. */
export interface KeptItems extends PackedItems {
  readonly correlation: Correlation;
}

const PARTIES: readonly PartyId[] = ['server', 'client'];

/** Rows up to this wide count as single numbers, each with a bit of its own; longer ones are cheaper by one COT. */
export const MOST_REPEATED = 4;

/** x [n] → [n, width] */
function repeatedEach(x: BigUint64Array, width: number): BigUint64Array {
  if (width === 1) return x;
  const out = new BigUint64Array(x.length * width);
  const ones = new BigUint64Array(out.length).fill(1n);
  kernels.ringMultiplyRows(ones, x, 1, out);
  return out;
}

const other = (party: PartyId): PartyId => (party === 'server' ? 'client' : 'server');

export class Ahead implements Multiplications {
  readonly #onDemand: OnDemand;
  readonly #cots: CotReserves;
  readonly #pools = new Map<string, { readonly correlation: Correlation; readonly pool: Pool }>();
  /** Of private products, in the order in which they were announced or first met. */
  readonly #factors: PrivateTensor[] = [];
  #used = new Demand();

  /** The party's COTs count from now on. */
  constructor(
    private readonly party: TwoParty,
    private readonly protocols: LinearProtocols,
  ) {
    this.#cots = new CotReserves(party);
    this.#onDemand = new OnDemand(party, protocols);
  }

  /** What was used since the last `reset`: from pools or on demand alike. */
  get demand(): Demand {
    return this.#used.plus(this.#cots.used);
  }

  reset(): void {
    this.#used = new Demand();
    this.#cots.reset();
  }

  get stock(): Stock {
    const items = this.#cots.stock;
    let bytes = this.#cots.bytes;
    for (const { correlation, pool } of this.#allPools()) {
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

  /** Bytes that making `demand` takes for a while, beside what it leaves; see work.ts. */
  workBytesOf(demand: Demand): number {
    const weightOf = (index: number) => this.protocols.ahead?.weight(index) ?? null;
    const widthOf = (index: number) => this.#factors[index]?.shape[0] ?? 0;
    return workBytesOf(demand, weightOf, widthOf);
  }

  /** Fills every pool up to `demand`: both parties at the same place, between texts. */
  async prepare(demand: Demand): Promise<void> {
    this.party.nextReceiver = 'client';
    await this.#cots.uncounted(async () => {
      for (const [correlation, count] of demand.entries)
        if (correlation.kind !== 'cots') await this.#poolOf(correlation)?.fill(count);
    });
    // Last, since the others take COTs.
    for (const [correlation, count] of demand.entries)
      if (correlation.kind === 'cots') await this.#cots.fill(correlation.sender, count);
    this.party.nextReceiver = 'client';
  }

  /**
   * Takes everything out of the pools that does not depend on the connection: all but COTs, whose delta ends with it. Shares of
   * random numbers and of their products fit any later connection of the same two parties and weights.
   */
  drain(): KeptItems[] {
    return [...this.#allPools()].flatMap(({ correlation, pool }) =>
      pool.store.drain().map((items) => ({ correlation, ...items })),
    );
  }

  /**
   * Puts back what `drain` gave, in its order; both parties at the same place.
   * @throws TensorMismatchError if something fits no pool of this connection
   */
  restore(kept: readonly KeptItems[]): void {
    for (const { correlation, ...items } of kept) {
      const pool = this.#poolOf(correlation);
      if (!pool)
        throw new TensorMismatchError(
          `pools: expected no ${formatCorrelation(correlation)} on this connection`,
        );
      pool.store.addPacked(items);
    }
  }

  /** Factors that come again in every text. */
  register(factors: PrivateTensor): number {
    const known = this.#factors.indexOf(factors);
    return known >= 0 ? known : this.#factors.push(factors) - 1;
  }

  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = this.protocols.ahead?.indexOf(w) ?? -1;
    if (weight >= 0) this.#used.add({ kind: 'linear', weight }, x.rows);
    return this.#onDemand.linear(x, w, fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    this.#used.add({ kind: 'matmul', ...shape }, 1);
    const pool = this.#bestTriples(shape);
    if (!pool) return this.#uncounted(() => this.#onDemand.matmul(x, y, shape));
    if (isSmallMatmul(shape)) this.#turnTo(other(this.party.nextReceiver));
    return pool.multiply(x, y, shape);
  }

  square(x: BigUint64Array, bits: number, ringBits: number, sign: Sign): Promise<BigUint64Array> {
    const onDemand = () => this.#onDemand.square(x, bits, ringBits, sign);
    if (bits < 2) return onDemand();
    // Whose turn it is to receive COTs begins, so that parties take turns in a chain; else the other way round.
    const first = this.party.nextReceiver;
    const square = { kind: 'square', bits, ringBits } as const;
    this.#used.add({ ...square, first }, x.length);
    for (const party of [first, other(first)]) {
      const pool = this.#existing({ ...square, first: party });
      if (!(pool instanceof SquarePool) || pool.store.available < x.length) continue;
      this.#turnTo(other(first));
      return pool.square(x, sign);
    }
    return this.#uncounted(onDemand);
  }

  async carry(compared: Compared, ringBits: number): Promise<Carry> {
    if (ringBits > MOST_COMPARED_BITS) return this.#onDemand.carry(compared, ringBits);
    const { copies, x } = compared;
    const receiver = this.party.nextReceiver;
    const comparison = { kind: 'comparison', ringBits, copies } as const;
    this.#used.add({ ...comparison, sender: other(receiver) }, x.length);
    for (const sender of [other(receiver), receiver]) {
      const pool = this.#existing({ ...comparison, sender });
      if (!(pool instanceof ComparisonPool) || pool.store.available < x.length) continue;
      this.#turnTo(other(receiver));
      const words = comparedWords(compared, sender === this.party.session.self);
      return { words, share: await pool.carry(words) };
    }
    return this.#uncounted(() => this.#onDemand.carry(compared, ringBits));
  }

  readonly bits: BitProducts = {
    oneWay: async (factors, ringBits) => {
      const items = factors.bits.length;
      const receiver = this.party.nextReceiver;
      this.#used.add({ kind: 'bit', ringBits, sender: other(receiver) }, items);
      for (const sender of [other(receiver), receiver]) {
        const pool = this.#bitPool(sender, ringBits, items);
        if (!pool) continue;
        this.#turnTo(other(receiver));
        return pool.begin(factors)();
      }
      return this.#uncounted(() => this.#onDemand.bits.oneWay(factors, ringBits));
    },
    both: async (factors, ringBits) => {
      const width = factors.numbers.length / factors.bits.length;
      if (width > MOST_REPEATED) return this.#onDemand.bits.both(factors, ringBits);
      const single = { numbers: factors.numbers, bits: repeatedEach(factors.bits, width) };
      const items = single.bits.length;
      for (const sender of PARTIES) this.#used.add({ kind: 'bit', ringBits, sender }, items);
      const pools = PARTIES.map((sender) => this.#bitPool(sender, ringBits, items));
      if (pools.includes(null)) return this.#uncounted(() => this.#onDemand.bits.both(factors, ringBits));
      // The receiver's half of each party leaves first.
      return pipelined(this.party.session.channel, () =>
        this.#crossing(pools as BitPool[], single, ringBits),
      );
    },
  };

  async #crossing(pools: readonly BitPool[], factors: BitFactors, ringBits: number): Promise<BigUint64Array> {
    const isSender = (pool: BitPool) => pool.correlation.sender === this.party.session.self;
    const receiving = pools.find((pool) => !isSender(pool))!.begin(factors);
    const sending = pools.find(isSender)!.begin(factors);
    const share = await sending();
    kernels.ringAdd(share, await receiving(), ringBits, share);
    return share;
  }

  #bitPool(sender: PartyId, ringBits: number, items: number): BitPool | null {
    const pool = this.#existing({ kind: 'bit', ringBits, sender });
    return pool instanceof BitPool && pool.store.available >= items ? pool : null;
  }

  async product(x: BigUint64Array, ringBits: number, y: Factors): Promise<BigUint64Array> {
    const rows = y.data.length;
    if (x.length === 0) return this.#onDemand.product(x, ringBits, y);
    const width = x.length / rows;
    this.#used.add({ kind: 'product', ringBits, width }, rows);
    const pool = this.#narrowestRows(ringBits, width, rows);
    if (!pool) return this.#uncounted(() => this.#onDemand.product(x, ringBits, y));
    const turn = this.party.nextReceiver;
    const wide = await this.#widened(y, ringBits);
    const takesTurns = y.ringBits === ringBits && width === 1;
    this.#turnTo(takesTurns ? other(turn) : turn);
    return pool.multiply(x, wide, ringBits);
  }

  privateProduct(x: BigUint64Array, ringBits: number, y: PrivateTensor): Promise<BigUint64Array> {
    const rows = x.length / Math.max(1, y.shape[0]!);
    const correlation = { kind: 'factors', factors: this.register(y), ringBits } as const;
    this.#used.add(correlation, rows);
    const pool = this.#existing(correlation);
    if (x.length > 0 && pool instanceof FactorPool && pool.store.available >= rows) {
      this.#turnTo(other(y.owner));
      return pool.multiply(x);
    }
    return this.#uncounted(() => this.#onDemand.privateProduct(x, ringBits, y));
  }

  /** As after the same operation on demand: so a text's demand does not depend on where it came from. */
  #turnTo(receiver: PartyId): void {
    this.party.nextReceiver = receiver;
  }

  /** COTs of what a pool would have served are not wanted ahead. */
  #uncounted<T>(body: () => Promise<T>): Promise<T> {
    return this.#cots.uncounted(body);
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
  async #widened({ data, ringBits, sign }: Factors, to: number): Promise<BigUint64Array> {
    if (ringBits === to) return data;
    const half =
      sign === 'non-negative' && this.party.session.self === 'server' ? 1n << BigInt(ringBits - 2) : 0n;
    const moved = new BigUint64Array(data.length);
    kernels.ringSubtract(data, BigUint64Array.of(half), ringBits, moved);
    const wide = await widen(this.party, moved, ringBits, to, this.#onDemand.bits);
    kernels.ringAdd(wide, BigUint64Array.of(half), to, wide);
    return wide;
  }

  *#allPools(): Iterable<{ readonly correlation: Correlation; readonly pool: Pool }> {
    const rows = this.protocols.ahead;
    for (let weight = 0; rows?.accepts(weight); weight++)
      yield { correlation: { kind: 'linear', weight }, pool: rows.pool(weight)! };
    yield* this.#pools.values();
  }

  #existing(correlation: Correlation): Pool | undefined {
    return this.#pools.get(formatCorrelation(correlation))?.pool;
  }

  /** Made when first asked for; null for what this connection does not know. */
  #poolOf(correlation: Correlation): Pool | null {
    if (correlation.kind === 'linear') return this.protocols.ahead?.pool(correlation.weight) ?? null;
    const known = this.#existing(correlation);
    if (known) return known;
    const pool = this.#newPool(correlation);
    if (pool) this.#pools.set(formatCorrelation(correlation), { correlation, pool });
    return pool;
  }

  #newPool(correlation: Exclude<Correlation, { kind: 'linear' }>): Pool | null {
    switch (correlation.kind) {
      case 'factors': {
        const factors = this.#factors[correlation.factors];
        return factors ? new FactorPool(this.party, factors, correlation.ringBits) : null;
      }
      case 'matmul':
        return new TriplePool(this.party, (x, y, shape) => this.#onDemand.matmul(x, y, shape), correlation);
      case 'square':
        return new SquarePool(this.party, correlation);
      case 'comparison':
        return new ComparisonPool(this.party, correlation);
      case 'bit':
        return new BitPool(this.party, correlation);
      case 'product':
        return new ProductPool(this.party, correlation.ringBits, correlation.width);
      case 'cots':
        return null;
    }
  }
}
