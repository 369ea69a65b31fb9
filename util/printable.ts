/**
 * Text from somebody else, made fit for a terminal or a log: what moves the cursor, colours, breaks lines or turns the reading
 * direction shows as an escape, and what is too long is cut.
 */

/** Controls (C0, DEL, C1), line and paragraph separators, marks and overrides of direction, invisible characters (not the joiners that scripts need), lone surrogates. */
const UNFIT =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Also within a JSON string. */
const escaped = (character: string): string => {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i).toString(16));
  return character === '\n' ? '\\n' : units.map((unit) => `\\u${unit.padStart(4, '0')}`).join('');
};

const MOST_CHARACTERS = 1_000;

/** One line of at most so many characters. */
export function printable(text: string, most = MOST_CHARACTERS): string {
  const whole = text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
  return whole.replace(UNFIT, escaped);
}

/** Lines of our own that may hold such text: line breaks stay, nothing is cut. */
export const printableLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(UNFIT, escaped))
    .join('\n');

/** Is there nothing in it that would be escaped? */
export const isPrintable = (text: string): boolean => text.replace(UNFIT, '').length === text.length;
