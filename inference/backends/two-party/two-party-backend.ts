/**
 * Two parties, semi-honest: additive and XOR shares, linear layers by homomorphic encryption, everything else from
 * random correlated oblivious transfers. Each communicating method checks its arguments and calls one leaf protocol.
 */
import { TensorMismatchError } from '../../core/errors.js';
import type { RingFormat } from '../../core/ring-tensor.js';
import { sizeOf } from '../../core/shape.js';
import { protocol } from '../../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import { giveBack } from '../../core/words.js';
import { compareBeforeOpening, confirmOpened } from '../../net/transcript.js';
import type { Session } from '../../session/session.js';
import type {
  Backend,
  LeakName,
  MadeRows,
  RowShifts,
  ShuffleMaterial,
  ShuffleRows,
  Sign,
  Weight,
  WeightSource,
} from '../backend.js';
import {
  bitsOf,
  dataOf,
  LocalBackend,
  type LocalBits,
  type LocalTensor,
  localBits,
  localTensor,
  ROUNDING,
  type Rounding,
} from '../local-backend.js';
import { exponentialPlan } from '../exponential.js';
import type { LineTable } from '../../core/line-table.js';
import type { TournamentStep } from '../../core/tournament.js';
import * as operations from '../operations.js';
import { ifMade, largest, lines, multiplexInto, type Otherwise, type Ways } from './ahead/ahead-or-beside.js';
import type { Compared } from './comparison/comparison.js';
import type { PartyContext } from './context/party-context.js';
import type { Turns } from './context/turns.js';
import { open, openBits } from './exchange/open.js';
import type { LinearProtocols } from './linear/linear-protocols.js';
import { and } from './products/and.js';
import { type Carries, takeBothTurn } from './products/bit-product.js';
import { multiplex } from './products/multiplex.js';
import { takeSquareTurn } from './products/narrow-product.js';
import { type Multiplications, takeProductTurns } from './products/multiplications.js';
import { round, type TopBit } from './products/round.js';
import { isSmallMatmul } from './products/small-matmul.js';
import { toArithmetic } from './products/to-arithmetic.js';
import { widen } from './products/widen.js';
import { prepareShuffle, shuffleTensors } from './shuffle/shuffle-tensors.js';

/** What the client alone learns is opened only if both parties saw the same bytes; it then hears whether the share that came is whole. */
async function undamaged<T>(session: Session, to: PartyId | 'all', opened: () => Promise<T>): Promise<T> {
  if (to !== 'client') return opened();
  await compareBeforeOpening(session.channel, session.self);
  const value = await opened();
  await confirmOpened(session.channel, session.self);
  return value;
}

const revealed = protocol('reveal', async (...[party, x, ringBits, to, first]: Parameters<typeof open>) =>
  undamaged(party.session, to, () => open(party, x, ringBits, to, first)),
);
const revealedBits = protocol('reveal', async (...[party, bits, to, first]: Parameters<typeof openBits>) =>
  undamaged(party.session, to, () => openBits(party, bits, to, first)),
);

/** What a backend works with (open-two-party.ts puts it together). */
export interface BackendParts {
  readonly party: PartyContext;
  readonly turns: Turns;
  readonly linear: LinearProtocols;
  readonly multiplications: Multiplications;
}

export class TwoPartyBackend extends LocalBackend implements Backend {
  override readonly self: PartyId;
  protected override readonly addsPublicValues: boolean;
  /** The server's share rounds down, the client's up: within one unit in the last place, without a bias. */
  protected override readonly truncation: Rounding;
  readonly #party: PartyContext;
  readonly #turns: Turns;
  readonly #linear: LinearProtocols;
  readonly #multiplications: Multiplications;
  readonly #ways: Ways;
  /** Protocols take turns here, one for each level of a comparison and each product of bits that they need. */
  readonly #topBit: TopBit = (x, ringBits) => this.#topBits({ x, copies: 1, shifted: () => x }, ringBits);
  readonly #carries: Carries = (bits, ringBits) =>
    this.#multiplications.bitProducts.carries(bits, ringBits, this.#turns.takeTurn());

  constructor(parts: BackendParts) {
    super();
    const { party, turns, linear, multiplications } = parts;
    this.self = party.session.self;
    this.addsPublicValues = party.session.self === 'server';
    this.truncation = party.session.self === 'server' ? ROUNDING.floor : ROUNDING.ceil;
    this.#party = party;
    this.#turns = turns;
    this.#linear = linear;
    this.#multiplications = multiplications;
    const beside = multiplications.beside;
    this.#ways = {
      mpc: this,
      beside: beside ? new TwoPartyBackend({ ...parts, ...beside }) : null,
      turns,
      multiplications,
    };
  }

  /** Who begins what is not made ahead, and has one order of messages on demand and beside what is. */
  #nextFirst(): PartyId {
    const { receiver, first } = this.#turns.takeTurn();
    return this.#multiplications.holdsAny?.() ? first : receiver;
  }

  #topBits(compared: Compared, ringBits: number): Promise<Uint8Array> {
    return this.#multiplications.topBits(compared, ringBits, () => this.#turns.takeTurn());
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

  async prepare(source: WeightSource): Promise<Weight> {
    const weight = await this.#linear.prepare(source);
    this.#multiplications.registerWeight?.(weight);
    return weight;
  }

  prepareFactors(y: PrivateTensor): void {
    this.#multiplications.registerFactors?.(y);
  }

  async linear(x: SharedTensor, w: Weight): Promise<LocalTensor> {
    const given = operations.linear(x, w);
    if (given.rows > 0) this.#turns.takeTurn('client', 'server');
    const rows = { rows: given.rows, ringBits: x.ringBits, data: dataOf(x) };
    return localTensor(await this.#multiplications.linear(rows, w, x.fractionBits), given.shape, given);
  }

  async matmul(x: SharedTensor, y: SharedTensor): Promise<LocalTensor> {
    const { extents, ...given } = operations.matmul(x, y);
    const turn = isSmallMatmul(extents) ? this.#turns.takeTurn() : this.#turns.takeTurn('client');
    const data = await this.#multiplications.matmul(dataOf(x), dataOf(y), extents, turn);
    return localTensor(data, given.shape, given);
  }

  async multiply(
    x: SharedTensor,
    y: SharedTensor,
    ySign: Sign = 'signed',
    yBits: number = y.ringBits,
    into?: RingFormat,
  ): Promise<LocalTensor> {
    const given = operations.multiply(x, y);
    const dropped = operations.droppedBits(given, into);
    const factors = { data: dataOf(y), ringBits: y.ringBits, sign: ySign, fitBits: yBits };
    const turn = takeProductTurns(this.#turns, x, y, yBits);
    const data = await this.#multiplications.product(dataOf(x), x.ringBits, factors, turn, dropped);
    return localTensor(data, given.shape, given);
  }

  async square(
    x: SharedTensor,
    ringBits = x.ringBits,
    sign: Sign = 'signed',
    into?: RingFormat,
  ): Promise<LocalTensor> {
    const given = operations.square(x, ringBits);
    const plan = { bits: x.ringBits, ringBits, sign, dropped: operations.droppedBits(given, into) };
    const turn = takeSquareTurn(this.#turns, x.ringBits, ringBits);
    const data = await this.#multiplications.square(dataOf(x), plan, turn);
    return localTensor(data, given.shape, given);
  }

  async multiplyPrivate(x: SharedTensor, y: PrivateTensor, into?: RingFormat): Promise<LocalTensor> {
    const given = operations.multiplyPrivate(x, y);
    if (sizeOf(x.shape) > 0) this.#turns.takeTurn(y.owner);
    const dropped = operations.droppedBits(given, into);
    const data = await this.#multiplications.multiplyPrivate(dataOf(x), x.ringBits, y, dropped);
    return localTensor(data, given.shape, given);
  }

  async widen(x: SharedTensor, ringBits: number): Promise<LocalTensor> {
    const given = operations.widen(x, ringBits);
    const data = await widen(this.#party, dataOf(x), x.ringBits, ringBits, this.#carries);
    return localTensor(data, given.shape, given);
  }

  async round(x: SharedTensor, bits: number): Promise<LocalTensor> {
    const given = operations.truncate(x, bits);
    const data = await round(this.#party, dataOf(x), x.ringBits, bits, this.#topBit, this.#carries);
    return localTensor(data, given.shape, given);
  }

  async isNegative(x: SharedTensor): Promise<LocalBits> {
    return localBits(await this.#topBit(dataOf(x), x.ringBits), x.shape);
  }

  async areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<LocalBits> {
    const shifted = () => this.shiftedRows(x, copies);
    const compared = { x: dataOf(x), copies: copies.length, shifted };
    return localBits(await this.#topBits(compared, x.ringBits), operations.areNegative(x, copies));
  }

  async and(a: SharedBits, b: SharedBits): Promise<LocalBits> {
    const shape = operations.bitwise('and', a, b);
    return localBits(await and(this.#party, bitsOf(a), bitsOf(b), this.#nextFirst()), shape);
  }

  async toArithmetic(bits: SharedBits, ringBits: number): Promise<LocalTensor> {
    const data = await toArithmetic(bitsOf(bits), ringBits, this.#carries);
    return localTensor(data, bits.shape, operations.toArithmetic(bits, ringBits));
  }

  async multiplex(bits: SharedBits, x: SharedTensor, ringBits = x.ringBits): Promise<SharedTensor> {
    const given = operations.multiplex(bits, x, ringBits);
    if (ringBits > x.ringBits) return multiplexInto(this.#ways, bits, x, given);
    const [items, width] = [sizeOf(bits.shape), sizeOf(x.shape.slice(bits.shape.length))];
    const turn = takeBothTurn(this.#turns, items, width, x.ringBits);
    const data = await multiplex(bitsOf(bits), dataOf(x), x.ringBits, (factors, ringBits) =>
      this.#multiplications.bitProducts.both(factors, ringBits, turn),
    );
    return localTensor(data, x.shape, x);
  }

  async lookUp(x: SharedTensor, table: RingTensor): Promise<LocalTensor> {
    const given = operations.lookUp(x, table);
    const data = await this.#multiplications.lookUp(dataOf(x), x.ringBits, table, this.#turns.takeTurn());
    return localTensor(data, given.shape, given);
  }

  lines(x: SharedTensor, table: LineTable, otherwise: Otherwise): Promise<SharedTensor> {
    return lines(this.#ways, x, table, otherwise);
  }

  largest(x: SharedTensor, steps: readonly TournamentStep[], otherwise: Otherwise): Promise<SharedTensor> {
    return largest(this.#ways, x, steps, otherwise);
  }

  ifMade(...given: Parameters<NonNullable<Backend['ifMade']>>): Promise<MadeRows> {
    return ifMade(this.#ways, ...given);
  }

  async exponential(x: SharedTensor, fractionBits: number): Promise<LocalTensor> {
    const given = operations.exponential(x, fractionBits);
    const { productBits, dropped } = exponentialPlan(x, fractionBits);
    const data = await this.#multiplications.exponential(dataOf(x), x, fractionBits, this.#turns.takeTurn());
    const product = { ringBits: productBits, fractionBits: fractionBits + dropped };
    const result = this.truncateReduce(localTensor(data, given.shape, product), dropped);
    if (dropped > 0) giveBack(data);
    return result;
  }

  prepareShuffle(rows: number): Promise<ShuffleMaterial> {
    return prepareShuffle(this.#party, rows, this.#nextFirst());
  }

  async shuffle(rows: ShuffleRows, material: ShuffleMaterial | null = null): Promise<ShuffleRows> {
    const made = material ?? (await this.prepareShuffle(operations.shuffle(rows)));
    return shuffleTensors(this.#party, rows, made, this.#nextFirst());
  }

  /** What both learn takes one message each way. */
  #turnOfOpening(to: PartyId | 'all'): PartyId | undefined {
    return to === 'all' ? this.#nextFirst() : undefined;
  }

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    this.#party.session.recordLeak(leak, to);
    const data = await revealed(this.#party, dataOf(x), x.ringBits, to, this.#turnOfOpening(to));
    const { shape, ringBits, fractionBits } = x;
    return data && { shape, ringBits, fractionBits, data };
  }

  async revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    this.#party.session.recordLeak(leak, to);
    return revealedBits(this.#party, bitsOf(bits), to, this.#turnOfOpening(to));
  }

  async together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    const { steps } = this.#party;
    if (steps && tasks.length > 1)
      return steps.together(
        tasks.map((task) => () => task(this)),
        this.#turns,
      );
    const results: T[] = [];
    for (const task of tasks) results.push(await task(this));
    return results;
  }
}
