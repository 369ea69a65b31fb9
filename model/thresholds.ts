/**
 * Learned thresholds and their units. A layer's score of a token is n·S, the mean over heads of its attention column's sum times the
 * number of tokens: 1 for uniform attention at any length. Training learns them in spreads of those scores
 * (training/network/thresholds.ts); parties compare sums over heads.
 */

/** Of one layer, on n·S. */
export interface LayerThresholds {
  /** Tokens below are pruned. */
  readonly prune: number;
  /** Tokens at or above get the high-degree polynomials; `reduce` >= `prune`. */
  readonly reduce: number;
}

/** The last layer keeps [CLS] alone, whatever its thresholds are. */
const OF_LAST_LAYER: LayerThresholds = { prune: 0, reduce: 0 };

/** As files have them, one pair a layer, from those of the layers that prune. */
export const withLastLayer = (pruning: readonly LayerThresholds[]): LayerThresholds[] => [
  ...pruning,
  OF_LAST_LAYER,
];

/** Those of the layers that prune, from one pair a layer. */
export const withoutLastLayer = (all: readonly LayerThresholds[]): LayerThresholds[] => all.slice(0, -1);

/** Of sums over heads in place of means. */
export const summedOverHeads = ({ prune, reduce }: LayerThresholds, heads: number): LayerThresholds => ({
  prune: prune * heads,
  reduce: reduce * heads,
});

/** Of means over heads in place of sums. */
export const meanOverHeads = ({ prune, reduce }: LayerThresholds, heads: number): LayerThresholds => ({
  prune: prune / heads,
  reduce: reduce / heads,
});
