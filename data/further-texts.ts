/** What the ways of recombining texts have in common: they make texts without labels. */
import type { Example } from './dataset.js';

/** One or two texts that nobody has labelled. */
export type FurtherText = Pick<Example, 'text' | 'textPair'>;

/** They as examples, whose indices go on after those of the examples that they were made from. */
export function asExamples(further: readonly FurtherText[], examples: readonly Example[]): Example[] {
  const first = 1 + examples.reduce((largest, { index }) => Math.max(largest, index), -1);
  return further.map(({ text, textPair }, i) => ({ index: first + i, text, textPair, label: null }));
}
