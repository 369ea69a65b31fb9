/**
 * Which tokens leave in which layer: what a model's owner may look at on data of its own. In private inference nobody learns
 * it; there only the counts are opened.
 */
import type * as tf from '@tensorflow/tfjs';
import type { EncodedExample } from '../loop/batches.js';
import { finalMasks } from '../network/forward-options.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';
import { predictions } from './evaluate.js';
import { type AfterBatch, runBatches } from './run-batches.js';

export interface TokenTrace {
  /** Per token: the layer whose pruning took it away; null if it stayed to the end. */
  readonly left: readonly (number | null)[];
  /** Per layer: tokens that leave its pruning, and the important ones among them; the last layer goes on with [CLS] alone. */
  readonly kept: readonly number[];
  readonly important: readonly number[];
  /** Class number, or the number of a regression. */
  readonly predicted: number;
  readonly logits: readonly number[];
}

/** One sequence's part of masks [layers][batch · tokens] that are 0 or 1. */
function traceOf(
  kept: readonly Float32Array[],
  important: readonly Float32Array[],
  begin: number,
  length: number,
): Pick<TokenTrace, 'left' | 'kept' | 'important'> {
  const isKept = (layer: number, token: number): boolean => kept[layer]![begin + token]! > 0.5;
  const isImportant = (layer: number, token: number): boolean =>
    isKept(layer, token) && important[layer]![begin + token]! > 0.5;
  const tokens = Array.from({ length }, (_, token) => token);
  const last = kept.length - 1;
  const count = (layer: number, is: (layer: number, token: number) => boolean): number =>
    layer === last ? 1 : tokens.filter((token) => is(layer, token)).length;
  return {
    left: tokens.map((token) => {
      const layer = kept.findIndex((_, at) => !isKept(at, token));
      return layer < 0 ? null : layer;
    }),
    kept: kept.map((_, layer) => count(layer, isKept)),
    important: kept.map((_, layer) => count(layer, isImportant)),
  };
}

/** Traces of examples, in their order, with hard masks by the model's thresholds. */
export async function traceTokens(
  state: ModelState,
  examples: readonly EncodedExample[],
  afterBatch?: AfterBatch,
): Promise<TokenTrace[]> {
  const traces = new Map<EncodedExample, TokenTrace>();
  const classes = state.config.labels.length;
  const values = (tensor: tf.Tensor): Float32Array => tensor.dataSync() as Float32Array;
  await runBatches(
    state,
    examples,
    {
      options: (batch) => ({
        curves: curvesOfState(state),
        masks: finalMasks(state, batch),
        compact: true,
      }),
      see(output, batch, group) {
        const logits = values(output.logits);
        const predicted = predictions(logits, state.config);
        const kept = output.layers.map((masks) => values(masks.kept));
        const important = output.layers.map((masks) => values(masks.important));
        group.forEach((example, row) => {
          traces.set(example, {
            ...traceOf(kept, important, row * batch.tokens, example.ids.length),
            predicted: predicted[row]!,
            logits: [...logits.subarray(row * classes, (row + 1) * classes)],
          });
        });
      },
    },
    afterBatch,
  );
  return examples.map((example) => traces.get(example)!);
}
