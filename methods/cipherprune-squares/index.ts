/**
 * `cipherprune-linear` whose rows of low degree have a narrow block of quadratics beside the linear layer, x · R + (x · P)² · Q: half as many
 * squares as a row has features, an eighth of the neurons of BERT's feed-forward layers, and no comparison (Method.lowFeedForward).
 */
import { cipherPruneLinear, cipherPruneLinearFeedForward } from '../cipherprune-linear/index.js';
import type { Method } from '../method.js';

export const cipherPruneSquares: Method = {
  ...cipherPruneLinear,
  name: 'cipherprune-squares',
  lowFeedForward: 'squares',
};

/** With the feed-forward layers alone in low degree: softmax is that of `cipherprune`. */
export const cipherPruneSquaresFeedForward: Method = {
  ...cipherPruneLinearFeedForward,
  name: 'cipherprune-squares-feed-forward',
  lowFeedForward: 'squares',
};
