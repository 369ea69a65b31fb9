/**
 * Further texts without labels, from those that are there: a text with a run of its words left out (span cutoff, Shen et al., 2020).
 * Unlike recombined pairs they are as likely of one class as of another.
 */
import type { Example } from '../sources/dataset.js';
import { splitmix32 } from '../../util/splitmix32.js';
import type { FurtherText } from './further-texts.js';
import { withoutSpan } from './shorten.js';

/** At most these shares of a text's words are left out; of two texts the second loses some always, the first every other time. */
const largestShare = { first: 0.4, second: 0.5, alone: 0.5 };

/** `each` texts for every example. The same seed gives the same texts. */
export function cutTexts(examples: readonly Example[], each: number, seed: number): FurtherText[] {
  const random = splitmix32(seed);
  return examples.flatMap(({ text, textPair }) =>
    Array.from({ length: each }, () => {
      if (textPair === null) return { text: withoutSpan(text, largestShare.alone, random), textPair };
      const first = random() < 0.5 ? withoutSpan(text, largestShare.first, random) : text;
      return { text: first, textPair: withoutSpan(textPair, largestShare.second, random) };
    }),
  );
}
