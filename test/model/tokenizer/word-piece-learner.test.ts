import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../../model/tokenizer/tokenizer.js';
import { tokenizerFilesFromVocabulary } from '../../../model/tokenizer/tokenizer-files.js';
import { learnWordPieces } from '../../../model/tokenizer/word-piece-learner.js';

const texts = ['The cat sat.', 'the cat ran', 'A cat, a hat!', 'the hat the hat'];

/** Likelihood gain of merging each pair, recomputed from scratch over words split into characters. */
function firstMerge(words: readonly string[]): string {
  const pieces = words.map((word) => [...word].map((c, i) => (i === 0 ? c : `##${c}`)));
  const count = new Map<string, number>();
  for (const piece of pieces.flat()) count.set(piece, (count.get(piece) ?? 0) + 1);
  const pairs = new Map<string, number>();
  for (const word of pieces)
    for (let i = 0; i + 1 < word.length; i++)
      pairs.set(`${word[i]} ${word[i + 1]}`, (pairs.get(`${word[i]} ${word[i + 1]}`) ?? 0) + 1);
  const total = pieces.flat().length;
  const gain = (pair: string): number => {
    const [a, b] = pair.split(' ') as [string, string];
    const n = pairs.get(pair)!;
    return n * Math.log((n * total) / (count.get(a)! * count.get(b)!));
  };
  const best = [...pairs.keys()].sort((p, q) => gain(q) - gain(p))[0]!;
  return best.replace(' ##', '');
}

describe('learnWordPieces', () => {
  it('begins with special tokens and characters in code point order', () => {
    const vocabulary = learnWordPieces(texts, { vocabularySize: 64, minimumCount: 1 });
    expect(vocabulary.slice(0, 8)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '!', '##a', '##e']);
    expect(new Set(vocabulary).size).toBe(vocabulary.length);
  });

  it('merges first what raises the likelihood most', () => {
    const words = 'low lower lowest newer wider low low newest widest'.split(' ');
    const characters = new Set(words.flatMap((w) => [...w].map((c, i) => (i === 0 ? c : `##${c}`)))).size;
    const vocabulary = learnWordPieces([words.join(' ')], {
      vocabularySize: 5 + characters + 1,
      minimumCount: 1,
    });
    expect(vocabulary.at(-1)).toBe(firstMerge(words));
  });

  it('learns whole frequent words, so that they are one token', () => {
    const vocabulary = learnWordPieces(texts, { vocabularySize: 200 });
    const tokenizer = createTokenizer(tokenizerFilesFromVocabulary(vocabulary));
    expect(tokenizer.encode('THE hat', null, 8).tokens).toEqual(['[CLS]', 'the', 'hat', '[SEP]']);
  });

  it('covers its training text without unknown tokens, deterministically and within the size', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 30 });
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 12, max: 40 }),
        (sample, size) => {
          fc.pre(sample.some((text) => text.trim() !== ''));
          const vocabulary = learnWordPieces(sample, { vocabularySize: size, minimumCount: 1 });
          expect(vocabulary.length).toBeLessThanOrEqual(size);
          expect(learnWordPieces(sample, { vocabularySize: size, minimumCount: 1 })).toEqual(vocabulary);
          const tokenizer = createTokenizer(tokenizerFilesFromVocabulary(vocabulary));
          for (const text of sample) expect(tokenizer.encode(text, null, 64).tokens).not.toContain('[UNK]');
        },
      ),
    );
  });

  it('refuses text without words and a size below the alphabet', () => {
    expect(() => learnWordPieces([' '], { vocabularySize: 10 })).toThrow(/expected text with words/);
    expect(() => learnWordPieces(texts, { vocabularySize: 6 })).toThrow(/vocabularySize 6/);
  });
});
