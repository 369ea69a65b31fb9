/**
 * Kinds of what can be made before a text comes, each for operations of one shape. All of it follows from public shapes.
 *
 * | item | one is |
 * |---|---|
 * | `linear 3 37` | a row for the fourth weight prepared, modulo 2^37 |
 * | `factors 2 25` | a row for the third vector of private factors prepared, modulo 2^25 |
 * | `matmul 12 55 64 55 29` | a triple of [12, 55, 64] · [12, 64, 55] modulo 2^29 |
 * | `square 13 25 server` | a square of 13 bits into 25; the server sends first |
 * | `comparison 13 2 server` | two comparisons of 13 bits whose values differ by a public constant; the sender is the server |
 * | `sign 11 2` | the top bits of a number of 11 bits with each of two public constants added |
 * | `bit 12 server` | a bit of one party times a number modulo 2^12 of the other; the server knows the number |
 * | `carry 18` | a bit of one party times a bit of the other, as a number modulo 2^18 |
 * | `exponential 13 8 10` | e^x at 10 fraction bits of an x of 13 bits, 8 of them behind the point |
 * | `look-up 6 1` | a table of 2^6 entries of 1 bit, any |
 * | `selection 14 37` | a number modulo 2^14 times a shared bit, modulo 2^37 |
 * | `conjunction 10` | a number modulo 2^10 times up to three shared bits |
 * | `product 27 768` | a scalar times a row of 768, modulo 2^27 |
 * | `cots server` | a correlated OT whose sender is the server |
 */
import type { PartyId } from '../core/tensors.js';

export type Correlation =
  | LinearCorrelation
  | { readonly kind: 'factors'; readonly factors: number; readonly ringBits: number }
  | MatmulCorrelation
  | SquareCorrelation
  | ComparisonCorrelation
  | SignCorrelation
  | BitCorrelation
  | CarryCorrelation
  | ExponentialCorrelation
  | LookUpCorrelation
  | SelectionCorrelation
  | ConjunctionCorrelation
  | { readonly kind: 'product'; readonly ringBits: number; readonly width: number }
  | { readonly kind: 'cots'; readonly sender: PartyId };

export interface LinearCorrelation {
  readonly kind: 'linear';
  /** Weights count in the order in which they were prepared. */
  readonly weight: number;
  readonly ringBits: number;
}

/** x [batch, n, k] · y [batch, k, m] */
export interface MatmulCorrelation {
  readonly kind: 'matmul';
  readonly batch: number;
  readonly n: number;
  readonly k: number;
  readonly m: number;
  readonly ringBits: number;
}

export interface SquareCorrelation {
  readonly kind: 'square';
  readonly bits: number;
  /** At least `bits`; less than twice of them. */
  readonly ringBits: number;
  /** Who sends the first of the two online messages. */
  readonly first: PartyId;
}

/** Of the low `ringBits` - 1 bits, as one level of isNegative. */
export interface ComparisonCorrelation {
  readonly kind: 'comparison';
  readonly ringBits: number;
  readonly copies: number;
  readonly sender: PartyId;
}

/** Of all ringBits bits: the whole of isNegative. */
export interface SignCorrelation {
  readonly kind: 'sign';
  readonly ringBits: number;
  readonly copies: number;
}

export interface BitCorrelation {
  readonly kind: 'bit';
  readonly ringBits: number;
  /** Who knows the number. */
  readonly sender: PartyId;
}

export interface CarryCorrelation {
  readonly kind: 'carry';
  readonly ringBits: number;
}

export interface ExponentialCorrelation {
  readonly kind: 'exponential';
  /** Of x. */
  readonly ringBits: number;
  readonly fractionBits: number;
  /** Fraction bits of e^x. */
  readonly resultBits: number;
}

/** Of any table of so many entries. */
export interface LookUpCorrelation {
  readonly kind: 'look-up';
  readonly indexBits: number;
  readonly ringBits: number;
}

/** A number of `bits` bits times a bit, into a larger ring. */
export interface SelectionCorrelation {
  readonly kind: 'selection';
  readonly bits: number;
  readonly ringBits: number;
}

/** A number times up to MOST_CONJUNCTS bits. */
export interface ConjunctionCorrelation {
  readonly kind: 'conjunction';
  readonly ringBits: number;
}

export const MOST_CONJUNCTS = 3;

/** What an operation uses of each; nothing where none of it can be made before. */
export type Use = readonly (readonly [Correlation, number])[];

/** Copies of one comparison: a pad has numbers for so many. */
export const MOST_COPIES = 1024;
/** Of numbers whose top bits are made ahead: one level compares 5 bits, and a vector has a place for each half of a number. */
const LEAST_SIGN_BITS = 6;
const MOST_SIGN_BITS = 22;
const VECTOR_BITS_A_SIGN = 96;
/** Of an exponent, in all and in front of its point; of e^x behind its point. */
const MOST_EXPONENT_BITS = 20;
const MOST_EXPONENT_INTEGER_BITS = 8;
const MOST_POWER_BITS = 14;
const MOST_SELECTED_BITS = 62;

/** Null where e^x is not made ahead: a vector for every x would be too long. */
export const exponentialItem = (
  ringBits: number,
  fractionBits: number,
  resultBits: number,
): ExponentialCorrelation | null =>
  fractionBits >= 1 &&
  ringBits <= MOST_EXPONENT_BITS &&
  ringBits - fractionBits >= 3 &&
  ringBits - fractionBits <= MOST_EXPONENT_INTEGER_BITS &&
  resultBits >= 1 &&
  resultBits <= MOST_POWER_BITS
    ? { kind: 'exponential', ringBits, fractionBits, resultBits }
    : null;

/** Null where a number and its mask would not fit a word together. */
export const selectionItem = (bits: number, ringBits: number): SelectionCorrelation | null =>
  bits >= 2 && bits <= MOST_SELECTED_BITS && bits < ringBits ? { kind: 'selection', bits, ringBits } : null;

/** Null where top bits are made by levels of comparisons: of short numbers, and where vectors would be long for what they save. */
export function signItem(ringBits: number, copies: number): SignCorrelation | null {
  const low = ringBits >> 1;
  const vectorBits = 2 ** (ringBits - low) + 2 ** (low + 1);
  const fits =
    ringBits >= LEAST_SIGN_BITS && ringBits <= MOST_SIGN_BITS && copies >= 1 && copies <= MOST_COPIES;
  return fits && vectorBits <= VECTOR_BITS_A_SIGN * copies ? { kind: 'sign', ringBits, copies } : null;
}

/** To a power of two up to 8, then to a multiple of 8. */
const roundedExtent = (extent: number): number =>
  extent > 8 ? 8 * Math.ceil(extent / 8) : 2 ** Math.ceil(Math.log2(extent));

/**
 * As `withMargin` asks for it: extents that serve several layers. Products of attention have the tokens' number twice: as rows, and as columns
 * or inside. It has room for a token more, up to `mostTokens`.
 */
export function roundedUp(correlation: Correlation, mostTokens: number): Correlation {
  switch (correlation.kind) {
    case 'matmul': {
      const tokens = correlation.n;
      const rounded = (extent: number): number =>
        roundedExtent(extent === tokens ? Math.max(extent, Math.min(extent + 1, mostTokens)) : extent);
      return { ...correlation, n: rounded(tokens), k: rounded(correlation.k), m: rounded(correlation.m) };
    }
    case 'product':
      return { ...correlation, width: roundedExtent(correlation.width) };
    default:
      return correlation;
  }
}
