/** The functions and masks that a model is run with, by phase. */
import * as tf from '@tensorflow/tfjs';
import type { LayerThresholds } from '../../model/thresholds.js';
import type { Batch } from '../loop/batches.js';
import type { LayerMasks } from './masks.js';
import { currentThresholds, type ModelState } from './model-state.js';
import { ruleMasks } from './rule-masks.js';
import { bestMasks } from './schedule-masks.js';

/**
 * Hard masks by given thresholds; a model without reduction keeps every token at the high degree. temperatures: for their indecision,
 * where that is asked for.
 */
export const hardMasks = (
  thresholds: readonly LayerThresholds[],
  reduces: boolean,
  temperatures: readonly number[] = thresholds.map(() => 0),
): LayerMasks[] =>
  thresholds.map(({ prune, reduce }, layer) => ({
    mode: 'hard',
    prune: tf.scalar(prune),
    reduce: reduces ? tf.scalar(reduce) : null,
    temperature: temperatures[layer]!,
  }));

/** What a model is run with once it is trained: its method's rule, its schedule's masks, or its thresholds'; null if it keeps all tokens. */
export function finalMasks(state: ModelState, batch: Batch): LayerMasks[] | null {
  const thresholds = currentThresholds(state);
  if (thresholds === null) return ruleMasks(state);
  return state.schedule ? bestMasks(state.schedule, batch) : hardMasks(thresholds, state.reduces);
}
