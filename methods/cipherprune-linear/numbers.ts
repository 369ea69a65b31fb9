/** What rows of low degree have: nothing but linear functions, of which one is a number. */
import { type CipherPruneNumbers, cipherPruneNumbers } from '../cipherprune/numbers.js';

export interface LinearNumbers extends Pick<CipherPruneNumbers, 'geluHigh' | 'exp' | 'tanh'> {
  /** softmax of a row ≈ (1 + d/2^halvings) / n, d the distance of a logit to the mean of the n that count. */
  readonly softmaxLow: { readonly halvings: number };
}

const { geluHigh, exp, tanh } = cipherPruneNumbers;

export const linearNumbers: LinearNumbers = {
  geluHigh,
  exp,
  tanh,
  // Half of softmax's own slope where all logits are equal: far from there it falls behind a line.
  softmaxLow: { halvings: 1 },
};
