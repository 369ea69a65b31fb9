/**
 * BOLT's softmax, and the score that its authors' program takes from it: l = ⌊(max - s) / ln 2⌋, by which exp is shifted, is small where
 * a token is attended to, and is there already.
 */
import type { Backend } from '../../inference/backends/backend.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { signedBits, widenNonNegative } from '../../inference/functions/fixed-point.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import { softmaxOf, softmaxWith } from '../cipherprune/softmax.js';
import { MOST_PLACES, type PlacedExponential } from './exponential.js';

/** exp wants arguments of at most 0: the maximum is found with all fraction bits. */
const MAXIMUM_FRACTION_BITS = 8;

/** x [rows, n] → probabilities [rows, n] */
export const boltSoftmaxOf = (exponential: PlacedExponential) =>
  softmaxOf(async (mpc, x) => (await exponential(mpc, x)).power, MAXIMUM_FRACTION_BITS);

/** The same with -l [rows, n], in a ring that holds sums over all rows. */
export const scoredSoftmaxOf =
  (exponential: PlacedExponential) =>
  async (mpc: Backend, x: SharedTensor, high: number, plan: SoftmaxPlan) => {
    const softmax = softmaxWith(async (inner, shifted) => {
      const { power, places } = await exponential(inner, shifted);
      return { power, extra: places };
    }, MAXIMUM_FRACTION_BITS);
    const { probabilities, extra: places } = await softmax(mpc, x, high, plan);
    const ringBits = signedBits(2 * MOST_PLACES * x.shape[0]!, 0);
    const wide = await widenNonNegative(mpc, places, Math.max(ringBits, places.ringBits + 1));
    const received = mpc.negate(wide);
    return { probabilities, received: mpc.reshape(received, x.shape) };
  };
