/** Options of `bench`, and what its figures share. */

import type { NetworkName } from '../../bench/networks.js';
import type { Precision } from '../../config/schema.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import { onInterrupt } from '../../util/interrupt.js';

export interface BenchOptions {
  readonly figures: 'kernels' | 'protocols' | 'inference' | 'training' | 'scaling';
  readonly lengths: string;
  readonly measure: boolean;
  readonly schedules: readonly ('paper' | 'none')[];
  readonly out?: string | undefined;
  readonly figure?: string | undefined;
  readonly model?: string | undefined;
  readonly tokens: number;
  /** Sentences in a training step, or in a protocol run. */
  readonly batch?: number | undefined;
  readonly texts?: number | undefined;
  readonly schedule: string;
  readonly important: number;
  readonly preprocess: boolean;
  readonly check: boolean;
  readonly seed: number;
  readonly only?: readonly string[] | undefined;
  readonly network: NetworkName;
  readonly cots?: CotKind | undefined;
  readonly precision: Precision;
  readonly threads?: number | undefined;
  readonly json: boolean;
}

/** Aborts what the body started when the user interrupts. */
export async function abortable<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const forget = onInterrupt(() => controller.abort());
  try {
    return await body(controller.signal);
  } finally {
    forget();
  }
}
