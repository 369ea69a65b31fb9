/** What an activation function of any kind must know of its argument and result. */
import type { RingFormat } from '../core/ring-tensor.js';

export interface ActivationPlan {
  /** |x| stays below. */
  readonly inputRange: number;
  readonly out: RingFormat;
}
