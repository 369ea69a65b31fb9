/**
 * Three nodes of which at most one is curious (semi-honest, honest majority). The nodes compute on replicated shares; the owners of
 * text and model do not take part: what they know arrives as shares. Everything but sums is a computation on two private numbers,
 * x0 + x1 at node 0 and x2 at nodes 1 and 2, by steps of one message each (step.ts).
 */
import { kernels } from '#kernels';
import type { RingFormat } from '../../core/ring-tensor.js';
import { type Shape, sizeOf } from '../../core/shape.js';
import { protocol } from '../../core/span.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { Backend, LeakName, RowShifts, ShuffleRows, Sign, Weight, WeightSource } from '../backend.js';
import { bitsOf, dataOf, localBits, localTensor } from '../local-backend.js';
import * as operations from '../operations.js';
import { bitsToWords, multiplex } from './bits-to-words.js';
import { bitsOf as bitsOfWords, topBit } from './carry.js';
import { ComponentBackend, type Replicated, type ReplicatedBits } from './components.js';
import { exponential } from './exponential.js';
import { floorShift } from './floor-shift.js';
import { lookUpTable } from './look-up.js';
import { type Components, known, type Node, sumOf } from './node.js';
import { openToNodes } from './open.js';
import { exactly, type Precision, precisionFor, sentBits } from './precision.js';
import {
  type Factor,
  linearProduct,
  type MatrixShape,
  matrixProduct,
  type Panels,
  product,
  rowProduct,
  square,
  weightFactor,
} from './products.js';
import { shuffleRows } from './shuffle.js';
import { inTurns } from './turns.js';
import { multiplyWidened, squareWidened, widenRaised } from './widening.js';
import { wordsOfBits } from './word-operations.js';

type Words = Components<BigUint64Array>;

/** Where a node finds its components of what text and model owners know. */
export interface SharedInputs {
  /** Of what the text's owner shares, in its ring. */
  text(x: PrivateTensor): Promise<Words>;
  /** Of a vector of the model's owner, in a ring of at least its own. */
  vector(x: PrivateTensor, ringBits: number): Words;
  /** Of a weight's matrix [inputs, outputs], panel by panel, in a ring of at least that of its inputs. */
  matrix(source: WeightShape): Components<Panels>;
  /** Of its bias [outputs] in a ring, at a scale. */
  bias(source: WeightShape, format: RingFormat): Words;
}

/** What everybody knows of a weight. */
export type WeightShape = Omit<WeightSource, 'matrix' | 'bias'>;

/** Prepared when it is first used. */
interface SharedWeight extends Weight {
  readonly source: WeightShape;
  factor: Factor<Panels> | null;
}

/** What goes to the client, who adds up the three nodes' first components. */
export type Deliver = (words: BigUint64Array, x: SharedTensor, leak: LeakName) => void;

const wordsOfAll = ([own, next]: Components<Uint8Array>): Words => [wordsOfBits(own), wordsOfBits(next)];

/** On the way to a larger ring: 'signed' values have a bit of headroom, and so many units make them non-negative meanwhile. */
const liftOf = (ringBits: number, sign: Sign): bigint =>
  sign === 'signed' ? 1n << BigInt(ringBits - 2) : 0n;

export class ThreePartyBackend extends ComponentBackend implements Backend {
  readonly outsourced = true;
  readonly #node: Node;
  readonly #inputs: SharedInputs;
  readonly #deliver: Deliver;

  constructor(node: Node, inputs: SharedInputs, deliver: Deliver) {
    super(node.index);
    this.#node = node;
    this.#inputs = inputs;
    this.#deliver = deliver;
  }

  #tensor(
    [own, next]: Words,
    shape: Shape,
    format: Pick<SharedTensor, 'ringBits' | 'fractionBits'>,
  ): Replicated {
    return this.replicated([localTensor(own, shape, format), localTensor(next, shape, format)]);
  }

  #words(x: SharedTensor): Words {
    const [own, next] = this.partsOf(x);
    return [dataOf(own), dataOf(next)];
  }

  #bits([own, next]: Components<Uint8Array>, shape: Shape): ReplicatedBits {
    return this.replicatedBits([localBits(own, shape), localBits(next, shape)]);
  }

  #bytes(bits: SharedBits): Components<Uint8Array> {
    const [own, next] = this.bitPartsOf(bits);
    return [bitsOf(own), bitsOf(next)];
  }

  async share(x: PrivateTensor): Promise<Replicated> {
    const words = x.owner === 'client' ? await this.#inputs.text(x) : this.#inputs.vector(x, x.ringBits);
    return this.#tensor(words, x.shape, x);
  }

  override addPrivate(x: SharedTensor, value: PrivateTensor): Replicated {
    return this.addSuffix(x, this.#tensor(this.#inputs.vector(value, value.ringBits), value.shape, value));
  }

  async prepare({ matrix: _, bias: __, ...source }: WeightSource): Promise<Weight> {
    const weight: SharedWeight = { kind: 'weight', ...source, source, factor: null };
    return weight;
  }

  /** Of a product that is given: as `into` has it where that can be had before anything is sent. */
  #product(words: Words, given: RingFormat & { readonly shape: Shape }, precision: Precision): Replicated {
    const format = {
      ringBits: sentBits(precision),
      fractionBits: given.fractionBits - precision.dropped,
    };
    return this.#tensor(words, given.shape, format);
  }

  readonly #linear = protocol(
    'linear',
    (x: SharedTensor, w: SharedWeight, given: RingFormat, precision: Precision): Promise<Words> => {
      const [n, k] = x.shape as [number, number];
      const m = w.outputs;
      w.factor ??= weightFactor(this.#node, this.#inputs.matrix(w.source), k * m);
      const bias = this.#inputs.bias(w.source, given);
      return linearProduct(this.#node, this.#words(x), w.factor, bias, precision, { n, k, m });
    },
  );

  async linear(x: SharedTensor, w: Weight, into?: RingFormat): Promise<Replicated> {
    const given = operations.linear(x, w);
    const precision = precisionFor(given, into) ?? exactly(given.ringBits);
    return this.#product(await this.#linear(x, w as SharedWeight, given, precision), given, precision);
  }

  readonly #matmul = protocol('matmul', (x: Words, y: Words, precision: Precision, shape: MatrixShape) =>
    matrixProduct(this.#node, x, y, precision, shape),
  );

  async matmul(x: SharedTensor, y: SharedTensor, into?: RingFormat): Promise<Replicated> {
    const { extents, ...given } = operations.matmul(x, y);
    const precision = precisionFor(given, into) ?? exactly(given.ringBits);
    const words = await this.#matmul(this.#words(x), this.#words(y), precision, extents);
    return this.#product(words, given, precision);
  }

  readonly #multiply = protocol(
    'multiply',
    (x: SharedTensor, y: SharedTensor, sign: Sign, precision: Precision) => {
      if (precision.ringBits <= y.ringBits)
        return product(this.#node, this.#words(x), this.#words(y), precision);
      const from = y.ringBits;
      return multiplyWidened(this.#node, this.#words(x), this.#words(y), from, precision, liftOf(from, sign));
    },
  );

  async multiply(
    x: SharedTensor,
    y: SharedTensor,
    ySign: Sign = 'signed',
    _yBits?: number,
    into?: RingFormat,
  ): Promise<Replicated> {
    const given = operations.multiply(x, y);
    const precision = precisionFor(given, into, y.ringBits) ?? exactly(given.ringBits);
    return this.#product(await this.#multiply(x, y, ySign, precision), given, precision);
  }

  readonly #square = protocol('square', (x: SharedTensor, sign: Sign, precision: Precision) => {
    if (precision.ringBits <= x.ringBits) return square(this.#node, this.#words(x), precision);
    const from = x.ringBits;
    return squareWidened(this.#node, this.#words(x), from, precision, liftOf(from, sign));
  });

  async square(
    x: SharedTensor,
    ringBits = x.ringBits,
    sign: Sign = 'signed',
    into?: RingFormat,
  ): Promise<Replicated> {
    const given = operations.square(x, ringBits);
    const precision = precisionFor(given, into, x.ringBits) ?? exactly(given.ringBits);
    return this.#product(await this.#square(x, sign, precision), given, precision);
  }

  readonly #multiplyPrivate = protocol('multiplyPrivate', (x: Words, y: Words, precision: Precision) =>
    rowProduct(this.#node, x, y, precision),
  );

  async multiplyPrivate(x: SharedTensor, y: PrivateTensor, into?: RingFormat): Promise<Replicated> {
    const given = operations.multiplyPrivate(x, y);
    const precision = precisionFor(given, into) ?? exactly(given.ringBits);
    const row = this.#inputs.vector(y, x.ringBits);
    return this.#product(await this.#multiplyPrivate(this.#words(x), row, precision), given, precision);
  }

  readonly #widen = protocol('widen', (x: Words, from: number, to: number) =>
    widenRaised(this.#node, x, from, to, liftOf(from, 'signed')),
  );

  async widen(x: SharedTensor, ringBits: number): Promise<Replicated> {
    const given = operations.widen(x, ringBits);
    return this.#tensor(await this.#widen(this.#words(x), x.ringBits, ringBits), given.shape, given);
  }

  readonly #round = protocol('round', (x: Words, ringBits: number, bits: number) =>
    floorShift(this.#node, x, ringBits, bits),
  );

  async round(x: SharedTensor, bits: number): Promise<Replicated> {
    const given = operations.truncate(x, bits);
    if (bits === 0) return x as Replicated;
    const raised = this.addPublic(this.reinterpret(x, 0), 2 ** (bits - 1));
    const words = await this.#round(this.#words(raised), x.ringBits, bits);
    return this.#tensor(words, given.shape, given);
  }

  /** Copies of x with public values added, [copies, ...x]; node 0 does not know them, and needs only x. */
  readonly #topBit = protocol(
    'compare',
    async (x: SharedTensor, copies: readonly RowShifts[] | null): Promise<Components<Uint8Array>> => {
      const { ringBits } = x;
      const words = this.#words(x);
      const shifted = copies === null ? words : this.shiftedCopies(x, copies);
      // Of one bit, each component's is its own.
      if (ringBits === 1) return bitsOfWords(shifted);
      const own = this.#node.index === 0 ? sumOf(words, ringBits) : known(this.#node, shifted);
      return topBit(this.#node, { own, count: words[0].length, copies: copies?.length ?? 1, bits: ringBits });
    },
  );

  async isNegative(x: SharedTensor): Promise<ReplicatedBits> {
    return this.#bits(await this.#topBit(x, null), x.shape);
  }

  async areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<ReplicatedBits> {
    const shape = operations.areNegative(x, copies);
    return this.#bits(await this.#topBit(x, copies), shape);
  }

  /** Modulo 2 a product is an AND. */
  readonly #and = protocol('and', async (a: Components<Uint8Array>, b: Components<Uint8Array>) =>
    bitsOfWords(await product(this.#node, wordsOfAll(a), wordsOfAll(b), exactly(1))),
  );

  async and(a: SharedBits, b: SharedBits): Promise<ReplicatedBits> {
    const shape = operations.bitwise('and', a, b);
    return this.#bits(await this.#and(this.#bytes(a), this.#bytes(b)), shape);
  }

  readonly #toArithmetic = protocol('toArithmetic', (bits: Components<Uint8Array>, ringBits: number) =>
    bitsToWords(this.#node, bits, ringBits),
  );

  async toArithmetic(bits: SharedBits, ringBits: number): Promise<Replicated> {
    const words = await this.#toArithmetic(this.#bytes(bits), ringBits);
    return this.#tensor(words, bits.shape, operations.toArithmetic(bits, ringBits));
  }

  readonly #multiplex = protocol('multiplex', (bits: Components<Uint8Array>, x: Words, ringBits: number) =>
    multiplex(this.#node, bits, x, ringBits),
  );

  async multiplex(bits: SharedBits, x: SharedTensor, ringBits = x.ringBits): Promise<Replicated> {
    operations.multiplex(bits, x, ringBits);
    const words = await this.#multiplex(this.#bytes(bits), this.#words(x), x.ringBits);
    const selected = this.#tensor(words, x.shape, x);
    return ringBits === x.ringBits ? selected : this.widen(selected, ringBits);
  }

  readonly #lookUp = protocol('lookUp', (x: Words, indexBits: number, { data, ringBits }: RingTensor) =>
    lookUpTable(this.#node, x, indexBits, data, ringBits),
  );

  async lookUp(x: SharedTensor, table: RingTensor): Promise<Replicated> {
    const given = operations.lookUp(x, table);
    return this.#tensor(await this.#lookUp(this.#words(x), x.ringBits, table), given.shape, given);
  }

  readonly #exponential = protocol('exponential', (x: Words, exponent: SharedTensor, fractionBits: number) =>
    exponential(this.#node, x, exponent, fractionBits),
  );

  async exponential(x: SharedTensor, fractionBits: number): Promise<Replicated> {
    const given = operations.exponential(x, fractionBits);
    return this.#tensor(await this.#exponential(this.#words(x), x, fractionBits), given.shape, given);
  }

  readonly #shuffle = protocol('shuffle', async (rows: ShuffleRows): Promise<ShuffleRows> => {
    const count = (rows.tensors[0] ?? rows.bits[0])!.shape[0]!;
    const columns = (shape: Shape): number => sizeOf(shape.slice(1));
    const blocks = [
      ...rows.tensors.map((x) => ({
        columns: columns(x.shape),
        ringBits: x.ringBits,
        words: this.#words(x),
      })),
      ...rows.bits.map((bits) => ({
        columns: columns(bits.shape),
        ringBits: 1,
        words: wordsOfAll(this.#bytes(bits)),
      })),
    ];
    const shuffled = await shuffleRows(this.#node, count, blocks);
    return {
      tensors: rows.tensors.map((x, i) => this.#tensor(shuffled[i]!.words, x.shape, x)),
      bits: rows.bits.map(({ shape }, i) =>
        this.#bits(bitsOfWords(shuffled[rows.tensors.length + i]!.words), shape),
      ),
    };
  });

  shuffle(rows: ShuffleRows): Promise<ShuffleRows> {
    return this.#shuffle(rows);
  }

  readonly #open = protocol('reveal', (words: Words, ringBits: number) =>
    openToNodes(this.#node, words, ringBits),
  );

  /** Every task's steps take the time of one task's; tasks of a task go one after another in its turns. */
  async together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    if (this.#node.turn) {
      const results: T[] = [];
      for (const task of tasks) results.push(await task(this));
      return results;
    }
    return inTurns(
      tasks.map(
        (task) => (turn) => task(new ThreePartyBackend({ ...this.#node, turn }, this.#inputs, this.#deliver)),
      ),
    );
  }

  /** When a text is done: node 0 waits until the others have come as far. */
  settle(): Promise<void> {
    return this.#node.pace.settle(this.#node);
  }

  /** `all` are the nodes; to the client each sends its first component. */
  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    this.#node.recordLeak(leak, to);
    const words = this.#words(x);
    if (to === 'client') {
      this.#deliver(words[0], x, leak);
      return null;
    }
    if (to !== 'all') throw new Error(`reveal: expected nodes or client, got ${to}, who does not take part`);
    const { shape, ringBits, fractionBits } = x;
    return { shape, ringBits, fractionBits, data: await this.#open(words, ringBits) };
  }

  async revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    const words = wordsOfAll(this.#bytes(bits));
    const opened = await this.reveal(
      this.#tensor(words, bits.shape, { ringBits: 1, fractionBits: 0 }),
      to,
      leak,
    );
    if (opened === null) return null;
    const out = new Uint8Array(opened.data.length);
    kernels.ringSignBit(opened.data, 1, out);
    return out;
  }
}
