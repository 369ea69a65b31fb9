/**
 * In which ring a product is computed and what leaves of it. Whoever knows that a product will be cut to a smaller format (Backend's
 * `into`) has its top bits left out of everything, and its low bits dropped from the summands, before anything is sent.
 */
import { kernels } from '#kernels';
import type { RingFormat } from '../../core/ring-tensor.js';
import { ROUNDING } from '../local-backend.js';

export interface Precision {
  /** Of the product before its low bits go. */
  readonly ringBits: number;
  readonly dropped: number;
}

export const exactly = (ringBits: number): Precision => ({ ringBits, dropped: 0 });

/** Bits of what leaves. */
export const sentBits = ({ ringBits, dropped }: Precision): number => ringBits - dropped;

/**
 * Of a product that is `given`, for what the caller cuts it to: null where that cannot be done before sending. `factorBits`: of the
 * ring that a factor comes from on its way to a larger one, whose multiples stay exact.
 */
export function precisionFor(given: RingFormat, into?: RingFormat, factorBits = 64): Precision | null {
  if (!into) return null;
  const dropped = given.fractionBits - into.fractionBits;
  const ringBits = into.ringBits + dropped;
  return dropped < 0 || ringBits > given.ringBits || dropped > factorBits ? null : { ringBits, dropped };
}

/** Of nodes 0, 1 and 2: three summands are rounded to nearest, down and up, two units in the last place at most. */
const ROUNDINGS = [ROUNDING.nearest, ROUNDING.floor, ROUNDING.ceil] as const;

/** A node's summand without its low bits, written over it. */
export function cut(node: 0 | 1 | 2, summand: BigUint64Array, precision: Precision): BigUint64Array {
  const { ringBits, dropped } = precision;
  if (dropped > 0)
    kernels.ringShiftRight(summand, ringBits, dropped, ROUNDINGS[node], sentBits(precision), summand);
  return summand;
}
