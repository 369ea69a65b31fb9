/**
 * Linear layers: x [rows, inputs], shared modulo 2^k, times the server's matrix. The client encrypts its share x1; the
 * server computes x1·W under encryption, subtracts a random mask, and adds x0·W and the bias in the clear. One round trip.
 * The sum of the shares is x·W + b modulo 2^k exactly (but for the failure probability of noise-budget.ts). Rows made ahead
 * (ahead/linear-rows.ts) need one message from the client and no encryption.
 */
import { kernels, kernelThreads } from '#kernels';
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
import type { PartyContext } from '../context/party-context.js';
import { matmul } from '../products/matmul.js';
import { encryptedProduct } from './encrypted-product.js';
import type { LinearProtocols, MatmulShape, RowProducts, RowShares } from './linear-protocols.js';
import { type PreparedWeight, plainProduct, preparedWeight, prepareWeight } from './prepared-weight.js';
import { exchangeKeys, type ProductSession } from './product-session.js';

export interface LinearOptions {
  readonly parameters?: RlweParameters;
  readonly cost?: CostModel;
  /** Threads of this party's kernels; all that the kernels can use unless given, since the parties mostly take turns. */
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
    const product = encryptedProduct(products, x, w);
    if (products.role.party === 'client') return product;
    product.catch(() => {}); // reported below, unless the plain product fails first
    const share = plainProduct(x, w, fractionBits); // while the client encrypts
    kernels.ringAdd(share, await product, x.ringBits, share);
    return share;
  },
);

export class HomomorphicLinear implements LinearProtocols {
  readonly rowProducts: RowProducts;

  constructor(readonly products: ProductSession) {
    this.rowProducts = {
      multiply: (r, w) => encryptedProduct(products, r, w),
      mostRows: (w, ringBits) =>
        products.layoutOf({
          batch: 1,
          rows: 1,
          ringBits,
          inputs: w.inputs,
          outputs: w.outputs,
          weightBits: w.weightBits,
          normBits: w.normBits,
        }).n,
    };
  }

  over({ session, steps }: PartyContext): HomomorphicLinear {
    return new HomomorphicLinear({ ...this.products, session, ...(steps && { steps }) });
  }

  /** Once per model, at both parties. */
  async prepare(source: WeightSource): Promise<Weight> {
    return prepareWeight(source, this.products.session.self);
  }

  async linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = preparedWeight(w);
    return x.rows === 0 ? new BigUint64Array(0) : linear(this.products, x, weight, fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    return matmul(this.products, x, y, shape);
  }
}

/** Makes keys (client) or receives them (server): once a connection. */
export async function setupLinear(session: Session, options: LinearOptions = {}): Promise<HomomorphicLinear> {
  const { parameters = standardPreset, cost = defaultCostModel, threads = kernelThreads } = options;
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
