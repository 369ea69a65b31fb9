import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutTexts } from '../../../data/augment/cutoff.js';
import { excerptPairs } from '../../../data/augment/excerpts.js';
import { excerpt, withoutSpan } from '../../../data/augment/shorten.js';
import type { Example } from '../../../data/sources/dataset.js';
import { splitmix32 } from '../../../util/splitmix32.js';

const example = (index: number, text: string, textPair: string | null): Example => ({
  index,
  text,
  textPair,
  label: 0,
});

/** Distinct words, so that what is left says where it came from. */
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `w${i}`);
const placesOf = (text: string): number[] => text.split(' ').map((word) => Number(word.slice(1)));
/** Neighbours that are not next to each other in the text. */
const gapsOf = (places: readonly number[]): number[] =>
  places
    .slice(1)
    .map((place, i) => place - places[i]! - 1)
    .filter((gap) => gap !== 0);

const counts = fc.integer({ min: 1, max: 60 });

describe('shortened texts', () => {
  it('lose one run of words', () => {
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.integer(),
        (count, share, seed) => {
          const words = numbered(count);
          const places = placesOf(withoutSpan(words.join(' '), share, splitmix32(seed)));
          const most = Math.floor(share * count);
          if (most === 0) expect(places).toHaveLength(count);
          else expect(places.length).toBeLessThan(count);
          expect(places.length).toBeGreaterThanOrEqual(count - most);
          const inside = gapsOf(places);
          expect(inside.length).toBeLessThanOrEqual(1);
          expect(inside.every((gap) => gap > 0)).toBe(true);
        },
      ),
    );
  });

  it('are excerpts of at most 14 words, one run of up to 4 left out', () => {
    fc.assert(
      fc.property(counts, fc.integer(), (count, seed) => {
        const places = placesOf(excerpt(numbered(count).join(' '), splitmix32(seed)));
        expect(places.length).toBeLessThanOrEqual(count === 1 ? 1 : Math.min(count, 14) - 1);
        expect(places.length).toBeGreaterThanOrEqual(count < 6 ? 1 : 2);
        const inside = gapsOf(places);
        expect(inside.length).toBeLessThanOrEqual(1);
        for (const gap of inside) expect(gap > 0 && gap <= 4).toBe(true);
      }),
    );
  });
});

const pairs = [
  example(3, 'Where does the river rise?', numbered(20).join(' ')),
  example(4, 'How long is it', numbered(1).join(' ')),
];

describe('cut texts', () => {
  it('are shorter versions, of two texts of the second at least, the same for the same seed', () => {
    const made = cutTexts(pairs, 40, 7);
    expect(made).toHaveLength(80);
    expect(cutTexts(pairs, 40, 7)).toEqual(made);
    const firsts = made.slice(0, 40).map(({ text }) => text);
    expect(firsts).toContain(pairs[0]!.text);
    expect(new Set(firsts).size).toBeGreaterThan(5);
    for (const { textPair } of made.slice(0, 40)) {
      const left = textPair!.split(' ').length;
      expect(left >= 10 && left < 20).toBe(true);
    }
    const alone = cutTexts([example(0, numbered(20).join(' '), null)], 5, 1);
    for (const { text, textPair } of alone) {
      expect(textPair).toBe(null);
      expect(text.split(' ').length).toBeLessThan(20);
    }
  });
});

describe('excerpt pairs', () => {
  it('begin and end as the first text does, with words of the second between', () => {
    const made = excerptPairs(pairs, 20, 7);
    expect(excerptPairs(pairs, 20, 7)).toEqual(made);
    for (const { text, textPair } of made.slice(0, 20)) {
      expect(textPair).toBe(pairs[0]!.textPair);
      expect(text).toMatch(/^Where( w\d+)+\?$/);
    }
    for (const { text } of made.slice(20)) expect(text).toBe('How w0');
    expect(new Set(made.map(({ text }) => text)).size).toBeGreaterThan(15);
  });

  it('need two texts', () => {
    expect(() => excerptPairs([example(5, 'alone', null)], 1, 1)).toThrow(
      'excerpts: example 5: expected two texts, got one',
    );
  });
});
