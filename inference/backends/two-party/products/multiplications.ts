/** Everything that multiplies or compares, on shares: on demand here, from what was made before in ahead/. */

import type { PrivateTensor } from '../../../core/tensors.js';
import type { Sign, Weight } from '../../backend.js';
import { type Carry, type Compared, carry } from '../comparison/comparison.js';
import type { TwoParty } from '../exchange/cot-exchange.js';
import type { LinearProtocols, MatmulShape, RowShares } from '../linear/linear-protocols.js';
import { type BitProducts, bitProducts } from './bit-product.js';
import { multiply, multiplyPrivateRows, multiplyRows, square } from './multiply.js';
import { multiplyNarrow, squareInto } from './narrow-product.js';
import { isSmallMatmul, smallMatmul } from './small-matmul.js';

/** A share of factors [n], modulo 2^ringBits. */
export interface Factors {
  readonly data: BigUint64Array;
  readonly ringBits: number;
  readonly sign: Sign;
}

export interface Multiplications {
  /** A share of x · W + b [rows, outputs]. */
  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array>;
  /** x [batch, n, k] · y [batch, k, m] → [batch, n, m] */
  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array>;
  /** x [n] modulo 2^bits → [n] modulo 2^ringBits; with headroom if that is larger (Backend.square) */
  square(x: BigUint64Array, bits: number, ringBits: number, sign: Sign): Promise<BigUint64Array>;
  /** A level of a comparison. */
  carry(compared: Compared, ringBits: number): Promise<Carry>;
  /** Of widenings, bits as numbers, multiplexers. */
  readonly bits: BitProducts;
  /** x [n, width] modulo 2^ringBits, y [n] in its ring or a smaller one → y[i]·x[i, :] */
  product(x: BigUint64Array, ringBits: number, y: Factors): Promise<BigUint64Array>;
  /** x [n, m], y [m] → y[j]·x[i, j] */
  privateProduct(x: BigUint64Array, ringBits: number, y: PrivateTensor): Promise<BigUint64Array>;
}

export class OnDemand implements Multiplications {
  readonly bits: BitProducts;

  constructor(
    readonly party: TwoParty,
    readonly protocols: LinearProtocols,
  ) {
    this.bits = bitProducts(party);
  }

  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    return this.protocols.linear(x, w, fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    return isSmallMatmul(shape) ? smallMatmul(this.party, x, y, shape) : this.protocols.matmul(x, y, shape);
  }

  square(x: BigUint64Array, bits: number, ringBits: number, sign: Sign): Promise<BigUint64Array> {
    return bits === ringBits
      ? square(this.party, x, ringBits)
      : squareInto(this.party, x, bits, ringBits, sign);
  }

  carry(compared: Compared, ringBits: number): Promise<Carry> {
    return carry(this.party)(compared, ringBits);
  }

  product(x: BigUint64Array, ringBits: number, y: Factors): Promise<BigUint64Array> {
    if (y.ringBits < ringBits) return multiplyNarrow(this.party, x, ringBits, y.data, y.ringBits, y.sign);
    if (x.length === y.data.length) return multiply(this.party, x, y.data, ringBits);
    return multiplyRows(this.party, y.data, x, ringBits);
  }

  privateProduct(x: BigUint64Array, ringBits: number, y: PrivateTensor): Promise<BigUint64Array> {
    return multiplyPrivateRows(this.party, x, y, ringBits);
  }
}
