import type { Scores } from '../../data/metrics/scores.js';

/** What a model is worth on a development set. */
export interface Evaluation extends Scores {
  readonly loss: number;
  readonly keptRatio: readonly number[];
  readonly importantRatio: readonly number[];
  /** Mean over layers. */
  readonly meanKeptRatio: number;
}
