/** What an export reports besides the artifact. */

/** A range that the fixed-point ring cannot hold. */
export interface RangeWarning {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

export interface Comparison {
  /** Texts with the same class, or the same labels; null for a regression, whose numbers are never quite the same. */
  readonly sameAnswers: number | null;
  /** Of a probability, or of the number of a regression. */
  readonly largestDifference: number;
  readonly meanDifference: number;
}

/** All against the model as it was: its own weights, exact functions, all tokens. */
export interface Agreement {
  readonly texts: number;
  /** False where there were too few texts to keep some apart from those that ranges and thresholds were measured on. */
  readonly heldOut: boolean;
  /** Rounded weights and the functions of the private engine, all tokens. */
  readonly withoutPruning: Comparison;
  /** The same with the artifact's thresholds; null where it has none. */
  readonly pruned: Comparison | null;
  /** Tokens that leave the pruning layers, mean over texts and layers; null without thresholds. */
  readonly kept: number | null;
}
