/**
 * MPCFormer (Li et al., ICLR 2023): quadratic polynomials for GELU and softmax, and distillation that teaches a network to live
 * with them. The constants are those of its training program; its timing program has two of them swapped. No token leaves;
 * `mpcformer-prune` adds CipherPrune's learned thresholds.
 */
import { layerNorm } from '../../inference/functions/layer-norm.js';
import { geluCurve, tanhCurve } from '../cipherprune/curves.js';
import { headOf } from '../cipherprune/head.js';
import { cipherPruneNumbers } from '../cipherprune/numbers.js';
import { prune } from '../cipherprune/prune.js';
import { type Piecewise, RELU } from '../curves.js';
import type { Learned, Method } from '../method.js';
import { piecewiseOf } from '../parts/piecewise.js';
import { quadraticCurve, quadraticSoftmaxOf } from '../parts/quadratic-softmax.js';

/** 0.125 x² + 0.25 x + 0.5, everywhere. */
const GELU: Piecewise = { kind: 'polynomial', squarings: 0, bounds: [], segments: [[0.5, 0.25, 0.125]] };
/** c of 2Quad. */
const SHIFT = 5;

function mpcFormerWith(name: string, learns: Learned): Method {
  const { tanh, geluHigh } = cipherPruneNumbers;
  const gelu = piecewiseOf('gelu', GELU);
  const gelus = { high: GELU, low: GELU };
  const square = quadraticCurve(SHIFT);
  const softmax = quadraticSoftmaxOf(SHIFT);
  return {
    name,
    source: 'MPCFormer: Fast, Performant and Private Transformer Inference with MPC, ICLR 2023',
    numbers: { gelu: GELU, shift: SHIFT, tanh, geluHigh },
    curves: {
      softmax: { high: 'as they are', low: 'as they are' },
      expHigh: square,
      expLow: square,
      activation: { gelu: gelus, 'gelu-tanh': gelus, relu: { high: RELU, low: RELU } },
      head: { tanh: tanhCurve(tanh), gelu: geluCurve(geluHigh), relu: RELU },
    },
    learns,
    taught: 'layer by layer',
    unpruned: 'mpcformer',
    opens: learns === 'nothing' ? [] : ['kept-token-count', 'important-token-count'],
    logits: { zeroBelow: null, visible: true, leastSpread: 2 },
    softmax: (mpc, x, _high, plan, visible) => softmax(mpc, x, plan, visible ?? null),
    gelu: (mpc, x, _high, plan) => gelu(mpc, x, plan),
    head: headOf(cipherPruneNumbers),
    layerNorm,
    eliminatesIn: (layer, layers) => learns !== 'nothing' && layer < layers - 1,
    eliminate: prune,
  };
}

export const mpcFormer = mpcFormerWith('mpcformer', 'nothing');
/** With CipherPrune's pruning. */
export const mpcFormerPrune = mpcFormerWith('mpcformer-prune', 'prune');
