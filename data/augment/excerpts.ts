/**
 * Further pairs without labels: an excerpt of the second text in place of the first, with the first's first word and last mark, so
 * that it begins and ends as first texts do ("When" + "was built … by monks" + "?"). Of the pairs that can be made of those that are
 * there, these are the ones that belong together: recombined pairs hardly do.
 */
import type { Example } from '../sources/dataset.js';
import { splitmix32 } from '../../util/splitmix32.js';
import { type FurtherText, secondOf } from './further-texts.js';
import { excerpt } from './shorten.js';

const MARKS = /[.,;:!?]+$/;

function inTheFormOf(first: string, words: string): string {
  const [word = ''] = first.trim().split(/\s+/);
  return `${word.replace(MARKS, '')} ${words.replace(MARKS, '')}${MARKS.exec(first.trim())?.[0] ?? ''}`.trim();
}

/**
 * `each` pairs for every example. The same seed gives the same pairs.
 * @throws DatasetError if an example is a single text
 */
export function excerptPairs(examples: readonly Example[], each: number, seed: number): FurtherText[] {
  const random = splitmix32(seed);
  return examples.flatMap((example) => {
    const textPair = secondOf(example, 'excerpts');
    return Array.from({ length: each }, () => ({
      text: inTheFormOf(example.text, excerpt(textPair, random)),
      textPair,
    }));
  });
}
