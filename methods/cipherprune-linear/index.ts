/**
 * CipherPrune whose low degree is one: rows of tokens below the second threshold have one linear layer in place of the feed-forward
 * layers (Method.lowFeedForward) and a line in place of softmax. The network learns to live with them. The rest is as in `cipherprune`.
 */
import { exponential } from '../cipherprune/exponential.js';
import { cipherPrune } from '../cipherprune/index.js';
import { softmaxOf } from '../cipherprune/softmax.js';
import { geluCurve } from '../cipherprune/curves.js';
import type { Method } from '../method.js';
import { byDegree } from '../../inference/functions/by-degree.js';
import { linearNumbers } from './numbers.js';
import { linearCurve, linearSoftmaxOf } from './softmax.js';

const softmax = softmaxOf(exponential);
const lowSoftmax = linearSoftmaxOf(linearNumbers.softmaxLow);
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
  softmax: (mpc, x, high, plan, visible) =>
    byDegree(mpc, x, high, {
      high: (lane, rows) => softmax(lane, rows, rows.shape[0]!, plan),
      low: (lane, rows) =>
        lowSoftmax(lane, rows, plan, visible ? lane.sliceBits(visible, 0, high, x.shape[0]!) : null),
    }),
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
