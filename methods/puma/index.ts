/**
 * PUMA (Dong et al., 2023): GELU in four pieces, exp as (1 + x/2⁵)^(2⁵), one division a row. No token leaves; `puma-prune` adds
 * CipherPrune's learned thresholds. What the paper does not fix (the head's tanh, fixed-point widths) is as in `cipherprune`.
 */
import { layerNorm } from '../../inference/functions/layer-norm.js';
import { geluCurve, tanhCurve } from '../cipherprune/curves.js';
import { headOf } from '../cipherprune/head.js';
import { cipherPruneNumbers } from '../cipherprune/numbers.js';
import { prune } from '../cipherprune/prune.js';
import { softmaxOf } from '../cipherprune/softmax.js';
import { LESS_MAXIMUM, type Piecewise, RELU } from '../curves.js';
import type { Learned, Method } from '../method.js';
import { piecewiseOf } from '../parts/piecewise.js';
import { type PowerNumbers, powerCurve, powerExponentialOf } from '../parts/power-exponential.js';

export interface PumaNumbers {
  readonly gelu: Piecewise;
  readonly exp: PowerNumbers;
}

/** Section 4.1: degree 3 on [-4, -1.95), degree 6 on [-1.95, 3]. */
const CUBIC = [-0.5054031199708174, -0.42226581151983866, -0.11807612951181953, -0.011034134030615728];
const SEXTIC = [
  0.008526321541038084, 0.5, 0.3603292692789629, 0, -0.037688200365904236, 0, 0.0018067462606141187,
];

/** The pieces with other borders, as BumbleBee has them. */
export const pumaGelu = (bounds: readonly [number, number, number]): Piecewise => ({
  kind: 'polynomial',
  squarings: 0,
  bounds,
  segments: [[0], CUBIC, SEXTIC, [0, 1]],
});

/** A method of this form: GELU in pieces, exp as a power, the rest as in `cipherprune`. */
export function pumaLike(name: string, source: string, learns: Learned, numbers: PumaNumbers): Method {
  const gelu = piecewiseOf('gelu', numbers.gelu);
  const gelus = { high: numbers.gelu, low: numbers.gelu };
  const exp = powerCurve(numbers.exp);
  const { tanh, geluHigh } = cipherPruneNumbers;
  return {
    name,
    source,
    numbers: { ...numbers, tanh, geluHigh },
    curves: {
      softmax: LESS_MAXIMUM,
      expHigh: exp,
      expLow: exp,
      activation: { gelu: gelus, 'gelu-tanh': gelus, relu: { high: RELU, low: RELU } },
      head: { tanh: tanhCurve(tanh), gelu: geluCurve(geluHigh), relu: RELU },
    },
    learns,
    unpruned: name.replace(/-prune$/, ''),
    opens: learns === 'nothing' ? [] : ['kept-token-count', 'important-token-count'],
    // 1 + x/2^s is added up in the ring of x.
    logits: {
      zeroBelow: numbers.exp.zeroBelow,
      visible: false,
      leastSpread: 2 ** numbers.exp.squarings + 1,
    },
    softmax: softmaxOf(powerExponentialOf(numbers.exp)),
    gelu: (mpc, x, _high, plan) => gelu(mpc, x, plan),
    head: headOf(cipherPruneNumbers),
    layerNorm,
    eliminatesIn: (layer, layers) => learns !== 'nothing' && layer < layers - 1,
    eliminate: prune,
  };
}

const SOURCE = 'PUMA: Secure Inference of LLaMA-7B in Five Minutes, 2023';
const NUMBERS: PumaNumbers = { gelu: pumaGelu([-4, -1.95, 3]), exp: { squarings: 5, zeroBelow: -14 } };

export const puma = pumaLike('puma', SOURCE, 'nothing', NUMBERS);
/** With CipherPrune's pruning. */
export const pumaPrune = pumaLike('puma-prune', SOURCE, 'prune', NUMBERS);
