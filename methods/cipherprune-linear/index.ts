/**
 * CipherPrune whose low degree is one: rows of tokens below the second threshold have one linear layer in place of the feed-forward
 * layers (Method.lowFeedForward) and a line in place of softmax. The network learns to live with them. The rest is as in `cipherprune`.
 */
import { cipherPrune } from '../cipherprune/index.js';
import { geluCurve } from '../cipherprune/curves.js';
import type { Method } from '../method.js';
import { softmaxByDegree } from '../parts/softmax-by-degree.js';
import { linearNumbers } from './numbers.js';
import { linearCurve, linearSoftmaxOf } from './softmax.js';

const { curves, logits } = cipherPrune;
const { softmaxLow: _, ...feedForwardNumbers } = linearNumbers;
/** Rows of low degree have none. */
const high = geluCurve(linearNumbers.geluHigh);

export const cipherPruneLinear: Method = {
  ...cipherPrune,
  name: 'cipherprune-linear',
  numbers: linearNumbers,
  earlierNumbers: [],
  lowFeedForward: 'linear',
  curves: {
    ...curves,
    softmax: { high: 'less the maximum', low: 'less the mean' },
    expLow: linearCurve(linearNumbers.softmaxLow),
    activation: { ...curves.activation, gelu: { high, low: high }, 'gelu-tanh': { high, low: high } },
  },
  logits: { ...logits, visible: true },
  softmax: softmaxByDegree(linearSoftmaxOf(linearNumbers.softmaxLow)),
  gelu: (mpc, x, _high, plan) => cipherPrune.gelu(mpc, x, x.shape[0]!, plan),
};

/** With the linear layer alone: softmax, of which less is to be saved, is that of `cipherprune`. */
export const cipherPruneLinearFeedForward: Method = {
  ...cipherPruneLinear,
  name: 'cipherprune-linear-feed-forward',
  numbers: feedForwardNumbers,
  curves: { ...cipherPruneLinear.curves, softmax: curves.softmax, expLow: curves.expLow },
  logits,
  softmax: cipherPrune.softmax,
};
