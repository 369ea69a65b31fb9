/**
 * Linear layers: x [rows, inputs], shared modulo 2^k, times the server's matrix. The client encrypts its share x1; the
 * server computes x1·W under encryption, subtracts a random mask, and adds x0·W and the bias in the clear. One round trip.
 * The sum of the shares is x·W + b modulo 2^k exactly (but for the failure probability of noise-budget.ts). With rows made
 * ahead (ahead/linear-rows.ts), one message from the client and no encryption.
 */
import { availableParallelism } from 'node:os';
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import {
  type CostModel,
  chooseLayout,
  defaultCostModel,
  type PackedLayout,
  type ProductShape,
} from '../../../crypto/rlwe/packed-layout.js';
import { type RlweParameters, standardPreset } from '../../../crypto/rlwe/parameters.js';
import type { Session } from '../../../session/session.js';
import type { Weight, WeightSource } from '../../backend.js';
import { RowsAhead } from '../ahead/linear-rows.js';
import type { TwoParty } from '../exchange/cot-exchange.js';
import { matmul } from '../products/matmul.js';
import { privateProduct } from './encrypted-product.js';
import type { LinearProtocols, MatmulShape, RowShares } from './linear-protocols.js';
import { type PreparedWeight, plainProduct, preparedWeight, prepareWeight } from './prepared-weight.js';
import { exchangeKeys, type ProductSession } from './product-session.js';

export interface LinearOptions {
  readonly parameters?: RlweParameters;
  readonly cost?: CostModel;
  /** Threads of this party's kernels; all processors unless given, since the parties mostly take turns. */
  readonly threads?: number;
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

function rowsOf({ rows, ringBits, data }: RowShares, begin: number, end: number): RowShares {
  const width = data.length / rows;
  return { rows: end - begin, ringBits, data: data.subarray(begin * width, end * width) };
}

export class HomomorphicLinear implements LinearProtocols {
  readonly ahead: RowsAhead | null;

  constructor(
    readonly products: ProductSession,
    isStrand = false,
  ) {
    this.ahead = isStrand ? null : new RowsAhead(products);
  }

  /** Without rows ahead: which strand would take which depends on who is faster. */
  over({ session }: TwoParty): HomomorphicLinear {
    return new HomomorphicLinear({ ...this.products, session }, true);
  }

  /** Once per model, at both parties. */
  async prepare(source: WeightSource): Promise<Weight> {
    const weight = prepareWeight(source, this.products.session.self);
    this.ahead?.register(weight);
    return weight;
  }

  async linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = preparedWeight(w);
    if (x.rows === 0) return new BigUint64Array(0);
    const rows = this.ahead?.usable(x, weight) ?? 0;
    const parts = [
      rows > 0 && (await this.ahead!.linear(rowsOf(x, 0, rows), weight, fractionBits)),
      rows < x.rows && (await linear(this.products, rowsOf(x, rows, x.rows), weight, fractionBits)),
    ].filter((part) => part !== false);
    if (parts.length === 1) return parts[0]!;
    const all = new BigUint64Array(x.rows * weight.outputs);
    all.set(parts[0]!);
    all.set(parts[1]!, parts[0]!.length);
    return all;
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    return matmul(this.products, x, y, shape);
  }
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
  return new HomomorphicLinear({ session, role, layoutOf });
}
