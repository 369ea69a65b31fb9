/**
 * Two parties, semi-honest: additive and XOR shares, linear layers by homomorphic encryption, everything else from
 * random correlated oblivious transfers. Each communicating method checks its arguments and calls one leaf protocol.
 */
import { TensorMismatchError } from '../../core/errors.js';
import { formatShape, sameShape, sizeOf } from '../../core/shape.js';
import { protocol } from '../../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { CotPair } from '../../crypto/ot/cot.js';
import type { Streams } from '../../net/streams.js';
import { compareTranscripts, confirmOpened } from '../../net/transcript.js';
import type { Session } from '../../session/session.js';
import type { Backend, LeakName, RowShifts, ShuffleRows, Sign, Weight, WeightSource } from '../backend.js';
import {
  bitsOf,
  dataOf,
  describe,
  expectDropped,
  expectFactor,
  expectSquareRing,
  isPrefix,
  LocalBackend,
  type LocalBits,
  type LocalTensor,
  localBits,
  localTensor,
  type Rounding,
} from '../local-backend.js';
import { expectTable } from '../look-up.js';
import { Ahead, type KeptItems, type Stock } from './ahead/ahead.js';
import { Demand } from './ahead/demand.js';
import { type CarryProtocol, topBit, topBitsOfCopies } from './comparison/comparison.js';
import { type Strand, Strands } from './context/strands.js';
import type { TwoParty } from './exchange/cot-exchange.js';
import { open, openBits } from './exchange/open.js';
import type { LinearProtocols } from './linear/linear-protocols.js';
import { and } from './products/and.js';
import { lookUp } from './products/look-up.js';
import { multiplex } from './products/multiplex.js';
import { type Multiplications, OnDemand } from './products/multiplications.js';
import { round } from './products/round.js';
import { toArithmetic } from './products/to-arithmetic.js';
import { widen } from './products/widen.js';
import { shuffleTensors } from './shuffle/shuffle-tensors.js';

export interface TwoPartyOptions {
  readonly session: Session;
  readonly cots: CotPair;
  /** How matrices are multiplied. */
  readonly linear: LinearProtocols;
  /** Streams over the session's channel (which is the first of them), for operations that run at the same time. */
  readonly streams?: Streams;
}

/** What the client alone learns is opened only if both parties saw the same bytes; it then hears whether the share that came is whole. */
async function undamaged<T>(session: Session, to: PartyId | 'all', opened: () => Promise<T>): Promise<T> {
  if (to !== 'client') return opened();
  await compareTranscripts(session.channel, session.self);
  const value = await opened();
  await confirmOpened(session.channel, session.self);
  return value;
}

const revealed = protocol('reveal', async (...[session, x, ringBits, to]: Parameters<typeof open>) =>
  undamaged(session, to, () => open(session, x, ringBits, to)),
);
const revealedBits = protocol('reveal', async (...[session, bits, to]: Parameters<typeof openBits>) =>
  undamaged(session, to, () => openBits(session, bits, to)),
);
const preparedAhead = protocol('ahead', (body: () => Promise<void>) => body());

export class TwoPartyBackend extends LocalBackend implements Backend {
  override readonly self: PartyId;
  protected override readonly addsPublicValues: boolean;
  /** The server's share rounds down, the client's up: within one unit in the last place, without a bias. */
  protected override readonly truncation: Rounding;
  readonly #party: TwoParty;
  readonly #linear: LinearProtocols;
  readonly #multiplications: Multiplications;
  /** Null in a strand: which of them would take what depends on who is faster. */
  readonly #ahead: Ahead | null;
  readonly #strands: Strands | null;

  constructor(options: TwoPartyOptions | Strand) {
    super();
    const { linear } = options;
    const session = 'party' in options ? options.party.session : options.session;
    this.self = session.self;
    this.addsPublicValues = session.self === 'server';
    this.truncation = session.self === 'server' ? 0 : 1;
    this.#party =
      'party' in options ? options.party : { session, cots: options.cots, nextReceiver: 'client' };
    this.#linear = linear;
    this.#ahead = 'party' in options ? null : new Ahead(this.#party, linear);
    this.#multiplications = this.#ahead ?? new OnDemand(this.#party, linear);
    this.#strands = 'party' in options ? null : Strands.of({ party: this.#party, linear }, options.streams);
  }

  /**
   * The owner's share is the value and the peer's is zero: nothing is sent. That is as good as random shares, since no
   * protocol relies on its inputs' shares being random and what a party sends when a result is opened follows from the
   * result and the peer's own share.
   */
  async share(x: PrivateTensor): Promise<LocalTensor> {
    if ((x.value !== null) !== (x.owner === this.self)) {
      throw new TensorMismatchError(`share: expected the value at ${x.owner} only; here is ${this.self}`);
    }
    const data = x.value === null ? new BigUint64Array(sizeOf(x.shape)) : x.value.data.slice();
    return localTensor(data, x.shape, x);
  }

  prepare(source: WeightSource): Promise<Weight> {
    return this.#linear.prepare(source);
  }

  /** What texts used since the last `resetDemand`, but for what several strands did at the same time. */
  demand(): Demand {
    return this.#ahead?.demand ?? new Demand();
  }

  resetDemand(): void {
    this.#ahead?.reset();
  }

  /** Makes what is missing to `demand`, so that texts which use as much run from it. Both parties at the same place. */
  async prepareAhead(demand: Demand): Promise<void> {
    await preparedAhead(async () => this.#ahead?.prepare(demand));
  }

  /** What lies ready. */
  stock(): Stock {
    return this.#ahead?.stock ?? { items: new Demand(), bytes: 0 };
  }

  /** Bytes of this party's memory when all of `demand` lies ready. */
  bytesOf(demand: Demand): number {
    return this.#ahead?.bytesOf(demand) ?? 0;
  }

  /** Bytes that making it takes for a while beside that. */
  workBytesOf(demand: Demand): number {
    return this.#ahead?.workBytesOf(demand) ?? 0;
  }

  /** Takes out of the pools what may be kept for a later connection of the same parties and weights; not COTs. */
  drainAhead(): KeptItems[] {
    return this.#ahead?.drain() ?? [];
  }

  /** Puts it back: both parties the same, at the same place. */
  restoreAhead(kept: readonly KeptItems[]): void {
    this.#ahead?.restore(kept);
  }

  prepareFactors(y: PrivateTensor): void {
    this.#ahead?.register(y);
  }

  async linear(x: SharedTensor, w: Weight): Promise<LocalTensor> {
    if (x.shape.length !== 2 || x.shape[1] !== w.inputs) {
      throw new TensorMismatchError(`linear: expected [rows, ${w.inputs}], got ${formatShape(x.shape)}`);
    }
    const rows = x.shape[0]!;
    const data = await this.#multiplications.linear(
      { rows, ringBits: x.ringBits, data: dataOf(x) },
      w,
      x.fractionBits,
    );
    const fractionBits = x.fractionBits + w.fractionBits;
    return localTensor(data, [rows, w.outputs], { ringBits: x.ringBits, fractionBits });
  }

  async matmul(x: SharedTensor, y: SharedTensor): Promise<LocalTensor> {
    const [batch, n, k] = x.shape as [number, number, number];
    const [yBatch, yInner, m] = y.shape as [number, number, number];
    const fits = x.shape.length === 3 && y.shape.length === 3 && batch === yBatch && k === yInner;
    if (!fits || x.ringBits !== y.ringBits) {
      throw new TensorMismatchError(
        `matmul: expected [batch, n, k] and [batch, k, m], got ${describe(x)} and ${describe(y)}`,
      );
    }
    const shape = { batch, n, k, m, ringBits: x.ringBits };
    const data = await this.#multiplications.matmul(dataOf(x), dataOf(y), shape);
    return localTensor(data, [batch, n, m], productFormat(x, y));
  }

  async multiply(x: SharedTensor, y: SharedTensor, ySign: Sign = 'signed'): Promise<LocalTensor> {
    expectFactor(x, y);
    const factors = { data: dataOf(y), ringBits: y.ringBits, sign: ySign };
    const data = await this.#multiplications.product(dataOf(x), x.ringBits, factors);
    return localTensor(data, x.shape, productFormat(x, y));
  }

  async square(x: SharedTensor, ringBits = x.ringBits, sign: Sign = 'signed'): Promise<LocalTensor> {
    expectSquareRing(x, ringBits);
    const data = await this.#multiplications.square(dataOf(x), x.ringBits, ringBits, sign);
    return localTensor(data, x.shape, { ringBits, fractionBits: 2 * x.fractionBits });
  }

  async multiplyPrivate(x: SharedTensor, y: PrivateTensor): Promise<LocalTensor> {
    const count = y.shape[0] ?? 0;
    if (y.shape.length !== 1 || x.shape.at(-1) !== count) {
      throw new TensorMismatchError(`multiplyPrivate: expected a row of ${describe(x)}, got ${describe(y)}`);
    }
    const data = await this.#multiplications.privateProduct(dataOf(x), x.ringBits, y);
    return localTensor(data, x.shape, productFormat(x, y));
  }

  async widen(x: SharedTensor, ringBits: number): Promise<LocalTensor> {
    if (ringBits < x.ringBits || x.ringBits < 2) {
      throw new TensorMismatchError(`widen: expected at least ${x.ringBits} bits, got ${ringBits}`);
    }
    const data = await widen(this.#party, dataOf(x), x.ringBits, ringBits, this.#multiplications.bits);
    return localTensor(data, x.shape, { ringBits, fractionBits: x.fractionBits });
  }

  async round(x: SharedTensor, bits: number): Promise<LocalTensor> {
    expectDropped(x, bits);
    const { bits: products } = this.#multiplications;
    const data = await round(this.#party, dataOf(x), x.ringBits, bits, this.#carry, products);
    const format = { ringBits: x.ringBits - bits, fractionBits: x.fractionBits - bits };
    return localTensor(data, x.shape, format);
  }

  readonly #carry: CarryProtocol = (...comparison) => this.#multiplications.carry(...comparison);

  async isNegative(x: SharedTensor): Promise<LocalBits> {
    return localBits(await topBit(this.#party, dataOf(x), x.ringBits, this.#carry), x.shape);
  }

  async areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<LocalBits> {
    const shifted = () => this.shiftedRows(x, copies);
    const compared = { x: dataOf(x), copies: copies.length, shifted };
    const bits = await topBitsOfCopies(this.#party, compared, x.ringBits, this.#carry);
    return localBits(bits, [copies.length, ...x.shape]);
  }

  async and(a: SharedBits, b: SharedBits): Promise<LocalBits> {
    if (!sameShape(a.shape, b.shape)) {
      throw new TensorMismatchError(`and: expected ${formatShape(a.shape)}, got ${formatShape(b.shape)}`);
    }
    return localBits(await and(this.#party, bitsOf(a), bitsOf(b)), a.shape);
  }

  async toArithmetic(bits: SharedBits, ringBits: number): Promise<LocalTensor> {
    const data = await toArithmetic(this.#party, bitsOf(bits), ringBits, this.#multiplications.bits);
    return localTensor(data, bits.shape, { ringBits, fractionBits: 0 });
  }

  async multiplex(bits: SharedBits, x: SharedTensor): Promise<LocalTensor> {
    if (!isPrefix(bits.shape, x.shape)) {
      throw new TensorMismatchError(
        `multiplex: expected a prefix of ${formatShape(x.shape)}, got ${formatShape(bits.shape)}`,
      );
    }
    const products = this.#multiplications.bits;
    const data = await multiplex(this.#party, bitsOf(bits), dataOf(x), x.ringBits, products);
    return localTensor(data, x.shape, x);
  }

  async lookUp(x: SharedTensor, table: RingTensor): Promise<LocalTensor> {
    expectTable(x, table);
    return localTensor(await lookUp(this.#party, dataOf(x), x.ringBits, table), x.shape, table);
  }

  shuffle(rows: ShuffleRows): Promise<ShuffleRows> {
    return shuffleTensors(this.#party, rows);
  }

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    const { session } = this.#party;
    session.recordLeak(leak, to);
    const data = await revealed(session, dataOf(x), x.ringBits, to);
    const { shape, ringBits, fractionBits } = x;
    return data && { shape, ringBits, fractionBits, data };
  }

  async revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    const { session } = this.#party;
    session.recordLeak(leak, to);
    return revealedBits(session, bitsOf(bits), to);
  }

  async together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    if (this.#strands && tasks.length > 1) {
      return this.#strands.together(tasks.map((task) => (strand) => task(new TwoPartyBackend(strand))));
    }
    const results: T[] = [];
    for (const task of tasks) results.push(await task(this));
    return results;
  }
}

const productFormat = (x: SharedTensor, y: SharedTensor | PrivateTensor) => ({
  ringBits: x.ringBits,
  fractionBits: x.fractionBits + y.fractionBits,
});
