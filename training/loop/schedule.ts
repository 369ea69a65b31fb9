/** Learning rates and temperatures as functions of a phase's progress (0 to 1). */

export interface RateSchedule {
  readonly learningRate: number;
  /** Share of the phase in which the rate rises from 0. */
  readonly warmup: number;
  readonly decay: 'linear' | 'cosine' | 'constant';
}

/** Factor on the learning rate: up during the warm-up, then down to 0 as `decay` says. */
export function rateFactor({ warmup, decay }: Omit<RateSchedule, 'learningRate'>, progress: number): number {
  if (progress < warmup) return progress / warmup;
  if (decay === 'constant') return 1;
  const after = warmup < 1 ? Math.min(1, (progress - warmup) / (1 - warmup)) : 1;
  return decay === 'linear' ? 1 - after : 0.5 * (1 + Math.cos(Math.PI * after));
}

/** From `value` at the start to `final` at the end on a line; constant where `final` is null. */
export const annealed = (value: number, final: number | null, progress: number): number =>
  final === null ? value : value + (final - value) * Math.min(1, progress);
