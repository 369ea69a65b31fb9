/** What a softmax of any kind must know of its argument and result. */
import type { RingFormat } from '../core/ring-tensor.js';

export interface SoftmaxPlan {
  /** Differences of two elements of a row stay below this. */
  readonly spread: number;
  /** Elements of columns that count stay below this, in magnitude. */
  readonly largest: number;
  /** Of the probabilities. */
  readonly out: RingFormat;
  /** 1/sum to one part in 2^11, as for an answer; else to one part in 2^5 where the sum is largest, which attention does not notice. */
  readonly precise?: boolean;
}
