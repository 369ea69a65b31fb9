import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinedTexts } from '../../../data/augment/joined-texts.js';
import type { Example } from '../../../data/sources/dataset.js';

const single = (index: number, text: string): Example => ({ index, text, textPair: null, label: 0 });

describe('joined texts', () => {
  it('are a text and another one, the same for the same seed', () => {
    const examples = fc
      .array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 20 })
      .map((texts) => texts.map((text, i) => single(3 * i + 1, text)));
    fc.assert(
      fc.property(examples, fc.nat({ max: 3 }), fc.integer(), (all, each, seed) => {
        const made = joinedTexts(all, each, seed);
        expect(made).toHaveLength(each * all.length);
        expect(joinedTexts(all, each, seed)).toEqual(made);
        made.forEach(({ text, textPair }, i) => {
          expect(textPair).toBe(null);
          const [first, second, ...rest] = text.split(' ');
          expect(first).toBe(all[Math.floor(i / each)]!.text);
          expect(all.map((example) => example.text)).toContain(second);
          expect(rest).toEqual([]);
        });
      }),
    );
  });

  it('have partners from the whole list', () => {
    const all = Array.from({ length: 50 }, (_, i) => single(i, `w${i}`));
    const partners = new Set(joinedTexts(all, 40, 7).map(({ text }) => text.split(' ')[1]));
    expect(partners.size).toBe(50);
  });

  it('of pairs are refused', () => {
    expect(() => joinedTexts([{ ...single(5, 'a'), textPair: 'b' }], 1, 1)).toThrow(
      'joined texts: example 5: expected one text, got two',
    );
  });
});
