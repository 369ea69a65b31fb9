/** Texts made shorter at random: what is left of them stays in order. */

export type Random = () => number;

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** A whole number from `least` to `most`. */
const between = (least: number, most: number, random: Random): number =>
  least + Math.floor(random() * (most - least + 1));

function withoutRun(words: readonly string[], length: number, random: Random): string[] {
  const start = between(0, words.length - length, random);
  return [...words.slice(0, start), ...words.slice(start + length)];
}

/** Without a run of words, 1 to `share` of all, anywhere; a text of too few words as it is. */
export function withoutSpan(text: string, share: number, random: Random): string {
  const words = wordsOf(text);
  const most = Math.floor(words.length * share);
  return most < 1 ? text : withoutRun(words, between(1, most, random), random).join(' ');
}

const excerptWords = { least: 6, most: 14, gap: 4 };

/** 6 to 14 words in a row, without a run of 1 to 4 of them; a shorter text but for such a run, of one word all. */
export function excerpt(text: string, random: Random): string {
  const words = wordsOf(text);
  const { least, most, gap } = excerptWords;
  const size = Math.min(words.length, between(least, most, random));
  const start = between(0, words.length - size, random);
  const window = words.slice(start, start + size);
  return size < 2 ? text : withoutRun(window, between(1, Math.min(gap, size - 1), random), random).join(' ');
}
