/** Functions of low degree without comparisons: one quadratic for GELU, and one for the numerator of softmax. */
import { type CipherPruneNumbers, cipherPruneNumbers } from '../cipherprune/numbers.js';

export interface QuadNumbers extends Pick<CipherPruneNumbers, 'geluHigh' | 'exp' | 'tanh'> {
  /** gelu(x) ≈ x²/2^halvings + x/2 + offset, everywhere. */
  readonly geluLow: { readonly halvings: number; readonly offset: number };
  /** softmax of a row ≈ (d + shift)² / Σ (d + shift)², d the distance of a logit to the row's mean. */
  readonly softmaxLow: { readonly shift: number };
}

const { geluHigh, exp, tanh } = cipherPruneNumbers;

export const quadNumbers: QuadNumbers = {
  geluHigh,
  exp,
  tanh,
  // Off by at most 0.23 from -4 to 4, and by 1.7 at 6.
  geluLow: { halvings: 3, offset: 0.2265 },
  softmaxLow: { shift: 5 },
};
