/** Runs a model over examples without training: predictions, and the tokens that its thresholds keep. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../../config/schema.js';
import type { CurveSet } from '../../methods/curves.js';
import { type BatchLimits, type EncodedExample, evaluationBatches, makeBatch } from '../loop/batches.js';
import { tokenShares } from '../loop/step.js';
import { encode, NO_DROPOUT } from '../network/encoder.js';
import { finalMasks } from '../network/forward-options.js';
import { curvesOfState, type ModelState, weightTensors } from '../network/model-state.js';

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

/** Told after every batch how many examples are done; what it throws ends the work. */
export type AfterBatch = (done: number) => Promise<void>;

/** For what is computed of so many examples before a phase's first step. */
export type Watch = (what: string, examples: number) => AfterBatch;

/** Signals and other work have their turn between two batches. */
const breathe: AfterBatch = () => nextTurn();

export const unwatched: Watch = () => breathe;

export const EVALUATION_LIMITS: BatchLimits = { tokens: 8192, examples: 256 };

class Predicting implements Predictions {
  readonly logits: Float32Array;
  readonly keptRatio: number[];
  readonly importantRatio: number[];

  constructor(
    readonly state: ModelState,
    readonly examples: readonly EncodedExample[],
    readonly options: PredictOptions,
  ) {
    const { layers, labels } = state.config;
    this.logits = new Float32Array(examples.length * labels.length);
    this.keptRatio = new Array<number>(layers).fill(0);
    this.importantRatio = new Array<number>(layers).fill(0);
  }

  /** How many examples are done, after every batch. */
  *batches(): Generator<number, void> {
    const { state, examples } = this;
    const weights = weightTensors(state);
    const place = new Map(examples.map((example, i) => [example, i]));
    let done = 0;
    try {
      for (const group of evaluationBatches(examples, EVALUATION_LIMITS)) {
        tf.tidy(() => this.#predict(weights.get(), group, place));
        done += group.length;
        yield done;
      }
    } finally {
      weights.dispose();
    }
  }

  #predict(
    weights: Parameters<typeof encode>[0],
    group: readonly EncodedExample[],
    place: ReadonlyMap<EncodedExample, number>,
  ): void {
    const { state, options, logits, keptRatio, importantRatio } = this;
    const batch = makeBatch(group);
    const output = encode(weights, state.config, batch, batch.ids, {
      curves: options.curves ?? curvesOfState(state),
      masks: options.prune ? finalMasks(state, batch) : null,
      dropout: NO_DROPOUT,
      lastLayer: 'cls',
      precision: options.precision ?? 'float32',
      compact: true,
    });
    const values = output.logits.dataSync();
    const classes = state.config.labels.length;
    group.forEach((example, row) => {
      logits.set(values.subarray(row * classes, (row + 1) * classes), place.get(example)! * classes);
    });
    const { kept, important } = tokenShares(output.layers, batch);
    const part = batch.size / this.examples.length;
    for (let layer = 0; layer < keptRatio.length; layer++) {
      keptRatio[layer] = keptRatio[layer]! + kept[layer]! * part;
      importantRatio[layer] = importantRatio[layer]! + important[layer]! * part;
    }
  }
}

const found = ({ logits, keptRatio, importantRatio }: Predictions): Predictions => ({
  logits,
  keptRatio,
  importantRatio,
});

/** For few examples: nothing else happens meanwhile. */
export function predict(
  state: ModelState,
  examples: readonly EncodedExample[],
  options: PredictOptions,
): Predictions {
  const predicting = new Predicting(state, examples, options);
  for (const _ of predicting.batches());
  return found(predicting);
}

/** The same for as many as there are. */
export async function predictMany(
  state: ModelState,
  examples: readonly EncodedExample[],
  options: PredictOptions,
  afterBatch: AfterBatch = breathe,
): Promise<Predictions> {
  const predicting = new Predicting(state, examples, options);
  for (const done of predicting.batches()) await afterBatch(done);
  return found(predicting);
}
