/** Normalizers: text → text, as the reference library does it. */
import { accents, chinese, controls, lowerCase, marks, normalForm, WHITE_SPACE } from './characters.js';
import { PrecompiledMap } from './precompiled-map.js';
import { type SimpleNormalizer, SPACES_PATTERN, type TokenizerJson } from './tokenizer-schema.js';

export type Normalize = (text: string) => string;

type BertOptions = Omit<Extract<SimpleNormalizer, { type: 'BertNormalizer' }>, 'type'>;

/** Where accents are not mentioned, they go with the capitals. */
export function bertNormalizer(options: BertOptions): Normalize {
  const { clean_text: cleans, handle_chinese_chars: splits, lowercase } = options;
  const strips = options.strip_accents ?? lowercase;
  return (text) => {
    let result = text;
    if (cleans) result = result.replace(controls, '').replace(WHITE_SPACE, ' ');
    if (splits) result = result.replace(chinese, ' $& ');
    if (strips) result = normalForm(result, 'NFD').replace(accents, '');
    return lowercase ? lowerCase(result) : result;
  };
}

function replacement({ pattern, content }: Extract<SimpleNormalizer, { type: 'Replace' }>): Normalize {
  if ('String' in pattern) return (text) => text.replaceAll(pattern.String, () => content);
  const spaces = new RegExp(SPACES_PATTERN, 'gu');
  return (text) => text.replace(spaces, () => content);
}

/** White space at the ends, by Unicode's property. */
function strip(left: boolean, right: boolean): Normalize {
  return (text) => {
    const characters = [...text];
    const isSpace = (character: string | undefined) =>
      character !== undefined && /^\p{White_Space}$/u.test(character);
    let [begin, end] = [0, characters.length];
    if (left) while (begin < end && isSpace(characters[begin])) begin++;
    if (right) while (end > begin && isSpace(characters[end - 1])) end--;
    return characters.slice(begin, end).join('');
  };
}

function simple(literal: SimpleNormalizer): Normalize {
  switch (literal.type) {
    case 'BertNormalizer':
      return bertNormalizer(literal);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = literal.type;
      return (text) => normalForm(text, form);
    }
    case 'Lowercase':
      return lowerCase;
    case 'StripAccents':
      return (text) => text.replace(marks, '');
    case 'Strip':
      return strip(literal.strip_left, literal.strip_right);
    case 'Replace':
      return replacement(literal);
    case 'Precompiled': {
      const map = new PrecompiledMap(literal.precompiled_charsmap);
      return (text) => map.normalize(text);
    }
  }
}

/** The normalizer of a `tokenizer.json`; none leaves the text as it is. */
export function createNormalizer(literal: TokenizerJson['normalizer']): Normalize {
  if (literal === null) return (text) => text;
  if (literal.type !== 'Sequence') return simple(literal);
  const steps = literal.normalizers.map(simple);
  return (text) => steps.reduce((result, step) => step(result), text);
}
