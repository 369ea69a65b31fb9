/**
 * Everything that multiplies or compares, on shares: on demand here, from what was made before in ahead/. The receiver of what
 * goes one way is an argument; where both directions are at once, it is given all the same, for what is made of both.
 */
import { kernels } from '#kernels';
import { sizeOf } from '../../../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedTensor } from '../../../core/tensors.js';
import type { Use } from '../../../material/correlation.js';
import type { Sign, Weight } from '../../backend.js';
import type { Exponent } from '../../exponential.js';
import { type CarryLevel, type Compared, carryShares, topBitsOfCopies } from '../comparison/comparison.js';
import type { Turn, Turns } from '../context/turns.js';
import type { PartyContext } from '../context/party-context.js';
import type { LinearProtocols, MatmulShape, RowShares } from '../linear/linear-protocols.js';
import { type BitProducts, bitProducts } from './bit-product.js';
import { exponential } from './exponential.js';
import { lookUp } from './look-up.js';
import { multiply, multiplyPrivateRows, multiplyRows, square } from './multiply.js';
import { multiplyNarrow, type NarrowPlan, squareInto } from './narrow-product.js';
import { isSmallMatmul, smallMatmul } from './small-matmul.js';

/** A share of factors [n], modulo 2^ringBits. */
export interface Factors {
  readonly data: BigUint64Array;
  readonly ringBits: number;
  readonly sign: Sign;
  /** They fit so many bits in the way that the sign allows, if that is less. */
  readonly fitBits?: number;
}

/** The bits that a product on demand goes by. */
const bitsOfFactors = ({ ringBits, fitBits = ringBits }: Pick<Factors, 'ringBits' | 'fitBits'>): number =>
  Math.min(ringBits, fitBits);

/** x [n] → shares of the bits of table[x] [entryBits, n], one byte 0 or 1 each, the lowest first */
export type LongTable = (
  x: BigUint64Array,
  table: BigUint64Array,
  entryBits: number,
  first: PartyId,
) => Promise<Uint8Array>;

/** Up to three bits [n], one byte each, and x [n] → the product of all [n] */
export type Conjunctions = (
  bits: readonly Uint8Array[],
  x: BigUint64Array,
  first: PartyId,
) => Promise<BigUint64Array>;

/** bits [n], one byte each; x [n] → bits ? x : 0 [n] in the larger ring */
export type Selections = (bits: Uint8Array, x: BigUint64Array, first: PartyId) => Promise<BigUint64Array>;

export interface Multiplications {
  /** A share of x · W + b [rows, outputs]. */
  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array>;
  /** x [batch, n, k] · y [batch, k, m] → [batch, n, m]; one way where `isSmallMatmul`. */
  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape, turn: Turn): Promise<BigUint64Array>;
  /**
   * x [n] modulo 2^bits → [n] modulo 2^ringBits; with headroom if that is larger (Backend.square). `dropped`, here and below: so many of its lowest
   * bits will be cut off, and need not be exact on demand.
   */
  square(x: BigUint64Array, plan: NarrowPlan, turn: Turn): Promise<BigUint64Array>;
  /** A level of a comparison. */
  carryShares(compared: Compared, ringBits: number, turn: Turn): Promise<CarryLevel>;
  /** Top bits [copies, n] of all copies, one byte each; `take` gives the turn of each protocol that it needs. */
  topBits(compared: Compared, ringBits: number, take: () => Turn): Promise<Uint8Array>;
  /** x [n] → e^x [n] before it is cut to its fraction bits. */
  exponential(
    x: BigUint64Array,
    exponent: Exponent,
    fractionBits: number,
    turn: Turn,
  ): Promise<BigUint64Array>;
  /** x [n] modulo 2^indexBits → entries [n] of the table. */
  lookUp(x: BigUint64Array, indexBits: number, table: RingTensor, turn: Turn): Promise<BigUint64Array>;
  /** Bits of a long table's entries where vectors for so many indices lie ready; what else is used then, `others`, counts in any case. */
  longTable?(indexBits: number, count: number, others: Use): LongTable | null;
  /** Products of numbers with up to three bits where so many lie ready; `others` as above. */
  conjunctions?(ringBits: number, count: number, others: Use): Conjunctions | null;
  /** Products of numbers of `bits` bits with a bit, in a larger ring, where so many lie ready. */
  selections?(bits: number, ringBits: number, count: number): Selections | null;
  /** Does anything lie ready? So a text is taken to go as one made ahead goes. */
  holdsAny?(): boolean;
  /** Does all of it lie ready? Where not, it counts as used. Of nothing in particular: does anything? */
  isReady?(use: Use): boolean;
  /** On demand whatever was made ahead, and not counted. */
  readonly beside?: { readonly party: PartyContext; readonly multiplications: Multiplications };
  /** Of widenings, bits as numbers, multiplexers. */
  readonly bitProducts: BitProducts;
  /** x [n, width] modulo 2^ringBits, y [n] in its ring or a smaller one → y[i]·x[i, :]; one way where `isOneWayProduct`. */
  product(
    x: BigUint64Array,
    ringBits: number,
    y: Factors,
    turn: Turn,
    dropped: number,
  ): Promise<BigUint64Array>;
  /** Weights and factors that come again in every text, where what is made ahead goes by them. */
  registerWeight?(weight: Weight): void;
  registerFactors?(factors: PrivateTensor): number;
  /** x [n, m], y [m] → y[j]·x[i, j]; its owner receives. */
  multiplyPrivate(
    x: BigUint64Array,
    ringBits: number,
    y: PrivateTensor,
    dropped: number,
  ): Promise<BigUint64Array>;
}

/** Do products of x and y, of which y fits so many bits, go one way? Both directions are cheaper where a factor's row or ring is larger. */
export const isOneWayProduct = (x: SharedTensor, y: SharedTensor, yBits = y.ringBits): boolean =>
  Math.min(y.ringBits, yBits) === x.ringBits && sizeOf(x.shape) === sizeOf(y.shape);

/** The first turn of a product; a narrow factor of one made ahead is widened before. */
export function takeProductTurns(turns: Turns, x: SharedTensor, y: SharedTensor, yBits = y.ringBits): Turn {
  if (isOneWayProduct(x, y, yBits)) return turns.takeTurn();
  const turn = turns.takeBothWays();
  if (y.ringBits < x.ringBits) turns.takeBothWays();
  return turn;
}

export class OnDemand implements Multiplications {
  readonly bitProducts: BitProducts;

  constructor(
    readonly party: PartyContext,
    readonly protocols: LinearProtocols,
  ) {
    this.bitProducts = bitProducts(party);
  }

  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    return this.protocols.linear(x, w, fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape, turn: Turn): Promise<BigUint64Array> {
    return isSmallMatmul(shape)
      ? smallMatmul(this.party, x, y, shape, turn.receiver)
      : this.protocols.matmul(x, y, shape);
  }

  square(x: BigUint64Array, plan: NarrowPlan, { receiver }: Turn): Promise<BigUint64Array> {
    return plan.bits === plan.ringBits
      ? square(this.party, x, plan.ringBits, receiver)
      : squareInto(this.party, x, plan, receiver);
  }

  carryShares(compared: Compared, ringBits: number, turn: Turn): Promise<CarryLevel> {
    return carryShares(this.party, compared, ringBits, turn.receiver);
  }

  topBits(compared: Compared, ringBits: number, take: () => Turn): Promise<Uint8Array> {
    return topBitsOfCopies(this.party, compared, ringBits, (level, bits) =>
      this.carryShares(level, bits, take()),
    );
  }

  exponential(
    x: BigUint64Array,
    exponent: Exponent,
    fractionBits: number,
    turn: Turn,
  ): Promise<BigUint64Array> {
    return exponential(this.party, x, exponent, fractionBits, turn.receiver);
  }

  lookUp(x: BigUint64Array, indexBits: number, table: RingTensor, turn: Turn): Promise<BigUint64Array> {
    return lookUp(this.party, x, indexBits, table, turn.receiver);
  }

  product(
    x: BigUint64Array,
    ringBits: number,
    y: Factors,
    turn: Turn,
    dropped: number,
  ): Promise<BigUint64Array> {
    const bits = bitsOfFactors(y);
    if (bits < ringBits) {
      const narrow = new BigUint64Array(y.data.length);
      kernels.ringMask(y.data, bits, narrow);
      return multiplyNarrow(this.party, x, narrow, { bits, ringBits, sign: y.sign, dropped });
    }
    return x.length === y.data.length
      ? multiply(this.party, x, y.data, ringBits, turn.receiver)
      : multiplyRows(this.party, y.data, x, ringBits);
  }

  multiplyPrivate(
    x: BigUint64Array,
    ringBits: number,
    y: PrivateTensor,
    dropped: number,
  ): Promise<BigUint64Array> {
    return multiplyPrivateRows(this.party, x, y, ringBits, dropped);
  }
}
