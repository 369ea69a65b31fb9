/** What a run needs that gives low degree to a model which prunes already. */
import type { RunConfig } from '../../config/schema.js';
import type { Method } from '../../methods/method.js';
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import { type LayerThresholds, withoutLastLayer } from '../../model/thresholds.js';
import { TrainingError } from '../errors.js';
import type { ModelState } from '../network/model-state.js';
import { thresholdParameters } from '../network/thresholds.js';

/** The thresholds that the model was trained to prune by. Throws TrainingError where it was not, or where the method has no low degree. */
export function pruningOf(
  { masks: { low }, method: name }: RunConfig,
  method: Method,
  checkpoint: Checkpoint | null,
): LayerThresholds[] {
  if (method.learns !== 'prune-reduce')
    throw new TrainingError(`masks.low: expected a method with a low degree, got ${name}`);
  const details = checkpoint?.details;
  if (!details?.prunes || !details.thresholds)
    throw new TrainingError(
      `masks.low: expected in model.checkpoint a model that prunes, the result of a run with masks.mode prune, got ${checkpoint ? 'one without thresholds' : 'none'}`,
    );
  if (details.reduces)
    throw new TrainingError('masks.low: expected a model that prunes alone, got one with a low degree');
  const thresholds = withoutLastLayer(details.thresholds);
  if (Array.isArray(low) && low.length !== thresholds.length)
    throw new TrainingError(
      `masks.low: expected ${thresholds.length} shares, one for every layer of the model but the last, got ${low.length}`,
    );
  return thresholds;
}

/** Thresholds in the unit of n·S: the state's spread is 1. */
export function placeThresholds(state: ModelState, thresholds: readonly LayerThresholds[]): void {
  for (const [name, parameter] of thresholdParameters(
    thresholds,
    thresholds.map(() => 1),
  ))
    state.parameters.set(name, parameter);
}
