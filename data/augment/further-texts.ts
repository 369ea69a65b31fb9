/** What the ways of recombining texts have in common: they make texts without labels. */
import { DatasetError, type Example } from '../sources/dataset.js';

/** One or two texts that nobody has labelled. */
export type FurtherText = Pick<Example, 'text' | 'textPair'>;

/** They as examples, whose indices go on after those of the examples that they were made from. */
export function asExamples(further: readonly FurtherText[], examples: readonly Example[]): Example[] {
  const first = 1 + examples.reduce((largest, { index }) => Math.max(largest, index), -1);
  return further.map(({ text, textPair }, i) => ({ index: first + i, text, textPair, label: null }));
}

/**
 * The second text of an example; `what` needs two.
 * @throws DatasetError if there is none
 */
export function secondOf({ index, textPair }: Example, what: string): string {
  if (textPair === null) throw new DatasetError(`${what}: example ${index}: expected two texts, got one`);
  return textPair;
}
