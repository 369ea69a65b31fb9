import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Example } from '../../data/dataset.js';
import { spanCutoffs } from '../../data/span-cutoff.js';

const words = (count: number): string => Array.from({ length: count }, (_, i) => `w${i}`).join(' ');

/** Words of a text w0 w1 … that are gone, as numbers. */
const gone = (text: string, count: number): number[] => {
  const left = new Set(text.split(' '));
  return Array.from({ length: count }, (_, i) => i).filter((i) => !left.has(`w${i}`));
};

describe('span cutoff', () => {
  it('leaves out one run of at most half of the words, of two texts of the second, the same for the same seed', () => {
    const example = fc.tuple(fc.integer({ min: 2, max: 30 }), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(example, { maxLength: 8 }),
        fc.nat({ max: 3 }),
        fc.integer(),
        (all, each, seed) => {
          const examples = all.map(([count, paired], index): Example => {
            const text = paired ? 'w0 first' : words(count);
            return { index, text, textPair: paired ? words(count) : null, label: 1 };
          });
          const made = spanCutoffs(examples, each, seed);
          expect(made).toHaveLength(each * all.length);
          expect(spanCutoffs(examples, each, seed)).toEqual(made);
          made.forEach(({ text, textPair }, i) => {
            const [count, paired] = all[Math.floor(i / each)]!;
            expect(paired ? text : textPair).toBe(paired ? 'w0 first' : null);
            const cut = paired ? textPair! : text;
            const missing = gone(cut, count);
            expect(missing.length).toBeGreaterThanOrEqual(1);
            expect(missing.length).toBeLessThanOrEqual(count / 2);
            expect(missing.at(-1)! - missing[0]!).toBe(missing.length - 1);
            expect(cut.split(' ')).toHaveLength(count - missing.length);
          });
        },
      ),
    );
  });

  it('reaches every length and place', () => {
    const example: Example = { index: 0, text: words(6), textPair: null, label: 1 };
    const spans = new Set(spanCutoffs([example], 500, 3).map(({ text }) => gone(text, 6).join()));
    expect(spans.size).toBe(6 + 5 + 4);
  });

  it('leaves a text of one word alone', () => {
    expect(spanCutoffs([{ index: 4, text: 'good', textPair: null, label: 1 }], 2, 1)).toEqual([
      { text: 'good', textPair: null },
      { text: 'good', textPair: null },
    ]);
  });
});
