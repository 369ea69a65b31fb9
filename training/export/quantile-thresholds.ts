/**
 * Thresholds for a model that nobody has trained to prune: quantiles of the scores on sample texts. Every layer keeps the same part of
 * the tokens that reach it, so that the mean over the pruning layers is the share that was asked for.
 */
import { type LayerThresholds, withLastLayer } from '../../model/thresholds.js';
import { collectScores } from '../evaluate/evaluate.js';
import type { EncodedExample } from '../loop/batches.js';
import { type ModelState, pruningLayers } from '../network/model-state.js';
import { quantile } from '../network/thresholds.js';

/** The part r with (r + r² + … + r^layers) / layers = keep, by halving; the mean grows with r. */
function partOfEachLayer(keep: number, layers: number): number {
  const meanOf = (r: number): number =>
    Array.from({ length: layers }, (_, i) => r ** (i + 1)).reduce((a, b) => a + b, 0) / layers;
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (meanOf(middle) < keep) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** One pair a layer; the last one prunes nothing. keep: 0-1, mean over the layers that prune. */
export async function quantileThresholds(
  state: ModelState,
  examples: readonly EncodedExample[],
  keep: number,
): Promise<LayerThresholds[]> {
  const layers = pruningLayers(state.config);
  const part = partOfEachLayer(keep, layers);
  const thresholds = Array.from({ length: layers }, (): LayerThresholds => ({ prune: 0, reduce: 0 }));
  // What a layer's scores are depends on what the layers before have left.
  for (let layer = 0; layer < layers; layer++) {
    const collected = await collectScores(state, examples, thresholds);
    const scores = collected[layer]!.sort((a, b) => a - b);
    const prune = quantile(scores, 1 - part);
    thresholds[layer] = { prune, reduce: prune };
  }
  return withLastLayer(thresholds);
}
