/**
 * Linear layers: x [rows, inputs], shared modulo 2^k, times the server's matrix. The client encrypts its share x1; the
 * server computes x1·W under encryption, subtracts a random mask, and adds x0·W and the bias in the clear. One round trip.
 * With weights that the client holds encrypted
 * (resident-weights.ts) it sends the product, and nothing comes back.
 * The sum of the shares is x·W + b modulo 2^k exactly (but for the failure probability of noise-budget.ts). Rows made ahead
 * (ahead/linear-rows.ts) need one message from the client and no encryption.
 */
import { kernels, kernelThreads } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack } from '../../../core/words.js';
import { codeOf, DEFAULT_SUITE, type Suite } from '../../../core/suite.js';
import {
  type CostModel,
  defaultCostModel,
  Layouts,
  type PackedLayout,
} from '../../../crypto/rlwe/packed-layout.js';
import { type RlweParameters, standardPreset } from '../../../crypto/rlwe/parameters.js';
import type { Resident } from '../../../material/resident.js';
import type { Session } from '../../../session/session.js';
import type { Weight, WeightSource } from '../../backend.js';
import type { PartyContext } from '../context/party-context.js';
import { matmul } from '../products/matmul.js';
import { encryptedProduct } from './encrypted-product.js';
import type { LinearProtocols, MatmulShape, RowProducts, RowShares } from './linear-protocols.js';
import { type PreparedWeight, plainProduct, preparedWeight, prepareWeight } from './prepared-weight.js';
import { exchangeKeys, type ProductSession } from './product-session.js';
import { ResidentTransfer } from './resident-transfer.js';
import { ResidentWeights } from './resident-weights.js';

export interface LinearOptions {
  readonly parameters?: RlweParameters;
  readonly cost?: CostModel;
  /** Threads of this party's kernels; all that the kernels can use unless given, since the parties mostly take turns. */
  readonly threads?: number;
  /** Both parties multiply what the peer encrypted, where both have secret factors (default); else the server alone. */
  readonly mutual?: boolean;
  /** Of rows times weights that may stay at the client. */
  readonly residentRingBits?: number;
  /** Of the generators behind keys and ciphertexts; weights that stay are of AES, as they outlive a connection. */
  readonly suite?: Suite;
}

const DEFAULT_RESIDENT_RING_BITS = 37;

/** A share of x·W + b [rows, outputs]; the bias stands at scale fractionBits + w.fractionBits. */
const linear = protocol(
  'linear',
  async (
    { products, resident }: LinearParts,
    x: RowShares,
    w: PreparedWeight,
    fractionBits: number,
  ): Promise<BigUint64Array> => {
    const product = rowProduct({ products, resident }, x, w);
    if (products.role.party === 'client') return product;
    product.catch(() => {}); // reported below, unless the plain product fails first
    const share = plainProduct(x, w, fractionBits); // while the client encrypts
    const masked = await product;
    kernels.ringAdd(share, masked, x.ringBits, share);
    giveBack(masked);
    return share;
  },
);

interface LinearParts {
  readonly products: ProductSession;
  readonly resident: ResidentWeights;
}

const packedLayoutOf = (
  { layouts }: ProductSession,
  { inputs, outputs, weightBits, normBits }: Weight,
  { rows, ringBits }: Pick<RowShares, 'rows' | 'ringBits'>,
): PackedLayout => layouts.of({ batch: 1, rows, inputs, outputs, ringBits, weightBits, normBits });

/** Shares of x1·W [rows, outputs]: with a weight that the client has, one message; otherwise ciphertexts of rows, there and back. */
function rowProduct(
  { products, resident }: LinearParts,
  x: RowShares,
  w: PreparedWeight,
): Promise<BigUint64Array> {
  const layout = packedLayoutOf(products, w, x);
  const held = resident.forProduct(w, layout);
  return held ? resident.multiply(products, held, x) : encryptedProduct(products, layout, x, w);
}

export class HomomorphicLinear implements LinearProtocols {
  readonly rowProducts: RowProducts;
  readonly resident: Resident;

  constructor(readonly parts: LinearParts) {
    const { products, resident } = parts;
    this.resident = new ResidentTransfer(products.session, resident);
    this.rowProducts = {
      multiply: (r, w) => rowProduct(parts, r, w),
      mostRows: (w, ringBits) => packedLayoutOf(products, w, { rows: 1, ringBits }).n,
    };
  }

  over({ session, steps }: PartyContext): HomomorphicLinear {
    const { products, resident } = this.parts;
    return new HomomorphicLinear({ products: { ...products, session, ...(steps && { steps }) }, resident });
  }

  /** Once per model, at both parties. */
  async prepare(source: WeightSource): Promise<Weight> {
    const { products, resident } = this.parts;
    const weight = prepareWeight(source, products.session.self);
    resident.register(weight);
    return weight;
  }

  async linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    const weight = preparedWeight(w);
    return x.rows === 0 ? new BigUint64Array(0) : linear(this.parts, x, weight, fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    return matmul(this.parts.products, x, y, shape);
  }
}

/** Makes and exchanges keys: once a connection. `mutual` and costs are equal at both parties. */
export async function setupLinear(session: Session, options: LinearOptions = {}): Promise<HomomorphicLinear> {
  const { parameters = standardPreset, cost = defaultCostModel, threads = kernelThreads } = options;
  const { residentRingBits: ringBits = DEFAULT_RESIDENT_RING_BITS, suite = DEFAULT_SUITE } = options;
  const { mutual = true } = options;
  const role = await exchangeKeys(session, { parameters, threads, suite: codeOf(suite), mutual });
  const layouts = new Layouts(parameters, cost);
  const resident = new ResidentWeights({ ringBits, threads, layouts });
  return new HomomorphicLinear({ products: { session, role, layouts }, resident });
}
