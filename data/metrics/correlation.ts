/** Correlations of predicted and true numbers: what a regression is measured by. */
import { checkLengths } from './lengths.js';
import { mean } from './mean.js';

/** Linear correlation, −1 to 1; 0 where either side is constant (K. Pearson, 1895). */
export function pearson(predicted: readonly number[], labels: readonly number[]): number {
  checkLengths(predicted, labels);
  const [middle, wanted] = [mean(predicted), mean(labels)];
  let [product, square, wantedSquare] = [0, 0, 0];
  for (const [i, value] of predicted.entries()) {
    const [x, y] = [value - middle, labels[i]! - wanted];
    product += x * y;
    square += x * x;
    wantedSquare += y * y;
  }
  const denominator = Math.sqrt(square * wantedSquare);
  return denominator === 0 ? 0 : product / denominator;
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => values[a]! - values[b]!);
  const ranked = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (const at of order.slice(from, to)) ranked[at] = (from + 1 + to) / 2;
    from = to;
  }
  return ranked;
}

/** Correlation of ranks, −1 to 1 (C. Spearman, 1904). */
export function spearman(predicted: readonly number[], labels: readonly number[]): number {
  checkLengths(predicted, labels);
  return pearson(ranks(predicted), ranks(labels));
}
