/** What a classifier does class by class. */
import { checkLengths } from './lengths.js';

export interface ClassScores {
  readonly label: string;
  /** Examples of the class. */
  readonly support: number;
  /** Examples that were called so. */
  readonly predicted: number;
  /** 0 where nothing was called so. */
  readonly precision: number;
  /** 0 where there is no example. */
  readonly recall: number;
  readonly f1: number;
}

/** Counts [true class][predicted class]. Throws RangeError on lists of different lengths and on unknown classes. */
export function confusionMatrix(
  predicted: readonly number[],
  labels: readonly number[],
  classes: number,
): number[][] {
  checkLengths(predicted, labels);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, label] of labels.entries()) {
    const row = counts[label];
    const column = predicted[i]!;
    if (row?.[column] === undefined)
      throw new RangeError(`metrics: expected classes 0 to ${classes - 1}, got ${label} and ${column}`);
    row[column]++;
  }
  return counts;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Precision, recall and F1 of each class, from a confusion matrix. */
export function classScores(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
): ClassScores[] {
  return confusion.map((row, at) => {
    const support = row.reduce((sum, count) => sum + count, 0);
    const predicted = confusion.reduce((sum, other) => sum + other[at]!, 0);
    const right = row[at]!;
    return {
      label: names[at] ?? String(at),
      support,
      predicted,
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, support + predicted),
    };
  });
}

/** Mean F1 of the classes that occur, as label or prediction; 0 of nothing. */
export function macroF1Of(scores: readonly ClassScores[]): number {
  const seen = scores.filter(({ support, predicted }) => support + predicted > 0);
  return ratio(
    seen.reduce((sum, { f1 }) => sum + f1, 0),
    seen.length,
  );
}
