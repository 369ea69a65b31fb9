/**
 * The three-party backend with shapes in place of shares: every operation counts what its steps send, and the place of its messages in
 * the longest chain of messages that wait for each other. It computes nothing; what an opening gives is told from outside.
 */
import type {
  Backend,
  LeakName,
  RowShifts,
  ShuffleRows,
  Sign,
  Weight,
  WeightSource,
} from '../backends/backend.js';
import * as operations from '../backends/operations.js';
import type { TensorFormat } from '../backends/operations.js';
import { carryStages } from '../backends/three-party/carry.js';
import { bitsPlan, multiplexPlan } from '../backends/three-party/bits-to-words.js';
import { widenedPlan, widenPlan } from '../backends/three-party/widening.js';
import { exponentialStep } from '../backends/three-party/exponential.js';
import { lookUpPlan } from '../backends/three-party/look-up.js';
import { packedBytes } from '../backends/three-party/node.js';
import { Marks } from '../backends/three-party/pace.js';
import { exactly, type Precision, precisionFor, sentBits } from '../backends/three-party/precision.js';
import { productPlan } from '../backends/three-party/products.js';
import { SHUFFLE_SENDERS } from '../backends/three-party/shuffle.js';
import type { Lot, StepPlan } from '../backends/three-party/step.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { type Shape, sizeOf } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { NodesClocks } from './nodes-clocks.js';
import type { Opens } from './schedule.js';
import { bitsOnly, ShapeBackend, shapeOnly } from './shape-backend.js';

/** Told of what goes over links, and of every message between nodes that somebody waits for. */
export interface NodesTraffic {
  /** Between nodes. */
  sent(bytes: number): void;
  /** Between the client and any node: shares, and components of what is opened to it. */
  client(bytes: number): void;
  waited(): void;
}

/** Of a mark of pace.ts. */
const MARK_BYTES = 1;

export class NodesCounting extends ShapeBackend implements Backend {
  readonly self = 'server';
  readonly outsourced = true;
  readonly #opens: Opens;
  readonly #traffic: NodesTraffic;
  readonly #marks = new Marks();
  /** So far, by name. */
  readonly #openings = new Map<LeakName, number>();
  readonly #clocks = new NodesClocks();

  constructor(opens: Opens, traffic: NodesTraffic) {
    super();
    this.#opens = opens;
    this.#traffic = traffic;
  }

  /** Names of what was opened to the nodes. */
  get opened(): number {
    return this.#openings.size;
  }

  /** Owners' values come from files, and of the client's two components come from seeds and the third goes to two nodes. */
  async share({ owner, shape, ringBits, fractionBits }: PrivateTensor): Promise<SharedTensor> {
    if (owner === 'client') this.#traffic.client(2 * packedBytes(sizeOf(shape), ringBits));
    return shapeOnly({ shape, ringBits, fractionBits });
  }

  async prepare({ inputs, outputs, weightBits, normBits, fractionBits }: WeightSource): Promise<Weight> {
    return { kind: 'weight', inputs, outputs, weightBits, normBits, fractionBits };
  }

  /** What `send` makes the longest chain longer by is waited for. */
  #counted(bytes: number, send: () => void): void {
    const before = this.#clocks.messages;
    send();
    this.#traffic.sent(bytes);
    for (let place = before; place < this.#clocks.messages; place++) this.#traffic.waited();
  }

  #deal(bytes: number): void {
    this.#counted(bytes, () => this.#clocks.deal());
    if (this.#marks.count(bytes)) this.#counted(MARK_BYTES, () => this.#clocks.mark());
  }

  #step<T>({ dealt, result }: StepPlan<readonly unknown[], T>): void {
    for (const { byteLength } of dealt) this.#deal(byteLength);
    this.#exchange(result);
  }

  #exchange({ byteLength }: Pick<Lot<unknown>, 'byteLength'>): void {
    this.#counted(2 * byteLength, () => this.#clocks.exchange());
  }

  /** Of a product that is given, in what leaves of it. */
  #format({ shape, fractionBits }: TensorFormat, precision: Precision): SharedTensor {
    return shapeOnly({
      shape,
      ringBits: sentBits(precision),
      fractionBits: fractionBits - precision.dropped,
    });
  }

  #product(given: TensorFormat, into: RingFormat | undefined): SharedTensor {
    const precision = precisionFor(given, into) ?? exactly(given.ringBits);
    this.#step(productPlan(sizeOf(given.shape), precision));
    return this.#format(given, precision);
  }

  /** With `factors` numbers of a ring of `factorBits` bits. */
  #widened(
    given: TensorFormat,
    factors: number,
    factorBits: number,
    into: RingFormat | undefined,
  ): SharedTensor {
    const precision = precisionFor(given, into, factorBits) ?? exactly(given.ringBits);
    const count = sizeOf(given.shape);
    if (precision.ringBits <= factorBits) this.#step(productPlan(count, precision));
    else this.#step(widenedPlan(factors, count, factorBits, precision));
    return this.#format(given, precision);
  }

  readonly linear = protocol('linear', async (x: SharedTensor, w: Weight, into?: RingFormat) =>
    this.#product(operations.linear(x, w), into),
  );

  readonly matmul = protocol('matmul', async (x: SharedTensor, y: SharedTensor, into?: RingFormat) =>
    this.#product(operations.matmul(x, y), into),
  );

  readonly multiply = protocol(
    'multiply',
    async (x: SharedTensor, y: SharedTensor, _sign?: Sign, _yBits?: number, into?: RingFormat) =>
      this.#widened(operations.multiply(x, y), sizeOf(y.shape), y.ringBits, into),
  );

  readonly square = protocol(
    'square',
    async (x: SharedTensor, ringBits: number = x.ringBits, _sign?: Sign, into?: RingFormat) =>
      this.#widened(operations.square(x, ringBits), sizeOf(x.shape), x.ringBits, into),
  );

  readonly multiplyPrivate = protocol(
    'multiplyPrivate',
    async (x: SharedTensor, y: PrivateTensor, into?: RingFormat) =>
      this.#product(operations.multiplyPrivate(x, y), into),
  );

  readonly widen = protocol('widen', async (x: SharedTensor, ringBits: number): Promise<SharedTensor> => {
    const given = operations.widen(x, ringBits);
    if (ringBits > x.ringBits) this.#step(widenPlan(sizeOf(x.shape), x.ringBits, ringBits));
    return shapeOnly(given);
  });

  readonly #round = protocol('round', async (x: SharedTensor, bits: number): Promise<void> => {
    const count = sizeOf(x.shape);
    for (const { plan } of carryStages({ count, copies: 1, bits }, false)) this.#step(plan);
    this.#step(bitsPlan(count, x.ringBits - bits, true));
  });

  async round(x: SharedTensor, bits: number): Promise<SharedTensor> {
    const given = operations.truncate(x, bits);
    if (bits > 0) await this.#round(x, bits);
    return shapeOnly(given);
  }

  readonly #topBit = protocol('compare', async ({ shape, ringBits }: SharedTensor, copies: number) => {
    if (ringBits === 1) return;
    for (const { plan } of carryStages({ count: sizeOf(shape), copies, bits: ringBits - 1 }, true))
      this.#step(plan);
  });

  async isNegative(x: SharedTensor): Promise<SharedBits> {
    await this.#topBit(x, 1);
    return bitsOnly(x.shape);
  }

  async areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<SharedBits> {
    const shape = operations.areNegative(x, copies);
    await this.#topBit(x, copies.length);
    return bitsOnly(shape);
  }

  readonly and = protocol('and', async (a: SharedBits, b: SharedBits): Promise<SharedBits> => {
    const shape = operations.bitwise('and', a, b);
    this.#product({ shape, ringBits: 1, fractionBits: 0 }, undefined);
    return bitsOnly(shape);
  });

  readonly toArithmetic = protocol(
    'toArithmetic',
    async (bits: SharedBits, ringBits: number): Promise<SharedTensor> => {
      this.#step(bitsPlan(sizeOf(bits.shape), ringBits, false));
      return shapeOnly(operations.toArithmetic(bits, ringBits));
    },
  );

  readonly multiplex = protocol(
    'multiplex',
    async (bits: SharedBits, x: SharedTensor, ringBits: number = x.ringBits): Promise<SharedTensor> => {
      operations.multiplex(bits, x, ringBits);
      this.#step(multiplexPlan(sizeOf(bits.shape), sizeOf(x.shape), x.ringBits));
      return ringBits === x.ringBits ? shapeOnly(x) : this.widen(shapeOnly(x), ringBits);
    },
  );

  readonly lookUp = protocol('lookUp', async (x: SharedTensor, table: RingTensor): Promise<SharedTensor> => {
    const given = operations.lookUp(x, table);
    this.#step(lookUpPlan(sizeOf(x.shape), sizeOf(table.shape), table.ringBits));
    return shapeOnly(given);
  });

  readonly exponential = protocol(
    'exponential',
    async (x: SharedTensor, fractionBits: number): Promise<SharedTensor> => {
      const given = operations.exponential(x, fractionBits);
      this.#step(exponentialStep(sizeOf(x.shape), x, fractionBits));
      return shapeOnly(given);
    },
  );

  readonly shuffle = protocol('shuffle', async (rows: ShuffleRows): Promise<ShuffleRows> => {
    const n = operations.shuffle(rows);
    if (n < 2) return rows;
    const lots = [
      ...rows.tensors.map(({ shape, ringBits }) => ({ count: sizeOf(shape), ringBits })),
      ...rows.bits.map(({ shape }) => ({ count: sizeOf(shape), ringBits: 1 })),
    ].map(({ count, ringBits }) => packedBytes(count, ringBits));
    for (const bytes of lots) this.#deal(bytes);
    const all = lots.reduce((sum, bytes) => sum + bytes, 0);
    for (const sender of SHUFFLE_SENDERS) this.#counted(all, () => this.#clocks.pass(sender));
    return rows;
  });

  together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    return this.#clocks.together(tasks.map((task) => () => task(this)));
  }

  /** Behind a text node 2 says that it has come to the end, and nodes compare their transcripts. */
  settle(tagBytes: number): void {
    this.#marks.reset();
    this.#counted(MARK_BYTES, () => this.#clocks.mark(0));
    if (tagBytes > 0) this.#counted(6 * tagBytes, () => this.#clocks.all());
  }

  /** Every node sends what the previous one lacks. */
  readonly #open = protocol('reveal', async (shape: Shape, ringBits: number): Promise<void> => {
    this.#counted(3 * packedBytes(sizeOf(shape), ringBits), () => this.#clocks.open());
  });

  /** What the next opening under a name gives. */
  #opening(leak: LeakName): number {
    const time = this.#openings.get(leak) ?? 0;
    this.#openings.set(leak, time + 1);
    return this.#opens(leak, time);
  }

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    const { shape, ringBits, fractionBits } = x;
    if (to === 'client') this.#traffic.client(3 * packedBytes(sizeOf(shape), ringBits));
    if (to !== 'all') return null;
    await this.#open(shape, ringBits);
    const data = new BigUint64Array(sizeOf(shape)).fill(BigInt(this.#opening(leak)));
    return { shape, ringBits, fractionBits, data };
  }

  async revealBits({ shape }: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    if (to === 'client') this.#traffic.client(3 * packedBytes(sizeOf(shape), 1));
    if (to !== 'all') return null;
    await this.#open(shape, 1);
    const size = sizeOf(shape);
    return new Uint8Array(size).fill(1, 0, Math.min(size, this.#opening(leak)));
  }
}
