/**
 * CipherPrune with a low degree that is really low: rows of tokens below the second threshold get one quadratic for GELU and one for
 * the numerator of softmax, where `cipherprune` has shorter polynomials with the same comparisons around them. The network learns
 * to live with them, as MPCFormer's does. The rest is as in `cipherprune`.
 */
import { geluCurve } from '../cipherprune/curves.js';
import { geluOf } from '../cipherprune/gelu.js';
import { cipherPrune } from '../cipherprune/index.js';
import { cipherPruneNumbers } from '../cipherprune/numbers.js';
import type { Piecewise } from '../curves.js';
import type { Method } from '../method.js';
import { byDegree } from '../../inference/functions/by-degree.js';
import { softmaxByDegree } from '../parts/softmax-by-degree.js';
import { quadraticGeluOf } from './gelu.js';
import { type QuadNumbers, quadNumbers } from './numbers.js';
import { quadraticCurve, quadraticSoftmaxOf } from './softmax.js';

/** As those of `cipherprune`: exp of high rows was a power. */
const QUAD_WITH_POWERS = 'a1704df228c400f8a1bbee103c7c3dc4ff13dcb77571e5919f11817800ed2e36';
const QUAD_SOFTMAX_WITH_POWERS = 'a39a9d87ecf0fed9e5dc06a1dd81e319a8d426072ccb33d5abd4f95ce0973510';

function quadWith(name: string, numbers: QuadNumbers): Method {
  const ours = { ...cipherPruneNumbers, ...numbers, geluLow: cipherPruneNumbers.geluLow };
  const [gelu, lowGelu] = [geluOf(ours), quadraticGeluOf(numbers.geluLow)];
  const { halvings, offset } = numbers.geluLow;
  const quadratic: Piecewise = {
    kind: 'polynomial',
    squarings: 0,
    bounds: [],
    segments: [[offset, 0.5, 2 ** -halvings]],
  };
  const gelus = { high: geluCurve(numbers.geluHigh), low: quadratic };
  const { curves, logits } = cipherPrune;
  return {
    ...cipherPrune,
    name,
    numbers,
    earlierNumbers: [QUAD_WITH_POWERS],
    curves: {
      ...curves,
      softmax: { high: 'less the maximum', low: 'less the mean' },
      expLow: quadraticCurve(numbers.softmaxLow),
      activation: { ...curves.activation, gelu: gelus, 'gelu-tanh': gelus },
    },
    logits: { ...logits, visible: true },
    softmax: softmaxByDegree(quadraticSoftmaxOf(numbers.softmaxLow)),
    gelu: (mpc, x, high, plan) =>
      byDegree(mpc, x, high, {
        high: (lane, rows) => gelu(lane, rows, rows.shape[0]!, plan),
        low: (lane, rows) => lowGelu(lane, rows, plan),
      }),
  };
}

export const cipherPruneQuad = quadWith('cipherprune-quad', quadNumbers);

/** With the quadratic in softmax alone: a network hardly notices that one. GELU of low degree is that of `cipherprune`. */
export const cipherPruneQuadSoftmax: Method = {
  ...cipherPruneQuad,
  earlierNumbers: [QUAD_SOFTMAX_WITH_POWERS],
  name: 'cipherprune-quad-softmax',
  numbers: { ...quadNumbers, geluLow: cipherPruneNumbers.geluLow },
  curves: { ...cipherPruneQuad.curves, activation: cipherPrune.curves.activation },
  gelu: cipherPrune.gelu,
};
