/** How steps are taken: batches, arithmetic and the optimizer. */
import * as z from 'zod';
import { count, fraction, positive } from './numbers.js';

/** How the products of the encoder's weight matrices are computed while training; `bf16` rounds their inputs. */
export const PRECISIONS = ['float32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

export const batch = z.strictObject({
  /** Real and padding tokens in one batch; sentences of like length share one. */
  tokens: count.default(2048),
  /** At most so many sentences in one batch. */
  examples: count.default(64),
  /** Batches whose gradients are summed before one step. */
  accumulation: count.default(1),
  /**
   * Data-parallel workers: threads of the kernels, among which the rows of every batch are shared; null: one a processor.
   * The result is the same bits for any number.
   */
  workers: count.nullable().default(null),
});

export const optimizer = z.strictObject({
  name: z.enum(['adamw']).default('adamw'),
  beta1: fraction.default(0.9),
  beta2: fraction.default(0.999),
  epsilon: positive.default(1e-6),
  weightDecay: z.number().min(0).default(0.01),
  /** Global gradient norm above which gradients are scaled down; null for never. */
  clipNorm: positive.nullable().default(1),
});
