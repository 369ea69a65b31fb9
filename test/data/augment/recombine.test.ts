import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recombinedPairs } from '../../../data/augment/recombine.js';
import type { Example } from '../../../data/sources/dataset.js';

const pair = (index: number, text: string, textPair: string | null): Example => ({
  index,
  text,
  textPair,
  label: 1,
});

const words = (text: string): string[] =>
  [...new Set(text.toLowerCase().split(/[^a-z0-9]+/))].filter(Boolean);

/** BM25 of one text for a query, over all second texts, from its definition. */
function naiveScore(query: string, text: string, texts: readonly string[]): number {
  const mean = texts.reduce((sum, other) => sum + words(other).length, 0) / texts.length;
  const own = words(text);
  let score = 0;
  for (const word of words(query)) {
    if (!own.includes(word)) continue;
    const holders = texts.filter((other) => words(other).includes(word)).length;
    const rarity = Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5));
    score += (rarity * 2.2) / (1 + 1.2 * (0.25 + (0.75 * own.length) / mean));
  }
  return score;
}

describe('recombined pairs', () => {
  const examples = [
    pair(3, 'Where does the river rise?', 'The river rises in the hills.'),
    pair(4, 'Where does the river rise?', 'It is long.'),
    pair(7, 'Who built the bridge?', 'The bridge over the river was built by monks.'),
    pair(9, 'When was the bridge built?', 'Nobody knows.'),
  ];

  it('join a first text with the second texts that share its rarest words', () => {
    expect(recombinedPairs(examples, 1)).toEqual([
      { text: 'Where does the river rise?', textPair: 'The bridge over the river was built by monks.' },
      { text: 'Who built the bridge?', textPair: 'The river rises in the hills.' },
      { text: 'When was the bridge built?', textPair: 'The bridge over the river was built by monks.' },
    ]);
  });

  it('are the best by BM25 that are not among the examples', () => {
    const text = fc
      .array(fc.constantFrom('river', 'Bridge', 'hill', 'long', 'old', 'built', 'monk'), {
        minLength: 1,
        maxLength: 6,
      })
      .map((parts) => parts.join(' '));
    const given = fc
      .array(fc.tuple(text, text), { minLength: 1, maxLength: 12 })
      .map((pairs) => pairs.map(([first, second], i) => pair(i, first, second)));
    fc.assert(
      fc.property(given, fc.integer({ min: 0, max: 3 }), (all, each) => {
        const made = recombinedPairs(all, each);
        const seconds = [...new Set(all.map(({ textPair }) => textPair!))];
        for (const first of new Set(all.map(({ text }) => text))) {
          const known = all.filter((e) => e.text === first).map(({ textPair }) => textPair);
          const expected = seconds
            .filter((second) => !known.includes(second))
            .map((second) => naiveScore(first, second, seconds))
            .filter((score) => score > 0)
            .sort((a, b) => b - a)
            .slice(0, each);
          const got = made.filter((e) => e.text === first).map(({ textPair }) => textPair!);
          expect(new Set(got).size).toBe(got.length);
          expect(got.filter((second) => known.includes(second))).toEqual([]);
          expect(got).toHaveLength(expected.length);
          got.forEach((second, i) => {
            expect(naiveScore(first, second, seconds)).toBeCloseTo(expected[i]!, 9);
          });
        }
      }),
    );
  });

  it('need two texts', () => {
    expect(() => recombinedPairs([pair(5, 'alone', null)], 1)).toThrow(
      /example 5: expected two texts, got one/,
    );
  });
});
