/**
 * Learns a word-piece vocabulary from text. Words start as characters; again and again the pair of neighbouring
 * pieces whose merger raises the likelihood of the text most becomes a piece of its own (Schuster and Nakajima,
 * "Japanese and Korean voice search", ICASSP 2012). For a unigram model of pieces that gain is, to first order,
 *   n(ab) · log( n(ab) · N / (n(a) · n(b)) ).
 */
import { bertWords } from './characters.js';
import { bertNormalizer } from './normalizer.js';
import { SPECIAL_TOKENS, TokenizerError } from './tokenizer-files.js';

export interface WordPieceOptions {
  /** Tokens in the result at most, special tokens and characters included. */
  readonly vocabularySize: number;
  /** Characters and pairs seen less often are ignored. */
  readonly minimumCount?: number;
}

/** Lower-case BERT normalisation and splitting at spaces and punctuation: as the tokenizer will do. */
const normalize = bertNormalizer({
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
});

function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of normalize(text).match(bertWords) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** One distinct word: its pieces by id and how often it occurs. */
interface Word {
  pieces: number[];
  readonly count: number;
}

const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Pieces by id with their counts, and every neighbouring pair with its count and the words it may occur in. */
class PieceStatistics {
  readonly pieces: string[] = [];
  readonly counts: number[] = [];
  total = 0;
  private readonly pairSlots = new Map<number, number>();
  private readonly pairKeys: number[] = [];
  private readonly pairCounts: number[] = [];
  private readonly pairWords: Set<Word>[] = [];

  constructor(words: readonly Word[], alphabet: readonly string[]) {
    for (const piece of alphabet) this.addPiece(piece);
    for (const word of words) this.countWord(word, 1);
  }

  addPiece(piece: string): number {
    this.counts.push(0);
    return this.pieces.push(piece) - 1;
  }

  private static key = (a: number, b: number): number => a * 2 ** 24 + b;

  /** Adds (sign 1) or removes (sign −1) a word's pieces and pairs. */
  private countWord(word: Word, sign: 1 | -1): void {
    const { pieces, count } = word;
    this.total += sign * count * pieces.length;
    for (let i = 0; i < pieces.length; i++) {
      this.counts[pieces[i]!]! += sign * count;
      if (i + 1 < pieces.length)
        this.countPair(PieceStatistics.key(pieces[i]!, pieces[i + 1]!), sign * count, word);
    }
  }

  private countPair(key: number, count: number, word: Word): void {
    let slot = this.pairSlots.get(key);
    if (slot === undefined) {
      slot = this.pairKeys.push(key) - 1;
      this.pairSlots.set(key, slot);
      this.pairCounts.push(0);
      this.pairWords.push(new Set());
    }
    this.pairCounts[slot]! += count;
    if (count > 0) this.pairWords[slot]!.add(word);
  }

  /** The pair whose merger gains most, or null if none gains; ties go to the pair that was seen first. */
  bestPair(minimumCount: number): { a: number; b: number } | null {
    let best = -1;
    let bestGain = 0;
    const logTotal = Math.log(this.total);
    for (let slot = 0; slot < this.pairKeys.length; slot++) {
      const count = this.pairCounts[slot]!;
      // n(a) and n(b) are at least n(ab), so the gain is below n(ab) · log N: skip the logarithm for most pairs.
      if (count < minimumCount || count * logTotal <= bestGain) continue;
      const key = this.pairKeys[slot]!;
      const a = Math.floor(key / 2 ** 24);
      const b = key % 2 ** 24;
      const gain = count * (Math.log(count / (this.counts[a]! * this.counts[b]!)) + logTotal);
      if (gain > bestGain) {
        best = slot;
        bestGain = gain;
      }
    }
    if (best < 0) return null;
    const key = this.pairKeys[best]!;
    return { a: Math.floor(key / 2 ** 24), b: key % 2 ** 24 };
  }

  /** Replaces a b by the merged piece in every word. */
  merge(a: number, b: number, merged: number): void {
    const words = [...this.pairWords[this.pairSlots.get(PieceStatistics.key(a, b))!]!];
    for (const word of words) {
      const pieces: number[] = [];
      for (let i = 0; i < word.pieces.length; i++) {
        const here = word.pieces[i] === a && word.pieces[i + 1] === b;
        pieces.push(here ? merged : word.pieces[i]!);
        if (here) i++;
      }
      if (pieces.length === word.pieces.length) continue;
      this.countWord(word, -1);
      word.pieces = pieces;
      this.countWord(word, 1);
    }
  }
}

/** 'cat' → c ##a ##t. */
const characters = (word: string): string[] =>
  [...word].map((character, i) => (i === 0 ? character : `##${character}`));

/** Learns a vocabulary in id order: special tokens, characters, then merged pieces from the most useful on. */
export function learnWordPieces(texts: Iterable<string>, options: WordPieceOptions): string[] {
  const minimumCount = options.minimumCount ?? 2;
  const wordCounts = countWords(texts);
  if (wordCounts.size === 0) throw new TokenizerError('word pieces: expected text with words, got none');
  const characterCounts = new Map<string, number>();
  for (const [word, count] of wordCounts)
    for (const piece of characters(word))
      characterCounts.set(piece, (characterCounts.get(piece) ?? 0) + count);
  const alphabet = [...characterCounts.keys()]
    .filter((c) => characterCounts.get(c)! >= minimumCount)
    .sort(byCodePoint);
  if (SPECIAL_TOKENS.length + alphabet.length > options.vocabularySize) {
    throw new TokenizerError(
      `word pieces: vocabularySize ${options.vocabularySize} is below the ${SPECIAL_TOKENS.length + alphabet.length} special tokens and characters`,
    );
  }
  const ids = new Map(alphabet.map((piece, id) => [piece, id]));
  const words: Word[] = [];
  for (const [word, count] of wordCounts) {
    const pieces = characters(word).map((piece) => ids.get(piece));
    if (pieces.every((piece) => piece !== undefined)) words.push({ pieces, count });
  }
  return [...SPECIAL_TOKENS, ...mergePieces(words, alphabet, ids, options.vocabularySize, minimumCount)];
}

function mergePieces(
  words: readonly Word[],
  alphabet: readonly string[],
  ids: Map<string, number>,
  vocabularySize: number,
  minimumCount: number,
): readonly string[] {
  const statistics = new PieceStatistics(words, alphabet);
  while (statistics.pieces.length + SPECIAL_TOKENS.length < vocabularySize) {
    const pair = statistics.bestPair(minimumCount);
    if (pair === null) break;
    const piece = statistics.pieces[pair.a]! + statistics.pieces[pair.b]!.slice(2);
    // Two ways to the same piece (a·bc, ab·c) share one id.
    const merged = ids.get(piece) ?? statistics.addPiece(piece);
    ids.set(piece, merged);
    statistics.merge(pair.a, pair.b, merged);
  }
  return statistics.pieces;
}
