/** Classes of characters for tokenizers, as regular expressions over code points. */
import { ACCENTS, CONTROLS, LETTERS, MARKS, NEWER, NUMBERS, PUNCTUATION } from './character-tables.js';

const escaped = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;

/** A table as the inside of a regular expression's brackets. */
function classOf(table: string): string {
  let end = 0;
  const ranges = table.split(' ').map((range) => {
    const [distance, length] = range.split('-');
    const begin = end + Number.parseInt(distance!, 36);
    end = begin + (length === undefined ? 0 : Number.parseInt(length, 36));
    return begin === end ? escaped(begin) : `${escaped(begin)}-${escaped(end)}`;
  });
  return ranges.join('');
}

const all = (inside: string): RegExp => new RegExp(`[${inside}]`, 'gu');

export const controls = all(classOf(CONTROLS));
export const accents = all(classOf(ACCENTS));
export const marks = all(classOf(MARKS));
/** What is written without spaces between words; the fifth range begins as late as in the reference. */
export const chinese =
  /[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{f900}-\u{faff}\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
export const WHITE_SPACE = /\p{White_Space}/gu;

const punctuation = classOf(PUNCTUATION);
/** A punctuation mark, or a word without any. */
export const bertWords = new RegExp(`[${punctuation}]|[^${punctuation}\\p{White_Space}]+`, 'gu');

const [letters, numbers] = [classOf(LETTERS), classOf(NUMBERS)];
/**
 * GPT-2's pieces: contractions, then letters, numbers or other characters with one space before, then spaces, of which the last
 * belongs to what follows.
 */
export const gpt2Pieces = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?[${letters}]+| ?[${numbers}]+| ?[^\\p{White_Space}${letters}${numbers}]+` +
    '|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+',
  'gu',
);

const newer = new RegExp(`([${classOf(NEWER)}]+)`, 'u');

export type NormalForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** Unicode normalization as far as the reference knows it: newer characters stay as they are, and in their places. */
export function normalForm(text: string, form: NormalForm): string {
  if (!newer.test(text)) return text.normalize(form);
  // With a group in the separator, the separators are at the odd places.
  return text
    .split(newer)
    .map((part, i) => (i % 2 === 1 ? part : part.normalize(form)))
    .join('');
}

/** Lower case of every character by itself: the final sigma depends on its neighbours in JavaScript, not in the reference. */
export const lowerCase = (text: string): string => text.replaceAll('Σ', 'σ').toLowerCase();
