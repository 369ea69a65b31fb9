/**
 * The two-party backend with shapes in place of shares: every operation counts the client's messages, byte for byte and in
 * order, and computes nothing. What an opening gives is told from outside. The engine runs on it as it is, so the
 * estimate follows any change of the engine; test/inference/cost/cost-model.test.ts compares it with real runs.
 */
import { kernels } from '#kernels';
import type {
  Backend,
  LeakName,
  RowShifts,
  ShuffleMaterial,
  ShuffleRows,
  Sign,
  Weight,
  WeightSource,
} from '../backends/backend.js';
import * as operations from '../backends/operations.js';
import { Demand, type Use } from '../material/demand.js';
import { exponentialUse } from '../backends/two-party/ahead/exponentials.js';
import { LINES_TURNS, linesUse } from '../backends/two-party/ahead/lines.js';
import { linearUse } from '../backends/two-party/ahead/linear-rows.js';
import { lookUpUse } from '../backends/two-party/ahead/look-ups.js';
import { signUse } from '../backends/two-party/ahead/signs.js';
import { comparisonJob, comparisonUse } from '../backends/two-party/comparison/comparison.js';
import { perform, type Step, Steps } from '../backends/two-party/context/steps.js';
import { Turns } from '../backends/two-party/context/turns.js';
import { andPlan } from '../backends/two-party/products/and.js';
import {
  bitUse,
  bothBitsUse,
  bothGoOneWay,
  bothOneWayJob,
  takeBothTurn,
} from '../backends/two-party/products/bit-product.js';
import { bitPlan, type ProductPlan, productJob } from '../backends/two-party/products/cot-product.js';
import { exponentialJob } from '../backends/two-party/products/exponential.js';
import { lookUpJob } from '../backends/two-party/products/look-up.js';
import { isOneWayProduct, takeProductTurns } from '../backends/two-party/products/multiplications.js';
import {
  multiplyPlan,
  multiplyPrivatePlan,
  multiplyPrivateUse,
  multiplyRowsPlan,
  productUse,
  squarePlan,
} from '../backends/two-party/products/multiply.js';
import {
  multiplyNarrowPlan,
  squareIntoPlans,
  squareUse,
} from '../backends/two-party/products/narrow-product.js';
import { isSmallMatmul, matmulUse, smallMatmulPlan } from '../backends/two-party/products/small-matmul.js';
import { messageBytes } from '../backends/two-party/shuffle/shuffle.js';
import { DEFAULT_COTS } from '../core/cot-kind.js';
import type { LineTable } from '../core/line-table.js';
import { type Shape, sizeOf } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { answerBytes, correctionBytes, puncturedMatrixCots } from '../crypto/ggm/punctured-matrix.js';
import { TRANSCRIPT_BYTES } from '../net/transcript.js';
import { TrafficCounter } from '../session/meter.js';
import { type CotUse, type CountedCotOptions, CountedCots } from './counted-cots.js';
import { CountedExchange } from './counted-exchange.js';
import { type CountedProductOptions, CountedProducts } from './counted-products.js';
import type { Opens } from './schedule.js';
import { bitsOnly, ShapeBackend, shapeOnly } from './shape-backend.js';

/** What was used, beyond messages. */
export interface CountedWork {
  /** Correlated OTs, both directions. */
  readonly cots: number;
  /** Homomorphic products by the packing's own model, one core, without their messages. */
  readonly productMilliseconds: number;
  /** Of weights that stay at the client, there. */
  readonly keptBytes: number;
}

const widthOf = (whole: { shape: readonly number[] }, prefix: { shape: readonly number[] }): number =>
  sizeOf(whole.shape.slice(prefix.shape.length));

export interface CountingOptions extends CountedCotOptions, CountedProductOptions {}

export class CountingBackend extends ShapeBackend implements Backend {
  readonly self = 'client';
  readonly #traffic: TrafficCounter;
  readonly #cots: CountedCots;
  /** Of these, as protocols take them. */
  readonly #cotUse: CotUse;
  readonly #steps: Steps;
  readonly #exchange: CountedExchange;
  readonly #turns: Turns;
  readonly #opens: Opens;
  readonly #products: CountedProducts;
  /** So far, by name. */
  readonly #openings: Map<LeakName, number>;
  readonly #weights: Weight[];
  readonly #factors: PrivateTensor[];
  readonly #demand = new Demand();

  /** `beside`: what is counted here counts there too, but none of it is wanted ahead. */
  constructor(opens: Opens, options: CountingOptions = {}, beside?: CountingBackend) {
    super();
    this.#opens = opens;
    this.#traffic = beside ? beside.#traffic : new TrafficCounter();
    this.#cots = beside ? beside.#cots : new CountedCots(this.#traffic, options);
    this.#cotUse = beside ? this.#cots.beside : this.#cots;
    this.#steps = beside ? beside.#steps : new Steps((step) => this.#alone(step));
    this.#exchange = new CountedExchange(this.#traffic, this.#cotUse, this.#steps);
    this.#turns = beside ? beside.#turns : new Turns();
    this.#openings = beside ? beside.#openings : new Map();
    this.#weights = beside ? beside.#weights : [];
    this.#factors = beside ? beside.#factors : [];
    this.#products = beside
      ? beside.#products
      : new CountedProducts(this.#traffic, this.#steps, { cots: DEFAULT_COTS, ...options });
    // The client's last message of the set-up.
    if (!beside) this.#traffic.sent(0);
  }

  async #alone(step: Required<Step>): Promise<void> {
    this.#traffic.beginPipeline();
    await perform(step);
    this.#traffic.endPipeline();
  }

  get work(): CountedWork {
    return {
      cots: this.#cots.taken,
      productMilliseconds: this.#products.milliseconds,
      keptBytes: this.#weights.reduce((sum, weight) => sum + this.#products.keptBytesOf(weight), 0),
    };
  }

  async share({ shape, ringBits, fractionBits }: PrivateTensor): Promise<SharedTensor> {
    return shapeOnly({ shape, ringBits, fractionBits });
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

  /**
   * What a protocol uses of what can be made ahead. Its COTs count as wanted where nothing of it can be; else what pools hold is
   * wanted in their place.
   */
  #use(use: Use, body: () => Promise<void>): Promise<void> {
    this.#demand.addAll(use);
    return use.length === 0 ? body() : this.#cotUse.unwanted(body);
  }

  /** A protocol of its own name with equal jobs in both directions. */
  #bothWays(name: string, plan: ProductPlan): Promise<void> {
    if (plan.items * plan.width === 0) return Promise.resolve();
    const job = productJob(plan);
    return protocol(name, () => this.#exchange.both(job, job))();
  }

  readonly linear = protocol('linear', async (x: SharedTensor, w: Weight): Promise<SharedTensor> => {
    const { rows, ringBits, ...given } = operations.linear(x, w);
    const { inputs, outputs, weightBits, normBits } = w;
    this.#demand.addAll(linearUse(this.#weights.indexOf(w), rows, ringBits));
    if (rows > 0) {
      const shape = { batch: 1, rows, inputs, outputs, ringBits, weightBits, normBits };
      this.#turns.take('client');
      await this.#products.linear(shape);
    }
    return shapeOnly({ ringBits, ...given });
  });

  readonly matmul = protocol('matmul', async (x: SharedTensor, y: SharedTensor): Promise<SharedTensor> => {
    const { extents: shape, ...given } = operations.matmul(x, y);
    const isSmall = isSmallMatmul(shape);
    const { receiver } = isSmall ? this.#turns.takeTurn() : this.#turns.takeTurn('client', 'client');
    const small = () => this.#exchange.oneWay(productJob(smallMatmulPlan(shape)), receiver);
    await this.#use(matmulUse(shape), async () => {
      if (isSmall) await protocol('multiply', small)();
      else await this.#products.matmul(shape);
    });
    return shapeOnly(given);
  });

  async multiply(
    x: SharedTensor,
    y: SharedTensor,
    _ySign?: Sign,
    yBits: number = y.ringBits,
  ): Promise<SharedTensor> {
    const given = operations.multiply(x, y);
    const { ringBits } = x;
    const factorBits = Math.min(y.ringBits, yBits);
    const [rows, width] = [sizeOf(y.shape), widthOf(x, y)];
    const isOneWay = isOneWayProduct(x, y, yBits);
    const { receiver } = takeProductTurns(this.#turns, x, y, yBits);
    const oneWay = () => this.#exchange.oneWay(productJob(multiplyPlan(rows, ringBits)), receiver);
    await this.#use(productUse(rows, width, ringBits), () => {
      if (factorBits < ringBits)
        return this.#bothWays('multiplyNarrow', multiplyNarrowPlan(rows, width, factorBits, ringBits));
      return isOneWay
        ? protocol('multiply', oneWay)()
        : this.#bothWays('multiplyRows', multiplyRowsPlan(rows, width, ringBits));
    });
    return shapeOnly(given);
  }

  readonly square = protocol(
    'square',
    async (x: SharedTensor, ringBits: number = x.ringBits): Promise<SharedTensor> => {
      const given = operations.square(x, ringBits);
      const [items, bits] = [sizeOf(x.shape), x.ringBits];
      const { receiver, first } = this.#turns.takeTurn();
      await this.#use(squareUse(items, bits, ringBits, first), async () => {
        if (ringBits > bits) {
          const { cross, wrap } = squareIntoPlans(items, bits, ringBits);
          await this.#exchange.oneWay(productJob(cross), receiver, wrap && productJob(wrap));
        } else if (bits > 1) await this.#exchange.oneWay(productJob(squarePlan(items, bits)), receiver);
      });
      return shapeOnly(given);
    },
  );

  readonly multiplyPrivate = protocol(
    'multiplyPrivate',
    async (x: SharedTensor, y: PrivateTensor): Promise<SharedTensor> => {
      const given = operations.multiplyPrivate(x, y);
      const [count, bits] = [y.shape[0]!, y.ringBits];
      if (!this.#factors.includes(y)) this.#factors.push(y);
      if (sizeOf(x.shape) > 0) {
        const rows = sizeOf(x.shape) / count;
        const plan = multiplyPrivatePlan({ count, bits }, rows, x.ringBits);
        const receiver = this.#turns.take(y.owner);
        await this.#use(multiplyPrivateUse(this.#factors.indexOf(y), rows, x.ringBits), () =>
          this.#exchange.oneWay(productJob(plan), receiver),
        );
      }
      return shapeOnly(given);
    },
  );

  /** One bit times one number each, by turns. */
  #bitProducts(items: number, ringBits: number): Promise<void> {
    const { receiver, first } = this.#turns.takeTurn();
    return this.#use(bitUse(items, ringBits, first), () =>
      this.#exchange.oneWay(productJob(bitPlan(items, ringBits)), receiver),
    );
  }

  readonly widen = protocol('widen', async (x: SharedTensor, ringBits: number): Promise<SharedTensor> => {
    const given = operations.widen(x, ringBits);
    if (ringBits > x.ringBits) await this.#bitProducts(sizeOf(x.shape), ringBits - x.ringBits);
    return shapeOnly(given);
  });

  readonly round = protocol('round', async (x: SharedTensor, bits: number): Promise<SharedTensor> => {
    const rounded = this.truncateReduce(x, bits);
    if (bits > 0 && sizeOf(x.shape) > 0)
      await this.toArithmetic(await this.isNegative({ ...x, ringBits: bits + 1 }), rounded.ringBits);
    return rounded;
  });

  readonly isNegative = protocol('isNegative', ({ shape, ringBits }: SharedTensor) =>
    this.#topBits(shape, sizeOf(shape), ringBits, 1),
  );

  /** Of all copies: as levels of comparisons, wanted as such or as a whole. */
  async #topBits(all: Shape, items: number, ringBits: number, copies: number): Promise<SharedBits> {
    const use = signUse(items, ringBits, copies);
    const usesOf = (...level: Parameters<typeof comparisonUse>) =>
      use.length === 0 ? comparisonUse(...level) : [];
    const levels = async (): Promise<void> => {
      let [n, of] = [items, copies];
      for (let bits = ringBits; bits > 1; bits = kernels.comparisonDigits(bits)) {
        const { receiver, first } = this.#turns.takeTurn();
        const job = comparisonJob(n, bits, of);
        await this.#use(usesOf(n, bits, of, first), () => this.#exchange.oneWay(job, receiver));
        [n, of] = [n * of, 1];
      }
    };
    if (use.length === 0) await levels();
    else await this.#use(use, levels);
    return bitsOnly(all);
  }

  readonly areNegative = protocol('isNegative', (x: SharedTensor, copies: readonly RowShifts[]) =>
    this.#topBits(operations.areNegative(x, copies), sizeOf(x.shape), x.ringBits, copies.length),
  );

  readonly and = protocol('and', async (a: SharedBits, b: SharedBits): Promise<SharedBits> => {
    const shape = operations.bitwise('and', a, b);
    await this.#exchange.oneWay(productJob(andPlan(sizeOf(shape))), this.#turns.takeTurn().receiver);
    return bitsOnly(shape);
  });

  readonly toArithmetic = protocol(
    'toArithmetic',
    async (bits: SharedBits, ringBits: number): Promise<SharedTensor> => {
      if (ringBits > 1) await this.#bitProducts(sizeOf(bits.shape), ringBits - 1);
      return shapeOnly(operations.toArithmetic(bits, ringBits));
    },
  );

  async multiplex(bits: SharedBits, x: SharedTensor): Promise<SharedTensor> {
    const given = operations.multiplex(bits, x);
    const [items, width] = [sizeOf(bits.shape), widthOf(x, bits)];
    const { receiver } = takeBothTurn(this.#turns, items, width, x.ringBits);
    const oneWay = () => this.#exchange.oneWay(bothOneWayJob(items, x.ringBits), receiver);
    await this.#use(bothBitsUse(items, width, x.ringBits), () =>
      bothGoOneWay(items, width, x.ringBits)
        ? protocol('multiplex', oneWay)()
        : this.#bothWays('multiplex', bitPlan(items, x.ringBits, width)),
    );
    return shapeOnly(given);
  }

  readonly lookUp = protocol('lookUp', async (x: SharedTensor, table: RingTensor): Promise<SharedTensor> => {
    const given = operations.lookUp(x, table);
    const { ringBits } = table;
    const job = lookUpJob({ items: sizeOf(x.shape), indexBits: x.ringBits, ringBits });
    const { receiver } = this.#turns.takeTurn();
    await this.#use(lookUpUse(sizeOf(x.shape), x.ringBits, ringBits), () =>
      this.#exchange.oneWay(job, receiver),
    );
    return shapeOnly(given);
  });

  readonly exponential = protocol(
    'exponential',
    async (x: SharedTensor, fractionBits: number): Promise<SharedTensor> => {
      const given = operations.exponential(x, fractionBits);
      const job = exponentialJob(sizeOf(x.shape), x, fractionBits);
      const { receiver } = this.#turns.takeTurn();
      await this.#use(exponentialUse(sizeOf(x.shape), x, fractionBits), () =>
        this.#exchange.oneWay(job, receiver),
      );
      return shapeOnly(given);
    },
  );

  async lines(
    x: SharedTensor,
    table: LineTable,
    otherwise: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
  ): Promise<SharedTensor> {
    const count = sizeOf(operations.lines(x, table).shape);
    if (count === 0) return otherwise(this, x);
    const before = this.#turns.fork();
    this.#demand.addAll([...lookUpUse(count, table.index.ringBits, 1), ...linesUse(count, table, before)]);
    const result = await otherwise(new CountingBackend(this.#opens, {}, this), x);
    this.#turns.standAhead(before, LINES_TURNS);
    return result;
  }

  together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    return this.#steps.together(
      tasks.map((task) => () => task(this)),
      this.#turns,
    );
  }

  readonly shuffle = protocol(
    'shuffle',
    async (rows: ShuffleRows, material: ShuffleMaterial | null = null): Promise<ShuffleRows> => {
      const columns = (shape: readonly number[]) => sizeOf(shape.slice(1));
      const blocks = [
        ...rows.tensors.map(({ shape, ringBits }) => ({ columns: columns(shape), ringBits })),
        ...rows.bits.map(({ shape }) => ({ columns: columns(shape), ringBits: 1 })),
      ];
      const n = operations.shuffle(rows);
      if (material === null) await this.prepareShuffle(n);
      const first = this.#turns.take();
      if (n < 2) return rows;
      const bytes = messageBytes(n, blocks);
      await this.#inTurn(
        first,
        async () => this.#traffic.sent(bytes),
        async () => this.#traffic.received(bytes),
      );
      return rows;
    },
  );

  /** As shuffle.ts learns them. */
  async #matrices(rows: number, isFirst: boolean): Promise<void> {
    const traffic = this.#traffic;
    const cots = async (): Promise<void> => {
      await this.#cotUse.take('sender', puncturedMatrixCots(rows));
      await this.#cotUse.take('receiver', puncturedMatrixCots(rows));
    };
    const [corrections, sums] = [correctionBytes(rows), answerBytes(rows)];
    const sends = async (): Promise<void> => {
      traffic.sent(corrections);
      if (!isFirst) traffic.sent(sums);
    };
    const receives = async (): Promise<void> => {
      traffic.received(corrections);
      if (isFirst) traffic.received(sums);
    };
    const begin = async (): Promise<void> => {
      await cots();
      await (isFirst ? sends() : receives());
    };
    await this.#steps.run(isFirst ? { begin, finish: receives } : { begin, answer: sends });
    const last = async (): Promise<void> => (isFirst ? traffic.sent(sums) : traffic.received(sums));
    await this.#steps.run({ begin: last });
  }

  readonly prepareShuffle = protocol('shuffle', async (rows: number): Promise<ShuffleMaterial> => {
    const first = this.#turns.take();
    if (rows >= 2) await this.#matrices(rows, first === 'client');
    return { kind: 'shuffle', rows };
  });

  /** One message each way. */
  #inTurn(first: PartyId, sends: () => Promise<void>, receives: () => Promise<void>): Promise<void> {
    return this.#steps.run(
      first === 'client' ? { begin: sends, finish: receives } : { begin: receives, answer: sends },
    );
  }

  readonly #open = protocol('reveal', async (bits: number, to: PartyId | 'all'): Promise<void> => {
    const bytes = Math.ceil(bits / 8);
    if (to === 'client') {
      this.#traffic.sent(TRANSCRIPT_BYTES);
      this.#traffic.received(TRANSCRIPT_BYTES);
    }
    const sends = async () => this.#traffic.sent(bytes);
    const receives = async () => this.#traffic.received(bytes);
    if (to !== 'all') await this.#steps.run({ begin: to === 'client' ? receives : sends });
    else await this.#inTurn(this.#turns.take(), sends, receives);
    if (to === 'client') this.#traffic.received(TRANSCRIPT_BYTES);
  });

  /** What the next opening under a name gives. */
  #opening(leak: LeakName): number {
    const time = this.#openings.get(leak) ?? 0;
    this.#openings.set(leak, time + 1);
    return this.#opens(leak, time);
  }

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    await this.#open(sizeOf(x.shape) * x.ringBits, to);
    if (to === 'server') return null;
    const { shape, ringBits, fractionBits } = x;
    const data = new BigUint64Array(sizeOf(shape)).fill(BigInt(this.#opening(leak)));
    return { shape, ringBits, fractionBits, data };
  }

  async revealBits({ shape }: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    const size = sizeOf(shape);
    await this.#open(size, to);
    if (to === 'server') return null;
    return new Uint8Array(size).fill(1, 0, Math.min(size, this.#opening(leak)));
  }
}
