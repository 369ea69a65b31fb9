/**
 * CipherPrune (ICLR 2025): tokens whose attention scores lie below a learned threshold leave each layer on encrypted data,
 * and those below a second one get polynomials of low degree.
 */
import { layerNorm } from '../../inference/functions/layer-norm.js';
import type { Learned, Method } from '../method.js';
import { curvesOf } from './curves.js';
import { exponential } from './exponential.js';
import { geluInputFormat, geluOf } from './gelu.js';
import { headOf } from './head.js';
import { type CipherPruneNumbers, cipherPruneNumbers, NUMBERS_WITH_POWERS } from './numbers.js';
import { prune } from './prune.js';
import { softmaxOf } from './softmax.js';

/** The method with other numbers, or with fewer thresholds. */
export function cipherPruneWith(name: string, learns: Learned, numbers: CipherPruneNumbers): Method {
  const { zeroBelow } = numbers.exp;
  return {
    name,
    source: 'CipherPrune: Efficient and Scalable Private Transformer Inference, ICLR 2025',
    numbers,
    earlierNumbers: [NUMBERS_WITH_POWERS],
    curves: curvesOf(numbers),
    learns,
    unpruned: 'dense',
    ...(learns === 'prune-reduce' ? { unreduced: 'cipherprune-prune' } : {}),
    opens: learns === 'nothing' ? [] : ['kept-token-count', 'important-token-count'],
    // exp takes arguments of as many integer bits as its range needs and a sign, also where a hardly trained model's logits
    // need fewer.
    logits: { zeroBelow, visible: false, leastSpread: 2 ** Math.ceil(Math.log2(-zeroBelow)) + 1 },
    softmax: softmaxOf(exponential),
    gelu: geluOf(numbers),
    geluInput: (plan) => geluInputFormat(plan, numbers.geluHigh),
    head: headOf(numbers),
    layerNorm,
    eliminatesIn: (layer, layers) => learns !== 'nothing' && layer < layers - 1,
    eliminate: prune,
  };
}

export const cipherPrune = cipherPruneWith('cipherprune', 'prune-reduce', cipherPruneNumbers);
/** Pruning only: CipherPrune† in the paper's tables. */
export const cipherPruneOnly = cipherPruneWith('cipherprune-prune', 'prune', cipherPruneNumbers);
/** All tokens stay: what the others are compared with. */
export const dense = cipherPruneWith('dense', 'nothing', cipherPruneNumbers);
