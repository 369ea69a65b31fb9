/** Pre-tokenizers: a normalized text → the pieces that a model looks at one by one. */
import { bertWords, gpt2Pieces } from './characters.js';
import type { SimplePreTokenizer, TokenizerJson } from './tokenizer-schema.js';

export interface Piece {
  readonly text: string;
  /** At the beginning of the whole text. */
  readonly isFirst: boolean;
}

export type PreTokenize = (piece: Piece) => Piece[];

const SPACE_MARK = '▁';

/** Printable characters that stand for the 256 bytes, as GPT-2 has them: visible ones for themselves, the rest from U+0100. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  const isVisible = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++));
})();

const encoder = new TextEncoder();
const asBytes = (text: string): string =>
  Array.from(encoder.encode(text), (byte) => BYTE_CHARACTERS[byte]).join('');

/** The parts of a text; the first of them is where the text is. */
const partsOf = ({ isFirst }: Piece, parts: readonly string[], startsWhole = true): Piece[] =>
  parts.map((text, i) => ({ text, isFirst: isFirst && startsWhole && i === 0 }));

type Metaspace = Extract<SimplePreTokenizer, { type: 'Metaspace' }>;

/** Spaces become marks, and every mark begins a piece. */
function metaspace({ add_prefix_space: adds, prepend_scheme: scheme, split }: Metaspace): PreTokenize {
  const prepends = scheme ?? (adds === false ? 'never' : 'always');
  return (piece) => {
    const marked = piece.text.replaceAll(' ', SPACE_MARK);
    const isWanted = prepends === 'always' || (prepends === 'first' && piece.isFirst);
    const needsMark = isWanted && marked !== '' && !marked.startsWith(SPACE_MARK);
    const text = needsMark ? SPACE_MARK + marked : marked;
    return partsOf(piece, split ? (text.match(/▁?[^▁]+|▁/gu) ?? []) : [text]);
  };
}

type ByteLevel = Extract<SimplePreTokenizer, { type: 'ByteLevel' }>;

function byteLevel({ add_prefix_space: adds, use_regex: splits }: ByteLevel): PreTokenize {
  return (piece) => {
    const needsSpace = adds && piece.text !== '' && !piece.text.startsWith(' ');
    const text = needsSpace ? ` ${piece.text}` : piece.text;
    return partsOf(piece, splits ? (text.match(gpt2Pieces) ?? []) : [text]).map((part) => ({
      ...part,
      text: asBytes(part.text),
    }));
  };
}

const STARTS_WITH_SPACE = /^\p{White_Space}/u;

function simple(literal: SimplePreTokenizer): PreTokenize {
  switch (literal.type) {
    case 'BertPreTokenizer':
      return (piece) =>
        partsOf(piece, piece.text.match(bertWords) ?? [], !STARTS_WITH_SPACE.test(piece.text));
    case 'WhitespaceSplit':
      return (piece) =>
        partsOf(piece, piece.text.match(/\P{White_Space}+/gu) ?? [], !STARTS_WITH_SPACE.test(piece.text));
    case 'ByteLevel':
      return byteLevel(literal);
    case 'Metaspace':
      return metaspace(literal);
  }
}

/** The pre-tokenizer of a `tokenizer.json`; none leaves the text in one piece. */
export function createPreTokenizer(literal: TokenizerJson['pre_tokenizer']): PreTokenize {
  if (literal === null) return (piece) => [piece];
  if (literal.type !== 'Sequence') return simple(literal);
  const steps = literal.pretokenizers.map(simple);
  return (piece) => steps.reduce((pieces, step) => pieces.flatMap(step), [piece]);
}
