/**
 * The two-party backend with shapes in place of shares: every operation counts the client's messages, byte for byte and in
 * order, and computes nothing. What an opening gives is told from outside. The engine runs on it as it is, so the
 * estimate follows any change of the engine; test/inference/cost/cost-model.test.ts compares it with real runs.
 */
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
} from '../backends/backend.js';
import * as operations from '../backends/operations.js';
import type { Demand } from '../material/demand.js';
import { exponentialUse } from '../backends/two-party/ahead/exponentials.js';
import { conjunctionUse } from '../backends/two-party/ahead/conjunctions.js';
import { largestUse } from '../backends/two-party/ahead/largest.js';
import { linesUse } from '../backends/two-party/ahead/lines.js';
import { linearUse } from '../backends/two-party/ahead/linear-rows.js';
import { lookUpUse } from '../backends/two-party/ahead/look-ups.js';
import { selectionUse, TURNS_OF_SELECTION } from '../backends/two-party/ahead/selections.js';
import { wantedUse } from '../backends/two-party/ahead/wanted.js';
import { andPlan } from '../backends/two-party/products/and.js';
import { productJob } from '../backends/two-party/products/cot-product.js';
import { exponentialJob } from '../backends/two-party/products/exponential.js';
import { lookUpJob } from '../backends/two-party/products/look-up.js';
import type { LineTable } from '../core/line-table.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { sizeOf } from '../core/shape.js';
import type { TournamentStep } from '../core/tournament.js';
import { protocol } from '../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { countTopBits } from './counted-comparisons.js';
import {
  countCarries,
  countMatmul,
  countMultiplex,
  countMultiply,
  countMultiplyPrivate,
  countSquare,
} from './counted-multiplications.js';
import { CountedOpenings } from './counted-openings.js';
import { countMatrices, countShuffle } from './counted-shuffle.js';
import { CountingContext, type CountedWork, type CountingOptions } from './counting-context.js';
import type { Opens } from './schedule.js';
import { bitsOnly, ShapeBackend, shapeOnly } from './shape-backend.js';

export class CountingBackend extends ShapeBackend implements Backend {
  readonly self = 'client';
  readonly #context: CountingContext;
  readonly #opens: Opens;
  readonly #openings: CountedOpenings;

  /** `whole`: what is counted here counts there too, but none of it is wanted ahead. */
  constructor(opens: Opens, options: CountingOptions = {}, whole?: CountingBackend) {
    super();
    const above = whole ? { context: whole.#context, openings: whole.#openings } : null;
    this.#context = new CountingContext(options, above?.context);
    this.#opens = opens;
    this.#openings = new CountedOpenings(this.#context, opens, above?.openings);
  }

  get work(): CountedWork {
    return this.#context.work;
  }

  /** What could be made ahead, as the two-party backend counts it. */
  get demand(): Demand {
    return this.#context.demand;
  }

  /** Long tables that a text reads where vectors for them were made ahead. */
  get tables(): ReadonlySet<LineTable> {
    return this.#context.tables;
  }

  async share({ shape, ringBits, fractionBits }: PrivateTensor): Promise<SharedTensor> {
    return shapeOnly({ shape, ringBits, fractionBits });
  }

  async prepare({ inputs, outputs, weightBits, normBits, fractionBits }: WeightSource): Promise<Weight> {
    const weight: Weight = { kind: 'weight', inputs, outputs, weightBits, normBits, fractionBits };
    this.#context.weights.push(weight);
    return weight;
  }

  prepareFactors(y: PrivateTensor): void {
    this.#context.factors.push(y);
  }

  readonly linear = protocol('linear', async (x: SharedTensor, w: Weight): Promise<SharedTensor> => {
    const { rows, ringBits, ...given } = operations.linear(x, w);
    const { inputs, outputs, weightBits, normBits } = w;
    this.#context.want(linearUse(this.#context.weights.indexOf(w), rows, ringBits));
    if (rows > 0) {
      const shape = { batch: 1, rows, inputs, outputs, ringBits, weightBits, normBits };
      this.#context.turns.takeTurn('client', 'server');
      await this.#context.products.linear(shape);
    }
    return shapeOnly({ ringBits, ...given });
  });

  readonly matmul = protocol('matmul', async (x: SharedTensor, y: SharedTensor): Promise<SharedTensor> => {
    const { extents, ...given } = operations.matmul(x, y);
    await countMatmul(this.#context, extents);
    return shapeOnly(given);
  });

  async multiply(
    x: SharedTensor,
    y: SharedTensor,
    _ySign?: Sign,
    yBits = y.ringBits,
    into?: RingFormat,
  ): Promise<SharedTensor> {
    const given = operations.multiply(x, y);
    await countMultiply(this.#context, x, y, yBits, operations.droppedBits(given, into));
    return shapeOnly(given);
  }

  readonly square = protocol(
    'square',
    async (
      x: SharedTensor,
      ringBits: number = x.ringBits,
      _sign?: Sign,
      into?: RingFormat,
    ): Promise<SharedTensor> => {
      const given = operations.square(x, ringBits);
      await countSquare(this.#context, x, ringBits, operations.droppedBits(given, into));
      return shapeOnly(given);
    },
  );

  readonly multiplyPrivate = protocol(
    'multiplyPrivate',
    async (x: SharedTensor, y: PrivateTensor, into?: RingFormat): Promise<SharedTensor> => {
      const given = operations.multiplyPrivate(x, y);
      await countMultiplyPrivate(this.#context, x, y, operations.droppedBits(given, into));
      return shapeOnly(given);
    },
  );

  readonly widen = protocol('widen', async (x: SharedTensor, ringBits: number): Promise<SharedTensor> => {
    const given = operations.widen(x, ringBits);
    if (ringBits > x.ringBits) await countCarries(this.#context, sizeOf(x.shape), ringBits - x.ringBits);
    return shapeOnly(given);
  });

  readonly round = protocol('round', async (x: SharedTensor, bits: number): Promise<SharedTensor> => {
    const rounded = this.truncateReduce(x, bits);
    if (bits > 0 && sizeOf(x.shape) > 0)
      await this.toArithmetic(await this.isNegative({ ...x, ringBits: bits + 1 }), rounded.ringBits);
    return rounded;
  });

  readonly isNegative = protocol('isNegative', async ({ shape, ringBits }: SharedTensor) => {
    await countTopBits(this.#context, sizeOf(shape), ringBits, 1);
    return bitsOnly(shape);
  });

  readonly areNegative = protocol('isNegative', async (x: SharedTensor, copies: readonly RowShifts[]) => {
    const shape = operations.areNegative(x, copies);
    await countTopBits(this.#context, sizeOf(x.shape), x.ringBits, copies.length);
    return bitsOnly(shape);
  });

  readonly and = protocol('and', async (a: SharedBits, b: SharedBits): Promise<SharedBits> => {
    const shape = operations.bitwise('and', a, b);
    await this.#context.exchange.oneWay(
      productJob(andPlan(sizeOf(shape))),
      this.#context.turns.takeTurn().receiver,
    );
    return bitsOnly(shape);
  });

  readonly toArithmetic = protocol(
    'toArithmetic',
    async (bits: SharedBits, ringBits: number): Promise<SharedTensor> => {
      if (ringBits > 1) await countCarries(this.#context, sizeOf(bits.shape), ringBits - 1);
      return shapeOnly(operations.toArithmetic(bits, ringBits));
    },
  );

  async multiplex(bits: SharedBits, x: SharedTensor, ringBits = x.ringBits): Promise<SharedTensor> {
    const given = operations.multiplex(bits, x, ringBits);
    if (ringBits > x.ringBits) return this.#multiplexInto(bits, x, ringBits);
    const width = sizeOf(x.shape.slice(bits.shape.length));
    await countMultiplex(this.#context, sizeOf(bits.shape), width, x.ringBits);
    return shapeOnly(given);
  }

  async #multiplexInto(bits: SharedBits, x: SharedTensor, ringBits: number): Promise<SharedTensor> {
    const [before, count] = [this.#context.turns.fork(), sizeOf(x.shape)];
    if (count > 0) this.#context.want(selectionUse(count, x.ringBits, ringBits));
    const beside = new CountingBackend(this.#opens, {}, this);
    const wide = await beside.widen(await beside.multiplex(bits, x), ringBits);
    if (count > 0) this.#context.turns.standAhead(before, TURNS_OF_SELECTION);
    return wide;
  }

  readonly lookUp = protocol('lookUp', async (x: SharedTensor, table: RingTensor): Promise<SharedTensor> => {
    const given = operations.lookUp(x, table);
    const { ringBits } = table;
    const job = lookUpJob({ items: sizeOf(x.shape), indexBits: x.ringBits, ringBits });
    const { receiver } = this.#context.turns.takeTurn();
    await this.#context.use(lookUpUse(sizeOf(x.shape), x.ringBits, ringBits), () =>
      this.#context.exchange.oneWay(job, receiver),
    );
    return shapeOnly(given);
  });

  readonly exponential = protocol(
    'exponential',
    async (x: SharedTensor, fractionBits: number): Promise<SharedTensor> => {
      const given = operations.exponential(x, fractionBits);
      const job = exponentialJob(sizeOf(x.shape), x, fractionBits);
      const { receiver } = this.#context.turns.takeTurn();
      await this.#context.use(exponentialUse(sizeOf(x.shape), x, fractionBits), () =>
        this.#context.exchange.oneWay(job, receiver),
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
    this.#context.tables.add(table);
    const before = this.#context.turns.fork();
    const { use, turns } = linesUse(count, x, table, before);
    this.#context.want([...lookUpUse(count, table.index.ringBits, 1), ...use]);
    const result = await otherwise(new CountingBackend(this.#opens, {}, this), x);
    this.#context.turns.standAhead(before, turns);
    return result;
  }

  async largest(
    x: SharedTensor,
    steps: readonly TournamentStep[],
    otherwise: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
  ): Promise<SharedTensor> {
    const rows = sizeOf(operations.largest(x, steps).shape);
    const before = this.#context.turns.fork();
    const { selections, use, turns } = largestUse(rows, x.ringBits, steps, before);
    if (selections === 0) return otherwise(this, x);
    this.#context.want([...conjunctionUse(selections, x.ringBits), ...use]);
    const result = await otherwise(new CountingBackend(this.#opens, {}, this), x);
    this.#context.turns.standAhead(before, turns);
    return result;
  }

  async ifMade(...[x, wanted, , otherwise]: Parameters<NonNullable<Backend['ifMade']>>): Promise<MadeRows> {
    if (sizeOf(x.shape) === 0) return { isAhead: false, tensors: await otherwise(this, x) };
    const before = this.#context.turns.fork();
    const indexOfFactors = (factors: PrivateTensor) => this.#context.indexOfFactors(factors);
    const { use, turns } = wantedUse(wanted, x.shape[0]!, before, indexOfFactors);
    this.#context.want(use);
    for (const operation of wanted.flat(2))
      if (operation.kind === 'lines') this.#context.tables.add(operation.table);
    const tensors = await otherwise(new CountingBackend(this.#opens, {}, this), x);
    this.#context.turns.standAheadAs(turns);
    return { isAhead: false, tensors };
  }

  together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    return this.#context.steps.together(
      tasks.map((task) => () => task(this)),
      this.#context.turns,
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
      const first = this.#context.turns.takeTurn().receiver;
      if (n >= 2) await countShuffle(this.#context, n, blocks, first);
      return rows;
    },
  );

  readonly prepareShuffle = protocol('shuffle', async (rows: number): Promise<ShuffleMaterial> => {
    const first = this.#context.turns.takeTurn().receiver;
    if (rows >= 2) await countMatrices(this.#context, rows, first);
    return { kind: 'shuffle', rows };
  });

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    const { shape, ringBits, fractionBits } = x;
    const size = sizeOf(shape);
    const given = await this.#openings.open(size * ringBits, to, leak);
    if (given === null) return null;
    return { shape, ringBits, fractionBits, data: new BigUint64Array(size).fill(BigInt(given)) };
  }

  async revealBits({ shape }: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    const size = sizeOf(shape);
    const given = await this.#openings.open(size, to, leak);
    return given === null ? null : new Uint8Array(size).fill(1, 0, Math.min(size, given));
  }
}
