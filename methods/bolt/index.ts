/**
 * BOLT (Pang et al., IEEE S&P 2024): GELU as a quartic in |x|, exp by a shift and one square, tanh as a quintic, and word elimination in
 * the first layer; `bolt-no-we` keeps all tokens. LayerNorm as in `cipherprune`.
 */
import { layerNorm } from '../../inference/functions/layer-norm.js';
import type { Method } from '../method.js';
import { curvesOf } from './curves.js';
import { placedExponentialOf } from './exponential.js';
import { geluOf } from './gelu.js';
import { boltHead } from './head.js';
import { type BoltNumbers, boltNumbers } from './numbers.js';
import { boltSoftmaxOf, scoredSoftmaxOf } from './softmax.js';
import { eliminateWords, wordsThatStay } from './word-elimination.js';

function boltWith(name: string, numbers: BoltNumbers, eliminates: boolean): Method {
  const gelu = geluOf(numbers.gelu);
  const exponential = placedExponentialOf(numbers.exp);
  return {
    name,
    source: 'BOLT: Privacy-Preserving, Accurate and Efficient Inference for Transformers, IEEE S&P 2024',
    numbers,
    curves: { ...curvesOf(numbers), ...(eliminates ? { mostHalvings: numbers.exp.most } : {}) },
    learns: 'nothing',
    unpruned: name,
    opens: [],
    logits: { zeroBelow: -numbers.exp.most * Math.LN2, visible: false, leastSpread: 17 },
    softmax: boltSoftmaxOf(exponential),
    ...(eliminates ? { scoredSoftmax: scoredSoftmaxOf(exponential), stays: wordsThatStay } : {}),
    gelu: (mpc, x, _high, plan) => gelu(mpc, x, plan),
    head: boltHead(numbers.tanh),
    layerNorm,
    eliminatesIn: (layer, layers) => eliminates && layer === 0 && layers > 1,
    eliminate: eliminateWords,
  };
}

export const bolt = boltWith('bolt', boltNumbers, true);
/** Without word elimination. */
export const boltNoWordElimination = boltWith('bolt-no-we', boltNumbers, false);
