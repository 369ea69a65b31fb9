/**
 * exp as a power of one line, (1 + x/2^s)^(2^s), 0 at or below a clip: PUMA and BumbleBee. Fixed point as for the powers of
 * ../cipherprune/exponential.ts: an error before s squarings grows 2^s-fold near 0, so a fraction bit leaves with every square.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { shrink } from '../../inference/functions/fixed-point.js';
import { EXP_FRACTION_BITS, type Exponential } from '../cipherprune/exponential.js';
import type { Piecewise } from '../curves.js';

export interface PowerNumbers {
  readonly squarings: number;
  /** exp is 0 at or below. */
  readonly zeroBelow: number;
}

const LAST_FRACTION_BITS = EXP_FRACTION_BITS - 1;
/** The clip is compared in units of 1/4. */
const CLIP_FRACTION_BITS = 2;

export const powerCurve = ({ squarings, zeroBelow }: PowerNumbers): Piecewise => ({
  kind: 'polynomial',
  squarings,
  bounds: [zeroBelow],
  segments: [[0], [1, 2 ** -squarings]],
});

/** As CipherPrune's: x [n] at EXP_INPUT_FRACTION_BITS → [n] at EXP_FRACTION_BITS in two bits more */
export const powerExponentialOf = ({ squarings, zeroBelow }: PowerNumbers): Exponential =>
  protocol('exp', async function exp(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
    const coarse = mpc.truncateReduce(x, x.fractionBits - CLIP_FRACTION_BITS);
    const above = mpc.not(await mpc.isNegative(mpc.addPublic(coarse, -zeroBelow)));
    const line = mpc.addPublic(mpc.reinterpret(x, x.fractionBits + squarings), 1);
    const first = LAST_FRACTION_BITS + squarings - 1;
    const base = await mpc.multiplex(above, line);
    let power = shrink(mpc, base, { ringBits: first + 2, fractionBits: first });
    for (let i = 1; i <= squarings; i++) {
      const fractionBits = i === squarings ? EXP_FRACTION_BITS : first - i;
      const squared = await mpc.square(power, 2 * power.fractionBits + 2, 'non-negative');
      power = mpc.truncateReduce(squared, 2 * power.fractionBits - fractionBits);
    }
    return power;
  });
