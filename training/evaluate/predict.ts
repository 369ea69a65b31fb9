/** A model's predictions, and the tokens that its thresholds keep. */
import type { Precision } from '../../config/schema.js';
import type { CurveSet } from '../../methods/curves.js';
import type { EncodedExample } from '../loop/batches.js';
import { tokenShares } from '../loop/step.js';
import { finalMasks } from '../network/forward-options.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';
import { type AfterBatch, runBatches } from './run-batches.js';

export interface Predictions {
  /** [examples, labels], in the order of the examples given. */
  readonly logits: Float32Array;
  /** Per layer: tokens that leave its pruning (that are important) ÷ real tokens, mean over examples; the last keeps [CLS] alone. */
  readonly keptRatio: readonly number[];
  readonly importantRatio: readonly number[];
}

export interface PredictOptions {
  /** With hard masks by the model's thresholds, or without masks. */
  readonly prune: boolean;
  readonly precision?: Precision;
  /** The method's if no others are given. */
  readonly curves?: CurveSet;
}

export async function predict(
  state: ModelState,
  examples: readonly EncodedExample[],
  { prune, precision = 'float32', curves = curvesOfState(state) }: PredictOptions,
  afterBatch?: AfterBatch,
): Promise<Predictions> {
  const { layers, labels } = state.config;
  const classes = labels.length;
  const place = new Map(examples.map((example, i) => [example, i]));
  const logits = new Float32Array(examples.length * classes);
  const keptRatio = new Array<number>(layers).fill(0);
  const importantRatio = new Array<number>(layers).fill(0);
  await runBatches(
    state,
    examples,
    {
      options: (batch) => ({
        curves,
        masks: prune ? finalMasks(state, batch) : null,
        precision,
        compact: true,
      }),
      see(output, batch, group) {
        const values = output.logits.dataSync();
        group.forEach((example, row) => {
          logits.set(values.subarray(row * classes, (row + 1) * classes), place.get(example)! * classes);
        });
        const { kept, important } = tokenShares(output.layers, batch);
        const part = batch.size / examples.length;
        for (let layer = 0; layer < layers; layer++) {
          keptRatio[layer] = keptRatio[layer]! + kept[layer]! * part;
          importantRatio[layer] = importantRatio[layer]! + important[layer]! * part;
        }
      },
    },
    afterBatch,
  );
  return { logits, keptRatio, importantRatio };
}
