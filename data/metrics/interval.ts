/** How far a metric may be off by the choice of the examples: 95% confidence intervals. */
import type { MetricName } from '../../model/task.js';
import { splitmix32 } from '../../util/splitmix32.js';
import { metricFunctions } from './metrics.js';

export type Interval = readonly [number, number];

/** Quantile of the normal distribution that leaves 2.5% above. */
const Z = 1.959964;
const RESAMPLES = 400;
const SEED = 1;
/** Examples drawn over all resamples at most: enough for figures, and no more than a second or two of work. */
const MOST_DRAWN = 4_000_000;

/** Of a share of `count` examples (E. B. Wilson, 1927). */
function wilson(share: number, count: number): Interval {
  if (count === 0) return [0, 1];
  const square = Z ** 2 / count;
  const middle = (share + square / 2) / (1 + square);
  const half = (Z / (1 + square)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** Percentiles over resampled examples (B. Efron, 1979), always the same ones. */
function bootstrap(name: MetricName, predicted: readonly number[], labels: readonly number[]): Interval {
  const random = splitmix32(SEED);
  const count = labels.length;
  const rounds = Math.max(50, Math.min(RESAMPLES, Math.floor(MOST_DRAWN / count)));
  const values = Array.from({ length: rounds }, () => {
    const drawn = Array.from({ length: count }, () => Math.floor(random() * count));
    return metricFunctions[name](
      drawn.map((at) => predicted[at]!),
      drawn.map((at) => labels[at]!),
    );
  }).sort((a, b) => a - b);
  const at = (share: number): number => values[Math.round(share * (values.length - 1))]!;
  return [at(0.025), at(0.975)];
}

/** Of a metric over these examples; null of nothing. */
export function intervalOf(
  name: MetricName,
  predicted: readonly number[],
  labels: readonly number[],
): Interval | null {
  if (labels.length === 0) return null;
  if (name === 'accuracy') return wilson(metricFunctions.accuracy(predicted, labels), labels.length);
  return bootstrap(name, predicted, labels);
}
