/**
 * Learned thresholds: per layer but the last, in units of the spread (standard deviation) of the layer's scores n·S, so that
 * one learning rate and one temperature serve every layer.
 */
import { mean } from '../../data/metrics/mean.js';
import type { LayerThresholds } from '../../model/thresholds.js';
import { type Parameter, type Parameters, PRUNE_THRESHOLDS, REDUCE_THRESHOLDS } from './parameters.js';

export interface InitialThresholds {
  readonly rule: 'quantile' | 'linear';
  readonly keepFirst: number;
  readonly keepLast: number;
  readonly importantFirst: number;
  readonly importantLast: number;
  readonly pruneFinal: number;
  readonly reduceFinal: number;
}

/** Standard deviation; at least a small number, so that divisions are safe. */
export function spreadOf(scores: readonly number[]): number {
  const centre = mean(scores);
  return Math.max(1e-3, Math.sqrt(mean(scores.map((score) => (score - centre) ** 2))));
}

/** The value below which a share of the numbers lies, interpolated. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0;
  const at = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

/** first at layer 0, last at the last of `count` layers. */
const between = (first: number, last: number, layer: number, count: number): number =>
  count === 1 ? last : first + ((last - first) * layer) / (count - 1);

/** First thresholds, on n·S. scores: per pruning layer, those of every real token but [CLS]. */
export function initialThresholds(
  scores: readonly (readonly number[])[],
  options: InitialThresholds,
): LayerThresholds[] {
  const count = scores.length;
  return scores.map((all, layer) => {
    if (options.rule === 'linear') {
      const share = (layer + 1) / count;
      return { prune: options.pruneFinal * share, reduce: options.reduceFinal * share };
    }
    const sorted = [...all].sort((a, b) => a - b);
    const prune = quantile(sorted, 1 - between(options.keepFirst, options.keepLast, layer, count));
    const important = between(options.importantFirst, options.importantLast, layer, count);
    return { prune, reduce: Math.max(prune, quantile(sorted, 1 - important)) };
  });
}

/** Parameters in units of the spread. */
export function thresholdParameters(
  thresholds: readonly LayerThresholds[],
  spread: readonly number[],
): Map<string, Parameter> {
  const shape = [thresholds.length];
  const column = (pick: (t: LayerThresholds) => number): Parameter => ({
    shape,
    values: Float32Array.from(thresholds, (t, layer) => pick(t) / spread[layer]!),
  });
  return new Map([
    [PRUNE_THRESHOLDS, column((t) => t.prune)],
    [REDUCE_THRESHOLDS, column((t) => t.reduce)],
  ]);
}

/** Thresholds on n·S from the parameters. */
export function thresholdsOf(parameters: Parameters, spread: readonly number[]): LayerThresholds[] {
  const prune = parameters.get(PRUNE_THRESHOLDS)!.values;
  const reduce = parameters.get(REDUCE_THRESHOLDS)!.values;
  return spread.map((unit, layer) => ({ prune: prune[layer]! * unit, reduce: reduce[layer]! * unit }));
}

/** After a step: 0 <= θ <= β, and, if asked, thresholds that do not fall with depth. */
export function constrainThresholds(
  parameters: Parameters,
  spread: readonly number[],
  monotone: boolean,
): void {
  const prune = parameters.get(PRUNE_THRESHOLDS)!.values;
  const reduce = parameters.get(REDUCE_THRESHOLDS)!.values;
  for (let layer = 0; layer < prune.length; layer++) {
    const unit = spread[layer]!;
    const floor = monotone && layer > 0 ? (prune[layer - 1]! * spread[layer - 1]!) / unit : 0;
    prune[layer] = Math.max(prune[layer]!, floor, 0);
    reduce[layer] = Math.max(reduce[layer]!, prune[layer]!);
  }
}

/** masks.keep: the mean share, or one for every layer that prunes. */
export type ShareTarget = number | readonly number[];

/** Part of the soft phase at whose end the target is reached: most of the phase is for learning to do with so few tokens. */
const TARGET_REACHED = 0.3;

/** From all tokens down to the target, fast at first and slowly at its end (the cubic of Zhu and Gupta, 2017). progress 0-1. */
function scheduledShare(all: number, target: number, progress: number): number {
  const left = Math.max(0, 1 - progress / TARGET_REACHED);
  return target + Math.max(0, all - target) * left ** 3;
}

/**
 * By how much each pruning layer keeps more than it should at a point of the soft phase; the same for all where the target is their
 * mean. kept: per layer, of one batch, the last one's [CLS] alone; progress 0-1.
 */
export function shareErrors(kept: readonly number[], target: ShareTarget, progress: number): number[] {
  const pruning = kept.slice(0, -1);
  if (typeof target !== 'number')
    return pruning.map((share, layer) => share - scheduledShare(1, target[layer]!, progress));
  const all = (pruning.length + kept.at(-1)!) / kept.length;
  return pruning.map(() => mean(kept) - scheduledShare(all, target, progress));
}

const SCHEDULING_GAIN = 0.2;

/** Moves each pruning threshold by its layer's error: alike for a mean share, and which layer prunes more is left to learning. */
export function shiftThresholds(parameters: Parameters, errors: readonly number[]): void {
  const prune = parameters.get(PRUNE_THRESHOLDS)!.values;
  for (let layer = 0; layer < prune.length; layer++)
    prune[layer] = prune[layer]! + SCHEDULING_GAIN * errors[layer]!;
}

/** λ grows by this much over a phase whose kept share stays 1 above its target. */
const INTEGRAL_GAIN = 4;

/**
 * Next λ of the target mode: an integral controller, beside the thresholds' own shift. `error`: kept share minus the scheduled
 * one; `passed`: share of the phase since the last step. Slow on purpose: thresholds answer within hundreds of steps, and a λ
 * that runs ahead of them costs accuracy that the hard phase does not win back. λ may become negative: then tokens below the
 * target are rewarded instead of taxed.
 */
export const adaptLambda = (lambda: number, error: number, passed: number): number =>
  Math.min(10, Math.max(-2, lambda + INTEGRAL_GAIN * error * passed));

/**
 * Shares of the hard phase. A mean share is met in the soft phase's proportions: one power of each, at least the last layer's, which is
 * [CLS] alone. A target out of reach gives the nearest. learned: per layer, the last one's included.
 */
export function targetShares(learned: readonly number[], target: ShareTarget): number[] {
  const least = learned.at(-1)!;
  if (typeof target !== 'number') return [...target.map((share) => Math.max(least, share)), least];
  const raised = (power: number): number[] =>
    learned.map((share, layer) => (layer === learned.length - 1 ? least : Math.max(least, share ** power)));
  let [low, high] = [1 / 1024, 1024];
  for (let i = 0; i < 40; i++) {
    const power = Math.sqrt(low * high);
    if (mean(raised(power)) > target) low = power;
    else high = power;
  }
  return raised(Math.sqrt(low * high));
}

/** Per step: slow enough for shares that drift over thousands of steps. */
const HOLDING_GAIN = 0.05;
/** Where low degree begins, scores move within tens of steps. */
export const QUICK_HOLDING_GAIN = 0.2;

/**
 * Moves pruning thresholds so that each layer keeps its share. Scores drift while weights are tuned to hard masks: without a
 * mask loss, attention goes back to tokens that the soft phase taught it to avoid, and more of them pass thresholds that stand
 * still. kept, shares: per layer, of one batch and wanted.
 */
export function holdShares(
  parameters: Parameters,
  spread: readonly number[],
  kept: readonly number[],
  shares: readonly number[],
  gain = HOLDING_GAIN,
): void {
  const prune = parameters.get(PRUNE_THRESHOLDS)!.values;
  for (let layer = 0; layer < prune.length; layer++)
    prune[layer] = prune[layer]! + gain * (kept[layer]! - shares[layer]!);
  constrainThresholds(parameters, spread, false);
}

/**
 * The same for the second thresholds: so that of the tokens that a layer keeps, [CLS] aside, its part `low` has low degree.
 * kept, important: per layer, of one batch, the last one's [CLS] alone
 */
export function holdLow(
  parameters: Parameters,
  spread: readonly number[],
  { kept, important }: { readonly kept: readonly number[]; readonly important: readonly number[] },
  low: readonly number[],
  gain = HOLDING_GAIN,
): void {
  const alone = kept.at(-1)!;
  const reduce = parameters.get(REDUCE_THRESHOLDS)!.values;
  for (let layer = 0; layer < reduce.length; layer++) {
    const wanted = alone + (kept[layer]! - alone) * (1 - low[layer]!);
    reduce[layer] = reduce[layer]! + gain * (important[layer]! - wanted);
  }
  constrainThresholds(parameters, spread, false);
}

/** Running mean of shares over some hundred steps. */
export const runningShares = (before: readonly number[] | null, kept: readonly number[]): number[] =>
  kept.map((share, layer) => (before ? 0.99 * before[layer]! + 0.01 * share : share));
