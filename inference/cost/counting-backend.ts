/**
 * The two-party backend with shapes in place of shares: every operation counts the client's messages, byte for byte and in
 * order, and computes nothing. What pruning opens comes from a given schedule. The engine runs on it as it is, so the
 * estimate follows any change of the engine; test/inference/run/cost-model.test.ts compares it with real runs.
 */
import { kernels } from '#kernels';
import type { Backend, LeakName, RowShifts, ShuffleRows, Weight, WeightSource } from '../backends/backend.js';
import { expectFactor, expectSquareRing } from '../backends/local-backend.js';
import { expectTable } from '../backends/look-up.js';
import { MOST_REPEATED } from '../backends/two-party/ahead/ahead.js';
import { MOST_COMPARED_BITS } from '../backends/two-party/ahead/comparisons.js';
import { Demand } from '../backends/two-party/ahead/demand.js';
import type { ProductPlan } from '../backends/two-party/products/cot-product.js';
import { lookUpJob } from '../backends/two-party/products/look-up.js';
import { isSmallMatmul } from '../backends/two-party/products/small-matmul.js';
import { messageBytes } from '../backends/two-party/shuffle/shuffle.js';
import { TensorMismatchError } from '../core/errors.js';
import { type Shape, sameShape, sizeOf } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { answerBytes, correctionBytes, puncturedMatrixCots } from '../crypto/ggm/punctured-matrix.js';
import {
  chooseLayout,
  defaultCostModel,
  estimatedMilliseconds,
  outputBytes,
  type PackedLayout,
  type ProductShape,
} from '../crypto/rlwe/packed-layout.js';
import { encryptedBytes } from '../crypto/rlwe/packed-product.js';
import { standardPreset } from '../crypto/rlwe/parameters.js';
import { TRANSCRIPT_BYTES } from '../net/transcript.js';
import { TrafficCounter } from '../session/meter.js';
import { CountedCots, CountedExchange, comparisonJob, productJob } from './counted-exchange.js';
import { bitsOnly, ShapeBackend, shapeOnly } from './shape-backend.js';

/** Tokens that leave a layer's pruning, [CLS] included, and the important ones among them. */
export interface ScheduledCounts {
  readonly kept: number;
  readonly important: number;
}

/** What was used, beyond messages. */
export interface CountedWork {
  /** Correlated OTs, both directions. */
  readonly cots: number;
  /** Homomorphic products by the packing's own model, one core, without their messages. */
  readonly productMilliseconds: number;
}

/** Layouts by shape: a search that is the same in every layer and every text. */
const layouts = new Map<string, PackedLayout>();

function layoutOf(shape: ProductShape): PackedLayout {
  const key = Object.values(shape).join();
  let layout = layouts.get(key);
  if (!layout) {
    layout = chooseLayout(standardPreset, shape);
    layouts.set(key, layout);
  }
  return layout;
}

const widthOf = (whole: { shape: readonly number[] }, prefix: { shape: readonly number[] }): number =>
  sizeOf(whole.shape.slice(prefix.shape.length));

const productFormat = (x: SharedTensor, y: SharedTensor | PrivateTensor) => ({
  ringBits: x.ringBits,
  fractionBits: x.fractionBits + y.fractionBits,
});

export class CountingBackend extends ShapeBackend implements Backend {
  readonly self = 'client';
  readonly #traffic = new TrafficCounter();
  readonly #cots = new CountedCots(this.#traffic);
  readonly #exchange = new CountedExchange(this.#traffic, this.#cots);
  readonly #schedule: readonly ScheduledCounts[];
  readonly #weights: Weight[] = [];
  readonly #factors: PrivateTensor[] = [];
  readonly #demand = new Demand();
  /** Layers that have pruned. */
  #pruned = 0;
  #productMilliseconds = 0;

  constructor(schedule: readonly ScheduledCounts[]) {
    super();
    this.#schedule = schedule;
    // The client's last message of the set-up.
    this.#traffic.sent(0);
  }

  get work(): CountedWork {
    return {
      cots: this.#cots.taken,
      productMilliseconds: this.#productMilliseconds,
    };
  }

  async share({ shape, ringBits, fractionBits }: PrivateTensor): Promise<SharedTensor> {
    return shapeOnly(shape, { ringBits, fractionBits });
  }

  /** What could be made ahead, as the two-party backend counts it. */
  get demand(): Demand {
    const { server, client } = this.#cots.wanted;
    return this.#demand.plus(
      Demand.of([
        [{ kind: 'cots', sender: 'server' }, server],
        [{ kind: 'cots', sender: 'client' }, client],
      ]),
    );
  }

  async prepare({ inputs, outputs, weightBits, normBits, fractionBits }: WeightSource): Promise<Weight> {
    const weight: Weight = { kind: 'weight', inputs, outputs, weightBits, normBits, fractionBits };
    this.#weights.push(weight);
    return weight;
  }

  prepareFactors(y: PrivateTensor): void {
    this.#factors.push(y);
  }

  /** Client → server: encrypted rows; back: encrypted products. */
  #products(shapes: readonly ProductShape[]): void {
    const used = shapes.map(layoutOf);
    for (const layout of used) this.#traffic.sent(encryptedBytes(layout));
    for (const layout of used) {
      this.#traffic.received(outputBytes(layout));
      const free = { ...defaultCostModel, bytesPerMillisecond: Number.POSITIVE_INFINITY };
      this.#productMilliseconds += estimatedMilliseconds(layout, free);
    }
  }

  readonly linear = protocol('linear', async (x: SharedTensor, w: Weight): Promise<SharedTensor> => {
    const rows = x.shape[0]!;
    const { inputs, outputs, weightBits, normBits } = w;
    this.#demand.add({ kind: 'linear', weight: this.#weights.indexOf(w) }, rows);
    this.#products([{ batch: 1, rows, inputs, outputs, ringBits: x.ringBits, weightBits, normBits }]);
    const fractionBits = x.fractionBits + w.fractionBits;
    return shapeOnly([rows, outputs], { ringBits: x.ringBits, fractionBits });
  });

  readonly matmul = protocol('matmul', async (x: SharedTensor, y: SharedTensor): Promise<SharedTensor> => {
    const [batch, n, k] = x.shape as [number, number, number];
    const m = y.shape[2]!;
    const { ringBits } = x;
    const shape = { batch, inputs: k, ringBits, weightBits: ringBits };
    this.#demand.add({ kind: 'matmul', batch, n, k, m, ringBits }, 1);
    if (isSmallMatmul({ batch, n, k, m })) {
      const plan = { items: 2 * batch * n * k * m, bits: ringBits, ringBits, width: 1, signed: false };
      const product = protocol('multiply', () => this.#exchange.oneWay(productJob(plan)));
      await this.#cots.unwanted(product);
      return shapeOnly([batch, n, m], productFormat(x, y));
    }
    this.#products([
      { ...shape, rows: n, outputs: m },
      { ...shape, rows: m, outputs: n },
    ]);
    return shapeOnly([batch, n, m], productFormat(x, y));
  });

  async multiply(x: SharedTensor, y: SharedTensor): Promise<SharedTensor> {
    expectFactor(x, y);
    if (sizeOf(x.shape) > 0)
      this.#demand.add({ kind: 'product', ringBits: x.ringBits, width: widthOf(x, y) }, sizeOf(y.shape));
    await this.#cots.unwanted(() => this.#product(x, y));
    return shapeOnly(x.shape, productFormat(x, y));
  }

  async #product(x: SharedTensor, y: SharedTensor): Promise<void> {
    const { ringBits } = x;
    const items = sizeOf(y.shape);
    if (y.ringBits < ringBits)
      return this.#product2('multiplyNarrow', items, y.ringBits, ringBits, widthOf(x, y), true);
    if (sameShape(x.shape, y.shape)) {
      const plan = { items: 2 * items, bits: ringBits, ringBits, width: 1, signed: false };
      return protocol('multiply', () => this.#exchange.oneWay(productJob(plan)))();
    }
    return this.#product2('multiplyRows', items, ringBits, ringBits, widthOf(x, y), false);
  }

  /** One bit times one number each, by turns. */
  #bitProducts(plan: ProductPlan): Promise<void> {
    const sender = this.#exchange.nextReceiver === 'server' ? 'client' : 'server';
    this.#demand.add({ kind: 'bit', ringBits: plan.ringBits, sender }, plan.items);
    return this.#cots.unwanted(() => this.#exchange.oneWay(productJob(plan)));
  }

  /** Both directions at once. */
  #product2(
    name: string,
    items: number,
    bits: number,
    ringBits: number,
    width: number,
    signed: boolean,
  ): Promise<void> {
    if (items * width === 0) return Promise.resolve();
    const job = productJob({ items, bits, ringBits, width, signed });
    return protocol(name, () => this.#exchange.both(job, job))();
  }

  readonly square = protocol(
    'square',
    async (x: SharedTensor, ringBits: number = x.ringBits): Promise<SharedTensor> => {
      expectSquareRing(x, ringBits);
      const from = x.ringBits;
      const plan = { items: sizeOf(x.shape), width: 1 };
      if (from >= 2) {
        const first = this.#exchange.nextReceiver;
        this.#demand.add({ kind: 'square', bits: from, ringBits, first }, plan.items);
      }
      if (ringBits === from && ringBits > 1) {
        const bits = ringBits - 1;
        const job = productJob({ ...plan, bits, ringBits: bits, signed: false });
        await this.#cots.unwanted(() => this.#exchange.oneWay(job));
      } else if (ringBits > from) {
        const cross = productJob({ ...plan, bits: from, ringBits: ringBits - 1, signed: true });
        const rest = ringBits - from - 1;
        const wrap = rest > 0 ? productJob({ ...plan, bits: 1, ringBits: rest, signed: false }) : null;
        await this.#cots.unwanted(() => this.#exchange.oneWay(cross, wrap));
      }
      return shapeOnly(x.shape, { ringBits, fractionBits: 2 * x.fractionBits });
    },
  );

  readonly multiplyPrivate = protocol(
    'multiplyPrivate',
    async (x: SharedTensor, y: PrivateTensor): Promise<SharedTensor> => {
      const { ringBits } = x;
      const items = y.shape[0]!;
      const bits = Math.min(y.ringBits, ringBits);
      const plan = { items, bits, ringBits, width: sizeOf(x.shape) / items, signed: true };
      if (!this.#factors.includes(y)) this.#factors.push(y);
      const factors = this.#factors.indexOf(y);
      this.#demand.add({ kind: 'factors', factors, ringBits }, plan.width);
      const product = () => this.#exchange.ownedBy(y.owner, productJob(plan));
      if (sizeOf(x.shape) > 0) await this.#cots.unwanted(product);
      return shapeOnly(x.shape, productFormat(x, y));
    },
  );

  readonly widen = protocol('widen', async (x: SharedTensor, ringBits: number): Promise<SharedTensor> => {
    const { shape, fractionBits, ringBits: from } = x;
    if (ringBits < from)
      throw new TensorMismatchError(`widen: expected at least ${from} bits, got ${ringBits}`);
    const plan = { items: sizeOf(shape), bits: 1, ringBits: ringBits - from, width: 1, signed: false };
    if (ringBits > from) await this.#bitProducts(plan);
    return shapeOnly(shape, { ringBits, fractionBits });
  });

  readonly round = protocol('round', async (x: SharedTensor, bits: number): Promise<SharedTensor> => {
    const rounded = this.truncateReduce(x, bits);
    if (bits > 0 && sizeOf(x.shape) > 0)
      await this.toArithmetic(
        await this.isNegative(shapeOnly(x.shape, { ringBits: bits + 1, fractionBits: 0 })),
        rounded.ringBits,
      );
    return rounded;
  });

  readonly isNegative = protocol('isNegative', ({ shape, ringBits }: SharedTensor) =>
    this.#topBits(shape, ringBits),
  );

  async #topBits(shape: Shape, ringBits: number): Promise<SharedBits> {
    for (let bits = ringBits; bits > 1; bits = kernels.comparisonDigits(bits))
      await this.#compare(sizeOf(shape), bits, 1);
    return bitsOnly(shape);
  }

  /** One level. */
  async #compare(items: number, ringBits: number, copies: number): Promise<void> {
    const sender = this.#exchange.nextReceiver === 'server' ? 'client' : 'server';
    const job = comparisonJob(items, ringBits, copies);
    if (ringBits > MOST_COMPARED_BITS) return this.#exchange.oneWay(job);
    this.#demand.add({ kind: 'comparison', ringBits, copies, sender }, items);
    return this.#cots.unwanted(() => this.#exchange.oneWay(job));
  }

  readonly areNegative = protocol(
    'isNegative',
    async ({ shape, ringBits }: SharedTensor, copies: readonly RowShifts[]): Promise<SharedBits> => {
      const all = [copies.length, ...shape];
      if (ringBits === 1) return bitsOnly(all);
      await this.#compare(sizeOf(shape), ringBits, copies.length);
      return this.#topBits(all, kernels.comparisonDigits(ringBits));
    },
  );

  readonly and = protocol('and', async ({ shape }: SharedBits, _: SharedBits): Promise<SharedBits> => {
    const plan = { items: 2 * sizeOf(shape), bits: 1, ringBits: 1, width: 1, signed: false };
    await this.#exchange.oneWay(productJob(plan));
    return bitsOnly(shape);
  });

  readonly toArithmetic = protocol(
    'toArithmetic',
    async ({ shape }: SharedBits, ringBits: number): Promise<SharedTensor> => {
      const plan = { items: sizeOf(shape), bits: 1, ringBits: ringBits - 1, width: 1, signed: false };
      if (ringBits > 1) await this.#bitProducts(plan);
      return shapeOnly(shape, { ringBits, fractionBits: 0 });
    },
  );

  async multiplex(bits: SharedBits, x: SharedTensor): Promise<SharedTensor> {
    const { ringBits } = x;
    const [items, width] = [sizeOf(bits.shape), widthOf(x, bits)];
    const product = () => this.#product2('multiplex', items, 1, ringBits, width, false);
    if (items * width === 0 || width > MOST_REPEATED) {
      await product();
      return x;
    }
    for (const sender of ['server', 'client'] as const)
      this.#demand.add({ kind: 'bit', ringBits, sender }, items * width);
    await this.#cots.unwanted(product);
    return x;
  }

  readonly lookUp = protocol('lookUp', async (x: SharedTensor, table: RingTensor): Promise<SharedTensor> => {
    expectTable(x, table);
    const { ringBits } = table;
    await this.#exchange.oneWay(lookUpJob({ items: sizeOf(x.shape), indexBits: x.ringBits, ringBits }));
    return shapeOnly(x.shape, table);
  });

  readonly shuffle = protocol('shuffle', async (rows: ShuffleRows): Promise<ShuffleRows> => {
    const columns = (shape: readonly number[]) => sizeOf(shape.slice(1));
    const blocks = [
      ...rows.tensors.map(({ shape, ringBits }) => ({ columns: columns(shape), ringBits })),
      ...rows.bits.map(({ shape }) => ({ columns: columns(shape), ringBits: 1 })),
    ];
    const n = [...rows.tensors, ...rows.bits][0]?.shape[0] ?? 0;
    if (n < 2) return rows;
    await this.#cots.take('sender', puncturedMatrixCots(n));
    await this.#cots.take('receiver', puncturedMatrixCots(n));
    this.#traffic.sent(correctionBytes(n));
    this.#traffic.received(correctionBytes(n));
    this.#traffic.sent(answerBytes(n));
    this.#traffic.received(answerBytes(n));
    this.#traffic.received(messageBytes(n, blocks));
    this.#traffic.sent(messageBytes(n, blocks));
    return rows;
  });

  readonly #open = protocol('reveal', async (bits: number, to: PartyId | 'all'): Promise<void> => {
    const bytes = Math.ceil(bits / 8);
    if (to === 'client') {
      this.#traffic.sent(TRANSCRIPT_BYTES);
      this.#traffic.received(TRANSCRIPT_BYTES);
    }
    if (to !== 'client') this.#traffic.sent(bytes);
    if (to !== 'server') this.#traffic.received(bytes);
    if (to === 'client') this.#traffic.received(TRANSCRIPT_BYTES);
  });

  /** The schedule's count of tokens behind [CLS] where a method opens that as a number; else zeros. */
  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    await this.#open(sizeOf(x.shape) * x.ringBits, to);
    const { shape, ringBits, fractionBits } = x;
    if (to === 'server') return null;
    const data = new BigUint64Array(sizeOf(shape));
    if (leak === 'kept-token-count') {
      data.fill(BigInt(Math.max(0, this.#counted('kept') - 1)));
      this.#pruned++;
    }
    return { shape, ringBits, fractionBits, data };
  }

  /** @throws RangeError if the schedule has no such layer */
  #counted(count: keyof ScheduledCounts): number {
    const counts = this.#schedule[this.#pruned];
    if (counts === undefined)
      throw new RangeError(
        `counting: expected counts for layer ${this.#pruned}, got ${this.#schedule.length} layers`,
      );
    return counts[count];
  }

  /** The schedule's counts, as bits of the rows after [CLS]; an order that is as it is. */
  async revealBits({ shape }: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    const size = sizeOf(shape);
    await this.#open(size, to);
    if (to === 'server') return null;
    const bits = new Uint8Array(size);
    if (leak === 'shuffled-order') return bits;
    const count = this.#counted(leak === 'kept-token-count' ? 'kept' : 'important');
    if (leak === 'important-token-count') this.#pruned++;
    return bits.fill(1, 0, Math.min(size, Math.max(0, count - 1)));
  }
}
