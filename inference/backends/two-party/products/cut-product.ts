/**
 * Products of which the lowest bits will be cut off, with fewer bits on the way. Bit b of a multiplier adds 2^b · x: what that has below the
 * product's lowest bits that count need not be sent. So the lower a bit the coarser its x, rounded to nearest by the sender
 * (kernels/src/cot/cot-product.h).
 *
 * Errors count in units of what is left. A bit's is at most a sixteenth, at random, since x is a share: twelve bits are off by less than 0.1
 * (standard deviation) where one party rounds, by less than 0.13 where both do, and hardly ever by more than a half. The sender rounds halves up, so that a coarse x is too large by half of its own lowest
 * bit on average. Where the receiver has a share of x as well, it rounds that with halves down (`ownProduct`): then no bias is left, and where
 * x is 0 both errors cancel, so that 0 stays 0. Elsewhere (squares) the receiver takes off half of its low bits (`takeOffBias`).
 */
import { kernels } from '#kernels';
import { giveBack, takeWords } from '../../../core/words.js';
import { ROUNDING } from '../../local-backend.js';
import type { ProductPlan } from './cot-product.js';

/** A product in both directions has four roundings: each by a bit less, so that together they are off no more than those of one direction. */
export const droppedBothWays = (dropped: number): number => Math.max(0, dropped - 1);

/** y[i] · x[i, :] of the receiver's own x [items, width], modulo 2^ringBits; taken. */
export function ownProduct(plan: ProductPlan, y: BigUint64Array, x: BigUint64Array): BigUint64Array {
  const product = takeWords(x.length);
  kernels.cotProductOwn({ ...plan, y, x, product });
  return product;
}

/** Takes half of the receiver's low bits off its share [items]: where it has no share of x itself. */
export function takeOffBias(plan: ProductPlan, y: BigUint64Array, share: BigUint64Array): void {
  const { ringBits } = plan;
  const coarseBits = kernels.cotProductCoarseBits(plan);
  if (coarseBits < 2) return;
  const halves = takeWords(y.length);
  kernels.ringShiftRight(y, coarseBits, 1, ROUNDING.floor, coarseBits - 1, halves);
  kernels.ringAddScaled(halves, BigInt.asUintN(ringBits, -1n), ringBits, share);
  giveBack(halves);
}
