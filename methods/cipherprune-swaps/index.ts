/** CipherPrune's pruning by sequential swaps, as it was published: `cipherprune-prune` with another way to drop tokens. */
import { cipherPruneOnly } from '../cipherprune/index.js';
import type { Method } from '../method.js';
import { pruneBySwaps } from './swaps.js';

export const cipherPruneSwaps: Method = {
  ...cipherPruneOnly,
  name: 'cipherprune-swaps',
  opens: ['kept-token-count'],
  eliminate: pruneBySwaps,
};
