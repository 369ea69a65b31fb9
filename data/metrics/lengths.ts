/** Throws RangeError unless every prediction has its label. */
export function checkLengths(predicted: readonly number[], labels: readonly number[]): void {
  if (predicted.length !== labels.length)
    throw new RangeError(
      `metrics: expected as many predictions as labels, got ${predicted.length} and ${labels.length}`,
    );
}
