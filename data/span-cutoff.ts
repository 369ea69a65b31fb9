/**
 * Further texts without labels, from those that are there: a text with a run of its words left out, of two texts the second (span
 * cutoff, Shen et al., 2020). Unlike recombined pairs they are as likely of one class as of another.
 */
import type { Example } from './dataset.js';
import type { FurtherText } from './further-texts.js';
import { splitmix32 } from './synthetic.js';

/** At most this share of the words is left out. */
const largestShare = 0.5;

/** A text without a run of words of random length and place; one of a single word as it is. */
function withoutSpan(text: string, random: () => number): string {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const most = Math.floor(words.length * largestShare);
  if (most === 0) return text;
  const length = 1 + Math.floor(random() * most);
  const start = Math.floor(random() * (words.length - length + 1));
  return [...words.slice(0, start), ...words.slice(start + length)].join(' ');
}

/** `each` texts for every example. The same seed gives the same texts. */
export function spanCutoffs(examples: readonly Example[], each: number, seed: number): FurtherText[] {
  const random = splitmix32(seed);
  return examples.flatMap(({ text, textPair }) =>
    Array.from({ length: each }, () =>
      textPair === null
        ? { text: withoutSpan(text, random), textPair }
        : { text, textPair: withoutSpan(textPair, random) },
    ),
  );
}
