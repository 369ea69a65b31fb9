/** How the two-party backend multiplies by matrices: homomorphic encryption (linear.ts), or COTs (gilboa-linear.ts). */
import type { Weight, WeightSource } from '../../backend.js';
import type { Resident } from '../../../material/resident.js';
import type { PartyContext } from '../context/party-context.js';
import type { PreparedWeight } from './prepared-weight.js';

/** This party's share of x [rows, inputs]. */
export interface RowShares {
  readonly rows: number;
  readonly ringBits: number;
  readonly data: BigUint64Array;
}

/** x [batch, n, k] · y [batch, k, m] */
export interface MatmulShape {
  readonly batch: number;
  readonly n: number;
  readonly k: number;
  readonly m: number;
  readonly ringBits: number;
}

/** Products with rows that the client knows: what rows are made of ahead (ahead/linear-rows.ts). */
export interface RowProducts {
  /** Shares of r·W [rows, outputs], r [rows, inputs] known to the client. */
  multiply(r: RowShares, w: PreparedWeight): Promise<BigUint64Array>;
  /** The most rows of one product. */
  mostRows(w: PreparedWeight, ringBits: number): number;
}

export interface LinearProtocols {
  /** Weights that the client can keep, encrypted; absent where there are none. */
  readonly resident?: Resident;
  /** Absent where nothing can be made ahead. */
  readonly rowProducts?: RowProducts;
  /** Once per model, at both parties. */
  prepare(source: WeightSource): Promise<Weight>;
  /** A share of x · W + b [rows, outputs]; the bias at scale fractionBits + w.fractionBits. */
  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array>;
  /** A share of x · y [batch, n, m]. */
  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array>;
  /** The same weights and keys, for products that run beside other protocols. */
  over?(party: PartyContext): LinearProtocols;
}
