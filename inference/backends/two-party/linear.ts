/**
 * Linear layers: x [rows, inputs], shared modulo 2^k, times the server's matrix. The client encrypts its share x1; the
 * server computes x1·W under encryption, subtracts a random mask, and adds x0·W and the bias in the clear. One round trip.
 * The sum of the shares is x·W + b modulo 2^k exactly (but for the failure probability of noise-budget.ts). With rows made
 * ahead (row-pool.ts), one message from the client and no encryption.
 */
import { availableParallelism } from 'node:os';
import { kernels } from '../../../kernels/addon.js';
import { ProtocolError } from '../../core/errors.js';
import { protocol } from '../../core/span.js';
import {
  type CostModel,
  chooseLayout,
  defaultCostModel,
  outputBytes,
  type PackedLayout,
  type ProductShape,
} from '../../crypto/rlwe/packed-layout.js';
import { encryptedBytes, rowMajor } from '../../crypto/rlwe/packed-product.js';
import { type RlweParameters, standardPreset } from '../../crypto/rlwe/parameters.js';
import type { Session } from '../../session/session.js';
import type { Weight, WeightSource } from '../backend.js';
import type { TwoParty } from './cot-exchange.js';
import type { LinearProtocols, MatmulShape, RowShares } from './linear-protocols.js';
import { matmul } from './matmul.js';
import { type PreparedWeight, plainProduct, preparedWeight, prepareWeight } from './prepared-weight.js';
import { exchangeKeys, type ProductSession, uniformWords } from './product-session.js';
import { type CorrelatedRows, RowPool } from './row-pool.js';

export interface LinearOptions {
  readonly parameters?: RlweParameters;
  readonly cost?: CostModel;
  /** Threads of this party's kernels; all processors unless given, since the parties mostly take turns. */
  readonly threads?: number;
  /** Rows of every weight to keep made ahead. The client's choice; at the server, the most that it allows. */
  readonly rowsAhead?: number | undefined;
}

/** The ring that rows made ahead live in: linear layers rest in it. */
const AHEAD_RING_BITS = 37;
/** Wider weights (a secret word table) stay on demand: their rows would fill the memory. */
const MOST_INPUTS_AHEAD = 8192;
/** What a server allows unless told otherwise: 150 MB of BERT-base. */
const MOST_ROWS_AHEAD = 256;

/** Shares of x1·W [rows, outputs], x1 known to the client: the mask at the server, x1·W minus the mask at the client. */
async function privateProduct(
  { session: { channel, random }, role, layoutOf }: ProductSession,
  x: RowShares,
  w: PreparedWeight,
): Promise<BigUint64Array> {
  const { rows, ringBits } = x;
  const { inputs, outputs, weightBits } = w;
  const layout = layoutOf({ batch: 1, rows, inputs, outputs, ringBits, weightBits });
  const strides = rowMajor(rows, outputs);
  if (role.party === 'client') {
    channel.send(await role.encryptor.encrypt(layout, { data: x.data, strides: rowMajor(rows, inputs) }));
    const share = { data: new BigUint64Array(rows * outputs), strides };
    await role.decryptor.decrypt(layout, await channel.receive(outputBytes(layout)), share);
    return share.data;
  }
  const mask = uniformWords(random, rows * outputs, ringBits);
  const weights = { data: w.matrix!, bits: 16, strides: rowMajor(inputs, outputs) };
  const message = await channel.receive(encryptedBytes(layout));
  channel.send(await role.evaluator.multiply(layout, message, weights, { data: mask, strides }));
  return mask;
}

/** A share of x·W + b [rows, outputs]; the bias stands at scale fractionBits + w.fractionBits. */
const linear = protocol(
  'linear',
  async (
    products: ProductSession,
    x: RowShares,
    w: PreparedWeight,
    fractionBits: number,
  ): Promise<BigUint64Array> => {
    const product = privateProduct(products, x, w);
    if (products.role.party === 'client') return product;
    product.catch(() => {}); // reported below, unless the plain product fails first
    const share = plainProduct(x, w, fractionBits); // while the client encrypts
    kernels.ringAdd(share, await product, x.ringBits, share);
    return share;
  },
);

/** The same from rows made ahead: x·W = (x - r)·W + r·W, x - r opened to the server. */
const linearAhead = protocol(
  'linear ahead',
  async (
    { session: { channel }, role }: ProductSession,
    made: CorrelatedRows,
    x: RowShares,
    w: PreparedWeight,
    fractionBits: number,
  ): Promise<BigUint64Array> => {
    const { rows, ringBits } = x;
    const masked = new BigUint64Array(x.data.length);
    const packed = new Uint8Array(Math.ceil((x.data.length * ringBits) / 8));
    if (role.party === 'client') {
      kernels.ringMask(made.inputs, ringBits, masked);
      kernels.ringSubtract(x.data, masked, ringBits, masked);
      kernels.ringPack(masked, ringBits, packed);
      channel.send(packed);
      kernels.ringMask(made.outputs, ringBits, made.outputs);
      return made.outputs;
    }
    kernels.ringUnpack(await channel.receive(packed.length), ringBits, masked);
    kernels.ringAdd(masked, x.data, ringBits, masked);
    const share = plainProduct({ data: masked, rows, ringBits }, w, fractionBits);
    kernels.ringMask(made.outputs, ringBits, made.outputs);
    kernels.ringAdd(share, made.outputs, ringBits, share);
    return share;
  },
);

const makeRows = protocol(
  'linear rows ahead',
  async (products: ProductSession, w: PreparedWeight, rows: number): Promise<CorrelatedRows> => {
    const { role, session } = products;
    const isClient = role.party === 'client';
    const data = isClient
      ? uniformWords(session.random, rows * w.inputs, AHEAD_RING_BITS)
      : new BigUint64Array(0);
    const outputs = await privateProduct(products, { rows, ringBits: AHEAD_RING_BITS, data }, w);
    return { rows, inputs: data, outputs };
  },
);

export class HomomorphicLinear implements LinearProtocols {
  readonly #pools = new Map<PreparedWeight, RowPool>();

  constructor(
    readonly products: ProductSession,
    readonly rowsAhead = 0,
  ) {}

  /** Without rows ahead: which strand would take which depends on who is faster. */
  over({ session }: TwoParty): HomomorphicLinear {
    return new HomomorphicLinear({ ...this.products, session });
  }

  /** Once per model, at both parties; makes the first rows ahead. */
  async prepare(source: WeightSource): Promise<Weight> {
    const weight = prepareWeight(source, this.products.session.self);
    if (this.rowsAhead > 0 && source.inputs <= MOST_INPUTS_AHEAD) {
      this.#pools.set(weight, new RowPool(AHEAD_RING_BITS));
      await this.#fill(weight);
    }
    return weight;
  }

  /** Makes rows ahead again, as many as were used, for all weights: both parties at the same point, between texts. */
  async refill(): Promise<void> {
    for (const weight of this.#pools.keys()) await this.#fill(weight);
  }

  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = preparedWeight(w);
    const pool = this.#pools.get(weight);
    if (pool && x.rows <= pool.available && x.ringBits <= pool.ringBits) {
      return linearAhead(this.products, pool.take(x.rows), x, weight, fractionBits);
    }
    return linear(this.products, x, weight, fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    return matmul(this.products, x, y, shape);
  }

  async #fill(weight: PreparedWeight): Promise<void> {
    const pool = this.#pools.get(weight)!;
    const missing = this.rowsAhead - pool.available;
    if (missing > 0) pool.add(await makeRows(this.products, weight, missing));
  }
}

/** The client's number of rows ahead, in four bytes. */
async function agreeOnRows({ self, channel }: Session, rowsAhead: number | undefined): Promise<number> {
  if (self === 'client') {
    const rows = rowsAhead ?? 0;
    const message = new Uint8Array(4);
    new DataView(message.buffer).setUint32(0, rows, true);
    channel.send(message);
    return rows;
  }
  const message = await channel.receive(4);
  const rows = new DataView(message.buffer, message.byteOffset, 4).getUint32(0, true);
  const most = rowsAhead ?? MOST_ROWS_AHEAD;
  if (rows > most) throw new ProtocolError(`linear set-up: expected at most ${most} rows ahead, got ${rows}`);
  return rows;
}

/** Makes keys (client) or receives them (server): once a connection. */
export async function setupLinear(session: Session, options: LinearOptions = {}): Promise<HomomorphicLinear> {
  const { parameters = standardPreset, cost = defaultCostModel, threads = availableParallelism() } = options;
  const layouts = new Map<string, PackedLayout>();
  const layoutOf = (shape: ProductShape): PackedLayout => {
    const key = JSON.stringify(shape);
    const layout = layouts.get(key) ?? chooseLayout(parameters, shape, cost);
    layouts.set(key, layout);
    return layout;
  };
  const role = await exchangeKeys(session, parameters, threads);
  const rowsAhead = await agreeOnRows(session, options.rowsAhead);
  return new HomomorphicLinear({ session, role, layoutOf }, rowsAhead);
}
