/**
 * CipherPrune with a low degree that is really low: rows of tokens below the second threshold get one quadratic for GELU and one for
 * the numerator of softmax, where `cipherprune` has shorter polynomials with the same comparisons around them. The network learns
 * to live with them, as MPCFormer's does. The rest is as in `cipherprune`.
 */
import type { Backend } from '../../inference/backends/backend.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { concatRows } from '../../inference/functions/fixed-point.js';
import { geluCurve } from '../cipherprune/curves.js';
import { exponential } from '../cipherprune/exponential.js';
import { geluOf } from '../cipherprune/gelu.js';
import { cipherPrune } from '../cipherprune/index.js';
import { cipherPruneNumbers } from '../cipherprune/numbers.js';
import { softmaxOf } from '../cipherprune/softmax.js';
import type { Piecewise } from '../curves.js';
import type { Method } from '../method.js';
import { quadraticGeluOf } from './gelu.js';
import { type QuadNumbers, quadNumbers } from './numbers.js';
import { quadraticCurve, quadraticSoftmaxOf } from './softmax.js';

/** x [rows, ...], the first `high` rows by one function, the others by another; a degree without rows costs nothing. */
async function byDegree(
  mpc: Backend,
  x: SharedTensor,
  high: number,
  degrees: {
    readonly high: (x: SharedTensor) => Promise<SharedTensor>;
    readonly low: (x: SharedTensor) => Promise<SharedTensor>;
  },
): Promise<SharedTensor> {
  const rows = x.shape[0]!;
  if (high === rows) return degrees.high(x);
  if (high === 0) return degrees.low(x);
  const above = await degrees.high(mpc.slice(x, 0, 0, high));
  return concatRows(mpc, [above, await degrees.low(mpc.slice(x, 0, high, rows))]);
}

/** As those of `cipherprune`: exp of high rows was a power. */
const QUAD_WITH_POWERS = 'a1704df228c400f8a1bbee103c7c3dc4ff13dcb77571e5919f11817800ed2e36';
const QUAD_SOFTMAX_WITH_POWERS = 'a39a9d87ecf0fed9e5dc06a1dd81e319a8d426072ccb33d5abd4f95ce0973510';

function quadWith(name: string, numbers: QuadNumbers): Method {
  const ours = { ...cipherPruneNumbers, ...numbers, geluLow: cipherPruneNumbers.geluLow };
  const [gelu, lowGelu] = [geluOf(ours), quadraticGeluOf(numbers.geluLow)];
  const [softmax, lowSoftmax] = [softmaxOf(exponential), quadraticSoftmaxOf(numbers.softmaxLow)];
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
    softmax: (mpc, x, high, plan, visible) =>
      byDegree(mpc, x, high, {
        high: (rows) => softmax(mpc, rows, rows.shape[0]!, plan),
        low: (rows) =>
          lowSoftmax(mpc, rows, plan, visible ? mpc.sliceBits(visible, 0, high, x.shape[0]!) : null),
      }),
    gelu: (mpc, x, high, plan) =>
      byDegree(mpc, x, high, {
        high: (rows) => gelu(mpc, rows, rows.shape[0]!, plan),
        low: (rows) => lowGelu(mpc, rows, plan),
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
